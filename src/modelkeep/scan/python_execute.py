"""Python code that comes with a model makes code at run time and runs it.

``exec`` and ``eval`` of text that is decoded, put together or taken from elsewhere hide what
will run from everybody who reads the file. Constant text is read here as what it is: the
acts in it are reported by the rule for them. A file of the model that is run by its path
(``runpy.run_path``, ``exec`` of what a file holds, ``torch.hub.load`` with ``source="local"``)
is not imported, so that nobody who follows the imports reads it; the file is scanned too.
Build scripts that take a version from a file so are only noted.

Before: ``builtins.exec(base64.b64decode(DATA))``.
After: the code itself, readable, in the module.

Sources: CWE-95; CWE-506.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_values import (
    ASSEMBLED,
    CODE,
    DECODED,
    FILE,
    HOLE,
    HUB,
    NETWORK,
    Value,
    flat,
)

RULE: Final = Rule(
    id="PYC002",
    name="python-runs-made-code",
    summary="Code that comes with the model runs text as code.",
    remedy="Do not load the model with its own code; ask for the code in readable form.",
    topic="artifact.malicious_code",
    tags=("CWE-95", "CWE-506"),
)
_PREFIX: Final = re.compile(r"[A-Za-z_][\w.]*[.(\[]")
_VERSION: Final = re.compile(r"(?:version|about|metadata|release)\w*(?:\.py)?$", re.IGNORECASE)
"""A file of which a build script takes the version, by running it."""
_ELSEWHERE: Final = re.compile(r"^(?:/|~|[A-Za-z]:\\)")
_WHOLE: Final = re.compile(
    r"\.read(?:_text|_bytes)?(?:\(\)(?:\.decode)?)?(?:\(\))?$|^builtins\.compile\(\)$"
)
_NOTED: Final = frozenset(
    """
    sympy.sympify sympy.parsing.sympy_parser.parse_expr numexpr.evaluate pandas.eval
    torch.hub.load timeit.timeit timeit.repeat timeit.Timer runpy.run_path runpy.run_module
    imp.load_source imp.load_module importlib.machinery.SourceFileLoader
    importlib.machinery.SourceFileLoader().load_module
    """.split()
)


_PLACED: Final = {
    "importlib.util.spec_from_file_location": 1,
    "runpy.run_path": 0,
    "imp.load_source": 1,
    "importlib.machinery.SourceFileLoader": 1,
}
"""Which argument is the path of the file that is run."""
_KEYWORDS: Final = ("path_name", "location")
_LOADABLE: Final = re.compile(r"(?:\.(?:py|so|pyd)|[^.]*)$")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per execution of text."""
    for event in acts(context, Act.EXECUTE):
        severity = _severity(event)
        if _runs_beside(event, context.root):
            severity = by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
        if severity is not None and not {NETWORK, HUB} & event.labels:
            yield report(context, RULE, event, severity, _sentence(event))


def _sentence(event: Event) -> str:
    if not event.called:
        return f"{event.name} is handed on to be called"
    if DECODED in event.labels:
        return f"{event.name} runs decoded code"
    if ASSEMBLED in event.labels:
        return f"{event.name} runs text that is put together"
    return f"{event.name} runs text as code"


def _severity(event: Event) -> Severity | None:
    code = event.argument(0)
    if "pyarmor" in event.name or (event.called and DECODED in code.labels):
        return by_place(event)
    if not event.called:
        return by_place(event, early=Severity.HIGH)
    if event.name in {"builtins.compile", "test.support.script_helper.assert_python_ok"}:
        return None
    if event.name in _PLACED:
        return _by_path(event, _PLACED[event.name])
    if event.name in _NOTED or event.name.startswith(("types.", "new.")):
        made = CODE in event.labels
        return by_place(event, early=Severity.HIGH) if made else Severity.MEDIUM
    return _by_text(event, code)


def _by_path(event: Event, position: int) -> Severity | None:
    """A file that is run by its path: one outside of the model, or one that is no module."""
    path = event.argument(position, _KEYWORDS[position])
    text = flat(path) or path.text
    outside = text and (_ELSEWHERE.match(text) or not _LOADABLE.search(text))
    runs = event.name == "runpy.run_path" and not _VERSION.search(text)
    if outside or runs:
        return by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
    return None if "spec_from" in event.name else Severity.MEDIUM


def _runs_beside(event: Event, root: frozenset[str]) -> bool:
    """Whether a module is run, or a ``hubconf.py``, that is part of the artifact."""
    if event.name == "torch.hub.load":
        source = event.named.get("source")
        return source is not None and source.constant == "local"
    if event.name != "runpy.run_module":
        return False
    name = flat(event.argument(0, "mod_name")).strip(".").replace(".", "/")
    wanted = (f"/{name}.py", f"/{name}/__main__.py", f"/{name}/__init__.py")
    return bool(name) and any(f"/{shown}".endswith(wanted) for shown in root)


def _by_text(event: Event, code: Value) -> Severity:
    if code.known:
        assembled = ASSEMBLED in code.labels and event.name != "builtins.eval"
        return by_place(event, early=Severity.HIGH) if assembled else Severity.LOW
    if FILE in code.labels:  # the text is the path then
        if code.text.endswith(".py") and not _VERSION.search(code.text):
            return by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
        # A whole file is a module; a piece of one was hidden in it.
        whole = _VERSION.search(code.text) if code.text else _WHOLE.search(code.dotted)
        return Severity.MEDIUM if whole else by_place(event, early=Severity.HIGH)
    if _PREFIX.match(code.text.partition(HOLE)[0]):
        return Severity.MEDIUM
    return by_place(event, early=Severity.HIGH)


DETECTOR: Final = Detector(RULE, PYTHON, run)
