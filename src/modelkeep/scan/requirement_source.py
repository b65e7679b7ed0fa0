"""The model's requirements bring packages from somewhere else than the package index.

Whoever serves an index or an address decides what is installed, and set-up code runs during
installation. A second index lets a stranger publish a private name with a higher version
(dependency confusion).

Before: ``--extra-index-url http://host/simple``.
After: ``package==1.2.3 --hash=sha256:...``.

Sources: CWE-829; CWE-427; "Dependency Confusion" (2021); pip documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule
from modelkeep.formats.requirements import Requirements
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.shell_policy import judge_requirement

RULE: Final = Rule(
    id="REQ001",
    name="requirement-from-elsewhere",
    summary="Building the model's environment would install packages from an odd place.",
    remedy="Pin versions with hashes from the package index; keep one index.",
    topic="supply.dependency_vuln",
    tags=("CWE-829", "CWE-427"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per requirement from elsewhere."""
    for line in _lines(context.document):
        for severity, why in judge_requirement(line):
            message = f"{line[:100]!r} {why}"
            yield context.finding(RULE, severity, message, evidence={"requirement": line[:200]})


def _lines(document: object) -> Iterator[str]:
    if isinstance(document, Requirements):
        yield from (line for _, line in document.lines)
    if not isinstance(document, Tree) or not isinstance(document.value, dict):
        return
    wanted = document.value.get("dependencies")
    for item in wanted if isinstance(wanted, list) else []:
        inner = item.get("pip") if isinstance(item, dict) else [item]
        yield from (line for line in inner or [] if isinstance(line, str))


DETECTOR: Final = Detector(RULE, frozenset({"requirements", "yaml", "json"}), run)
