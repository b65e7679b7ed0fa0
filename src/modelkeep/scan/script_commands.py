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
from modelkeep.scan.javascript_policy import judge_javascript
from modelkeep.scan.python_library import is_library
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
_JAVASCRIPT: Final = (".js", ".mjs")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per kind of dangerous line, else note that there is a script."""
    if not isinstance(context.document, Script):
        return
    quiet = True
    for severity, why, line in _judged(context, context.document.text):
        quiet = False
        message = f"the script {why}: {line[:_SHOWN]!r}"
        yield context.finding(RULE, severity, message, evidence={"why": why})
    if quiet and context.document.text.strip():
        yield context.finding(RULE, Severity.INFO, "a script comes with the model")


def _judged(context: Context, text: str) -> Iterator[tuple[Severity, str, str]]:
    name = (context.location.member or context.location.path).lower()
    if not name.endswith(_JAVASCRIPT) or (text.startswith("#!") and "node" not in text[:80]):
        yield from judge(text)
        return
    for severity, why, line in judge_javascript(text):
        # A package may bring a tool for Node; it runs when the package's user starts it.
        tool = severity is Severity.HIGH and "starts programs" in why and is_library(context)
        yield Severity.MEDIUM if tool else severity, why, line


DETECTOR: Final = Detector(RULE, frozenset({"script"}), run)
