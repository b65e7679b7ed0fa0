"""Stages of a version's life, the steps between them, and what each step needs."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Final

from modelkeep.core import Subject
from modelkeep.sources import FileDigest


class Stage(enum.Enum):
    """Where a version stands."""

    NONE = ""
    QUARANTINE = "quarantine"
    CANDIDATE = "candidate"
    APPROVED = "approved"
    DEPLOYED = "deployed"
    RETIRED = "retired"
    REVOKED = "revoked"

    @property
    def is_final(self) -> bool:
        """Whether no step leads out of it."""
        return self in (Stage.RETIRED, Stage.REVOKED)


def facts_of(stage: Stage) -> dict[str, bool]:
    """The facts a statement about this stage asserts."""
    return {
        "stage_quarantined": stage is Stage.QUARANTINE,
        "stage_retired": stage is Stage.RETIRED,
        "stage_revoked": stage is Stage.REVOKED,
    }


_LIVE: Final = (Stage.QUARANTINE, Stage.CANDIDATE, Stage.APPROVED, Stage.DEPLOYED)
# Back from deployed to approved: another version serves, and this one may again.
NEXT: Final = {
    Stage.NONE: (Stage.QUARANTINE,),
    Stage.QUARANTINE: (Stage.CANDIDATE, Stage.RETIRED, Stage.REVOKED),
    Stage.CANDIDATE: (Stage.APPROVED, Stage.RETIRED, Stage.REVOKED),
    Stage.APPROVED: (Stage.DEPLOYED, Stage.RETIRED, Stage.REVOKED),
    Stage.DEPLOYED: (Stage.APPROVED, Stage.RETIRED, Stage.REVOKED),
    Stage.RETIRED: (),
    Stage.REVOKED: (),
}
# The action whose gate must have allowed it, newest decision before the step.
NEEDS: Final = {
    (Stage.QUARANTINE, Stage.CANDIDATE): "store",
    (Stage.CANDIDATE, Stage.APPROVED): "store",
    (Stage.APPROVED, Stage.DEPLOYED): "deploy",
}


@dataclass(frozen=True, slots=True)
class Glass:
    """A broken glass: a stage held without having earned it, for a while."""

    stage: Stage
    who: str
    why: str
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a model as the log tells it.

    Attributes:
        name: the model's name.
        subject: the version, by digest.
        files: what it consists of; one file named ``""`` for a single file.
        author: signer who registered it, by key id.
        earned: the stage it reached by steps that count.
        glass: a broken glass that is in force, if any.
        approvals: names of signers who approved since it became a candidate.
        decisions: by action, id of the newest decision if it allowed.
        problems: statements that claim a step and do not count, each a sentence.
    """

    name: str
    subject: Subject
    files: tuple[FileDigest, ...]
    author: str
    earned: Stage
    glass: Glass | None = None
    approvals: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def stage(self) -> Stage:
        """The stage it is treated as: of the earned and the broken one the later."""
        if self.glass is None or self.earned.is_final:
            return self.earned
        return max(self.earned, self.glass.stage, key=_LIVE.index)
