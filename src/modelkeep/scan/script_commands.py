"""A script beside the model fetches and runs code, opens a shell, or destroys files.

A set-up script, a container recipe or a start-up file that comes with a model is run by
people who trust the model. Fetching something and running it unread puts whoever
serves the address in charge.

Before: ``curl https://host/setup.sh | sh``.
After: the script itself in the repository, pinned and readable.

Sources: MITRE ATT&CK T1059, T1105; CWE-78; CWE-494.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.script_text import Script
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.shell_policy import judge

RULE: Final = Rule(
    id="SCR001",
    name="script-runs-foreign-code",
    summary="A script that comes with the model does what no model needs.",
    remedy="Do not run the script; read it and do its harmless steps by hand.",
    topic="artifact.malicious_code",
    tags=("CWE-78", "CWE-494"),
)
_SHOWN: Final = 100


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per kind of dangerous line, else note that there is a script."""
    if not isinstance(context.document, Script):
        return
    quiet = True
    for severity, why, line in judge(context.document.text):
        quiet = False
        message = f"the script {why}: {line[:_SHOWN]!r}"
        yield context.finding(RULE, severity, message, evidence={"why": why})
    if quiet and context.document.text.strip():
        yield context.finding(RULE, Severity.INFO, "a script comes with the model")


DETECTOR: Final = Detector(RULE, frozenset({"script"}), run)
