"""A file is planted where Python runs it at every start.

Python runs ``import`` lines of every ``.pth`` file in ``site-packages``, and the modules
``sitecustomize`` and ``usercustomize``, before any program. A package that brings one runs
in every program of that environment, whether it is used or not.

Before: ``evil.pth`` with ``import os; ...`` in a wheel.
After: a module that is imported by those who need it.

Sources: CPython documentation of ``site``; MITRE ATT&CK T1546.018; CWE-506.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.startup_path import PathFile
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PYC010",
    name="python-runs-at-every-start",
    summary="Installing the files would run their code at every start of Python.",
    remedy="Do not install the package; remove the file.",
    topic="artifact.malicious_code",
    tags=("CWE-506",),
)
_MODULES: Final = frozenset({"sitecustomize", "usercustomize"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per line or module that runs at start-up."""
    if isinstance(context.document, PathFile):
        for number, line in context.document.code:
            message = f"line {number} runs at every start of Python: {line[:80]!r}"
            yield context.finding(RULE, Severity.HIGH, message, evidence={"line": str(number)})
        return
    path = context.location.member or context.location.path
    name = path.replace("!", "/").rpartition("/")[2].partition(".")[0]
    if name in _MODULES and context.source.read(0, 4096).strip():
        message = f"{name} runs at every start of Python"
        yield context.finding(RULE, Severity.HIGH, message, evidence={"module": name})


DETECTOR: Final = Detector(RULE, frozenset({"path file", "python", "pyc"}), run)
