"""An exported PyTorch program carries the rows it was exported with.

``torch.export`` needs sample inputs, and ``torch.export.save`` keeps them in the archive. If
they were real rows, whoever gets the model gets those rows too: a picture of a person,
a customer's record, a prompt. Nothing runs; data leaves.

Before: ``torch.export.save(torch.export.export(model, (customers[:8],)), "m.pt2")``.
After: export with rows made up for the purpose, such as ``torch.zeros(8, 30)``.

Sources: PyTorch documentation, "PT2 archive" (``data/sample_inputs``); CWE-212.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.zip_layout import Archive
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PTE001",
    name="exported-program-keeps-inputs",
    summary="The archive holds the inputs that the model was exported with.",
    remedy="Export the model again with made-up inputs of the same shape.",
    topic="data.pii",
    tags=("CWE-212",),
)
_FOLDER: Final = "data/sample_inputs/"


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per file of inputs in a PT2 archive."""
    document = context.document
    if not isinstance(document, Archive):
        return
    names = {member.name.rpartition("/")[2] for member in document.members}
    if "archive_format" not in names:
        return
    for member in document.members:
        if _FOLDER in f"/{member.name}" and not member.is_folder:
            yield context.finding(
                RULE,
                Severity.LOW,
                f"{member.name!r} holds inputs that the model was exported with",
                offset=member.header,
                evidence={"member": member.name},
            )


DETECTOR: Final = Detector(RULE, frozenset({"zip"}), run)
