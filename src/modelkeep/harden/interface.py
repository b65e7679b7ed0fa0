"""What every defence shares: what it is given, what it hands back.

A defence is ``run(context, effort) -> Model``. It changes weights, training or what
stands around the model, and claims nothing: `harden.measuring` attacks the model before
and after and says what the change was worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from modelkeep.assess import Context
from modelkeep.core import InputError, Measurement
from modelkeep.harden.private import PrivacyTarget
from modelkeep.models import Dataset, Model

Against = Literal["evasion", "backdoor", "bias", "membership"]
_EPOCHS: Final = {"quick": 5, "standard": 15, "thorough": 30}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a defence may do.

    Attributes:
        epochs: passes over the training rows.
        batch: rows per step.
        rate: greatest learning rate.
        privacy: what a private training must keep to.
    """

    epochs: int
    batch: int = 128
    rate: float = 2e-3
    privacy: PrivacyTarget = field(default_factory=PrivacyTarget)


def effort_of(context: Context, privacy: PrivacyTarget | None = None) -> Effort:
    """The work a budget stands for."""
    return Effort(_EPOCHS[context.budget], privacy=privacy or PrivacyTarget())


@dataclass(frozen=True, slots=True)
class Defence:
    """A defence as the product lists it.

    Attributes:
        id: short and permanent, such as ``HRD001``.
        name: kebab-case, as ``--defence`` takes it.
        against: what it is meant to stop.
        applies: ``None`` if it can be tried on this model, else why not.
        run: returns the changed model; the one it was given stays as it was.
        caution: what the field found about it that a reader must know; printed always.
        suffix: ending of the file it writes; empty where it is the old model's own.
        by_name_only: whether it is used only where the user names it.
        calibrates: whether it fits a number on rows the model was not trained on; they are
            taken from the test rows, and nothing is measured on them.
        earns: the measurement its gain is read from, where it is not that of all others.
    """

    id: str
    name: str
    against: Against
    applies: Callable[[Context], str | None]
    run: Callable[[Context, Effort], Model]
    caution: str = ""
    suffix: str = ""
    by_name_only: bool = False
    calibrates: bool = False
    earns: str = ""


@dataclass(frozen=True, slots=True)
class Hardened:
    """A changed model and what the change was worth.

    Attributes:
        defence: what was done.
        model: the changed model.
        before: measurements of the model as it was.
        after: the same measurements, by the same attacks, on the changed one.
        gained: whether the interval after lies wholly on the better side of the one before,
            and nothing takes the gain away (``measuring.Judgement``).
        notes: what a reader must know before relying on it.
    """

    defence: Defence
    model: Model
    before: tuple[Measurement, ...]
    after: tuple[Measurement, ...]
    gained: bool
    notes: tuple[str, ...] = ()


def training_rows(context: Context) -> Dataset:
    """The rows to train on.

    Raises:
        InputError: none were given.
    """
    if context.train is None:
        raise InputError(
            "hardening needs the rows the model was trained on", "Add --data FILE."
        )
    return context.train
