"""``modelkeep lineage``: what a model or data set comes from, and what came of it."""

from __future__ import annotations

from modelkeep.core import Subject
from modelkeep.core.settings import Value
from modelkeep.evidence import Lineage, read_lineage, walk
from modelkeep.pipeline.granting import find_subject
from modelkeep.pipeline.workspace import open_workspace


def lineage(
    reference: str, *, up: bool = True, **flags: Value | None
) -> tuple[Subject, Lineage]:
    """Walk from a subject over all statements that count.

    Args:
        reference: a path, a version of the registry, or the start of a digest in the log.
        up: to what it comes from; else to what came of it.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: there is no such subject.
        EvidenceError: no statement that counts is about it.
    """
    with open_workspace(flags) as workspace:
        subject = find_subject(workspace, reference)
        return subject, walk(read_lineage(workspace.keep), subject.digest.sha256, up=up)
