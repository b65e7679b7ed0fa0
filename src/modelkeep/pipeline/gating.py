"""``modelkeep gate``: may this be done with a model or data set, on today's evidence?"""

from __future__ import annotations

from pathlib import Path

import msgspec

from modelkeep.core import Verdict
from modelkeep.core.settings import Value
from modelkeep.evidence import timestamp
from modelkeep.pipeline.artifacts import digest_model
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import open_workspace
from modelkeep.policy import DATA_ACTIONS
from modelkeep.report import Report, ReportedFile, ReportedReceipt


def gate(
    model: str | Path,
    *,
    action: str = "deploy",
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Ask the gate of an action; nothing is measured anew.

    Args:
        model: file or directory, for ``train_on`` of a data set; it is hashed, and only
            evidence about these bytes counts.
        action: train, store, deploy, load or serve; train_on for a data set.
        listener: who hears how far it got.
        flags: settings, such as ``profile="prod"``.

    Raises:
        UsageError: unknown action, or load and serve under the report profile.
        InputError: the model cannot be opened.
    """
    heard = listener or Listener()
    with open_workspace(flags, heard) as workspace:
        artifact, _, subject = digest_model(model, heard)
        if action in DATA_ACTIONS:
            subject = msgspec.structs.replace(subject, kind="dataset")
        facts = workspace.facts(subject)
        decision, receipt = workspace.decide(action, subject)
        return Report(
            verdict=Verdict.PASS if decision.allowed else Verdict.FAIL,
            subject=subject,
            profile=workspace.keep.profile,
            created=timestamp(workspace.keep.clock()),
            files=tuple(
                ReportedFile(artifact.display(name), Verdict.SKIPPED, "bytes")
                for name in artifact.files
            ),
            decision=decision,
            receipts=(ReportedReceipt("decision", receipt.statement_id, receipt.leaf_index),),
            notes=(*facts.broken, *facts.ignored),
        )
