"""A finding about a dependency names its line and is safe to print."""

from __future__ import annotations

from modelkeep.core import Severity
from modelkeep.trust.dependencies.interface import Dependency, found
from modelkeep.trust.dependencies.unpinned import RULE


def test_finding_names_line_package_and_file() -> None:
    made = found(
        RULE,
        "requirements.txt",
        Dependency("torch", None, 7, "torch"),
        severity=Severity.LOW,
        message="odd \udcff",
        evidence={"more": "\udcff"},
    )
    assert made.message == "line 7: odd \\udcff"
    assert made.location.path == "requirements.txt"
    assert made.evidence == {"package": "torch", "line": "7", "more": "\\udcff"}
