"""A file is planted where Python runs it at every start.

Python runs ``import`` lines of every ``.pth`` file in ``site-packages``, and the modules
``sitecustomize`` and ``usercustomize``, before any program. A package that brings one runs
in every program of that environment, whether it is used or not. A line that only calls a
module of the same wheel is noted where no function of that, or of what it imports, does
more than answer imports: that is how build tools and coverage hook themselves in.

Before: ``evil.pth`` with ``import os; ...`` in a wheel.
After: a module that is imported by those who need it.

Sources: CPython documentation of ``site``; MITRE ATT&CK T1546.018; CWE-506.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from modelkeep.core import (
    Finding,
    LimitExceededError,
    MalformedArtifactError,
    Rule,
    Severity,
)
from modelkeep.formats import Reading, startup_path
from modelkeep.formats import python_source as python
from modelkeep.formats.python_source import PythonSource
from modelkeep.formats.startup_path import PathFile
from modelkeep.formats.zip_archive import Archive
from modelkeep.formats.zip_member import unpack
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event, events
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_values import ASSEMBLED, DECODED, NETWORK

RULE: Final = Rule(
    id="PYC010",
    name="python-runs-at-every-start",
    summary="Installing the files would run their code at every start of Python.",
    remedy="Do not install the package; remove the file.",
    topic="artifact.malicious_code",
    tags=("CWE-506",),
)
_MODULES: Final = frozenset({"sitecustomize", "usercustomize"})
_QUIET: Final = frozenset({"sys.meta_path.insert", "sys.meta_path.append"})
_HIDDEN: Final = frozenset({DECODED, NETWORK, ASSEMBLED})
_MOST_MODULES: Final = 100
_STANDARD: Final = frozenset({"os", "sys", "importlib", "importlib.util", "types", "warnings"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per line or module that runs at start-up."""
    document = context.document
    if isinstance(document, Archive):
        yield from _in_wheel(context, document)
        return
    if isinstance(document, PathFile):
        if not _lies_in_wheel(context):  # the wheel as a whole is judged
            yield from _lines(context, document, Severity.HIGH, "")
        return
    path = context.location.member or context.location.path
    name = path.replace("!", "/").rpartition("/")[2].partition(".")[0]
    if name in _MODULES and context.source.read(0, 4096).strip():
        message = f"{name} runs at every start of Python"
        yield context.finding(RULE, Severity.HIGH, message, evidence={"module": name})


def _lies_in_wheel(context: Context) -> bool:
    holders = [context.location.path, *(context.location.member or "").split("!")[:-1]]
    return bool(context.location.member) and holders[-1].lower().endswith(".whl")


def _in_wheel(context: Context, archive: Archive) -> Iterator[Finding]:
    """The path files of a wheel, with the modules beside them at hand."""
    if not (context.location.member or context.location.path).lower().endswith(".whl"):
        return
    for member in archive.members:
        if not member.name.lower().endswith(".pth"):
            continue
        reading = Reading()
        try:
            source = unpack(archive.source, member, context.budget).source
            startup_path.read(source, context.budget, reading)
        except MalformedArtifactError:
            continue  # said where the member is read
        if isinstance(reading.document, PathFile):
            calm = all(_is_calm(context, archive, line) for _, line in reading.document.code)
            severity = Severity.MEDIUM if calm else Severity.HIGH
            yield from _lines(context, reading.document, severity, f"{member.name} ")


def _lines(
    context: Context, document: PathFile, severity: Severity, where: str
) -> Iterator[Finding]:
    for number, line in document.code:
        message = f"{where}line {number} runs at every start of Python: {line[:80]!r}"
        yield context.finding(RULE, severity, message, evidence={"line": str(number)})


def _is_calm(context: Context, archive: Archive, line: str) -> bool:
    """Whether a line only calls modules of the wheel, and those do nothing of note."""
    try:
        tree = python.parse(line)
        modules = {*_imported(tree)} - _STANDARD
        code = [PythonSource(line, tree), *_modules(context, archive, modules)]
    except MalformedArtifactError:
        return False
    return all(_is_quiet(event) for each in code for event in events(each))


def _is_quiet(event: Event) -> bool:
    if event.act is Act.IMPORT:  # what it imports is looked at as well
        return event.argument(0).known and not _HIDDEN & event.labels
    return _only_reads(event) or event.name in _QUIET


def _only_reads(event: Event) -> bool:
    """Whether a file is opened to be read; a mode that is not known counts as writing."""
    own = event.name.startswith("pathlib.")  # the path is what the method is called on
    place = 0 if own else 1
    if event.act is not Act.OPEN or not event.called:
        return False
    if len(event.args) <= place and "mode" not in event.named:
        return event.name != "os.open"
    mode = event.argument(place, "mode").constant
    return isinstance(mode, str) and not set("wax+") & set(mode)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules that code imports by name; a relative one is empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "" if node.level else node.module or ""
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if base)
        elif isinstance(node, ast.Call) and node.args:
            first = node.args[0]
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"__import__", "import_module"} and isinstance(first, ast.Constant):
                yield str(first.value)


def _modules(context: Context, archive: Archive, first: set[str]) -> Iterator[PythonSource]:
    """The source of modules of the wheel, and of those of it that they import.

    Raises:
        MalformedArtifactError: one is not Python, cannot be unpacked or is not in the wheel,
            or they are too many.
    """
    members = {member.name: member for member in archive.members}
    waiting, seen = sorted(first), set(first)
    while waiting:
        name = waiting.pop()
        path = name.replace(".", "/")
        member = members.get(f"{path}.py") or members.get(f"{path}/__init__.py")
        if member is None:
            if name in first or not name:
                raise MalformedArtifactError(f"{name!r} is not in the wheel")
            continue
        unpacked = unpack(archive.source, member, context.budget)
        if unpacked.error is not None or len(seen) > _MOST_MODULES:
            raise unpacked.error or LimitExceededError("too many modules at the start")
        source = unpacked.source
        text = python.decode(source.read(0, source.size))
        code = PythonSource(text, python.parse(text))
        yield code
        found = {*_imported(code.tree)} - seen
        seen |= found
        waiting += sorted(found)


DETECTOR: Final = Detector(RULE, frozenset({"path file", "python", "pyc", "zip"}), run)
