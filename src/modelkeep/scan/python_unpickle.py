"""Python code that comes with a model restores objects that may run code.

A pickle is a program. One that stands in the code itself, decoded or as bytes, hides what it
does; marshalled code has no other use than to be run. Files that the repository
brings are scanned themselves, so loading them is only noted.

Before: ``pickle.loads(base64.b64decode(DATA))``.
After: ``torch.load(path, weights_only=True)`` or safetensors.

Sources: CWE-502; CPython documentation of ``pickle`` and ``marshal``.
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
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import DECODED, FILE, HOLE, NETWORK, flat

RULE: Final = Rule(
    id="PYC007",
    name="python-restores-objects",
    summary="Code that comes with the model restores objects that may run code.",
    remedy="Load weights with weights_only=True or from safetensors; store no pickles in code.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)
_OBJECTS: Final = re.compile(
    r"!!python/|tag:yaml\.org,2002:python/|\"py/(?:reduce|object|function|type)\""
)
_PICKLES: Final = ("pickle.", "_pickle.", "cPickle.", "dill.", "cloudpickle.", "shelve.")
_SWITCHES: Final = {"numpy.load": ("allow_pickle", True), "load_model": ("safe_mode", False)}


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per unpickling."""
    for event in acts(context, Act.UNPICKLE):
        severity = _severity(event)
        if context.format == "python" and _is_foreign(event, context.root):
            severity = Severity.HIGH
        if severity is not None and NETWORK not in event.labels:
            yield report(context, RULE, event, severity, f"{event.name} restores objects")


def _severity(event: Event) -> Severity | None:
    if not event.called:
        return Severity.MEDIUM
    if is_safe(event):
        return None
    if event.name.endswith(tuple(_SWITCHES)):
        return Severity.MEDIUM
    text = event.argument(0).constant
    hidden = isinstance(text, str) and _OBJECTS.search(text)
    if hidden or DECODED in event.labels or isinstance(text, bytes):
        return by_place(event)
    if event.name.startswith("marshal.") and FILE not in event.labels:
        return by_place(event, early=Severity.HIGH)
    return Severity.MEDIUM if event.name.endswith("loads") else Severity.LOW


def _is_foreign(event: Event, root: frozenset[str]) -> bool:
    """Whether importing the module unpickles a named file that is not part of the artifact."""
    path = event.argument(0).text
    if event.place is not Place.IMPORT or not event.name.startswith(_PICKLES) or not path:
        return False
    last = path.rpartition("/")[2]
    beside = {name.rpartition("/")[2] for name in root}
    if event.name.startswith("shelve."):  # which adds an ending of its own
        beside |= {name.rpartition(".")[0] for name in beside}
    return HOLE not in path and last not in beside


def is_safe(event: Event) -> bool:
    """Whether an option keeps the loader from running code."""
    weights_only = event.named.get("weights_only")
    if weights_only is not None and weights_only.constant is True:
        return True
    for name, (switch, value) in _SWITCHES.items():
        if event.name.endswith(name):
            given = event.named.get(switch)
            return given is None or given.constant is not value
    return event.name.startswith("yaml.") and _safe_yaml(event)


def _safe_yaml(event: Event) -> bool:
    loader = event.argument(1, "Loader")
    return event.name.startswith("yaml.load") and "Safe" in (loader.dotted + flat(loader))


DETECTOR: Final = Detector(RULE, PYTHON, run)
