"""Before and after: the same attacks, rows and seed on both models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from modelkeep.assess import Attack, Context, assess_model, by_name
from modelkeep.core import InputError, Measurement
from modelkeep.harden.interface import Against, Defence, Effort, Hardened


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gain is read from.

    Attributes:
        predicates: assessments to run.
        number: the measurement that must get better.
        higher: whether better is higher.
    """

    predicates: tuple[str, ...]
    number: str
    higher: bool


JUDGEMENTS: Final[dict[Against, Judgement]] = {
    "evasion": Judgement(("performance", "evasion"), "robust_accuracy", higher=True),
    "bias": Judgement(("performance", "fairness"), "accuracy_gap", higher=False),
}
_NO_GAIN: Final = "the intervals before and after overlap: no gain is shown on these rows"
_COST: Final = "accuracy on clean rows fell from {:.1%} to {:.1%}"
_NOTICE: Final = 0.01  # a loss of clean accuracy below this goes without saying


def harden(
    context: Context, defence: Defence, effort: Effort, attacks: Iterable[Attack]
) -> Hardened:
    """Measure, change the model, measure again.

    Args:
        context: the model, its data and the threat.
        defence: what to do.
        effort: how much of it.
        attacks: assessments to choose the measuring ones from.

    Raises:
        InputError: the defence does not fit the model, or nothing could be measured.
        MissingExtraError: a library is not installed.
    """
    reason = defence.applies(context)
    if reason is not None:
        raise InputError(f"{defence.name}: {reason}")
    judgement = JUDGEMENTS[defence.against]
    measuring = [a for a in attacks if a.predicate in judgement.predicates]
    before = _measure(context, measuring)
    model = defence.run(context, effort)
    after = _measure(replace(context, model=model), measuring)
    old, new = (_worst(made, judgement) for made in (before, after))
    gained = new.low > old.high if judgement.higher else new.high < old.low
    return Hardened(
        defence, model, before, after, gained, tuple(_notes(defence, before, after, gained))
    )


def _measure(context: Context, attacks: list[Attack]) -> tuple[Measurement, ...]:
    return assess_model(context, attacks).all_measurements()


def _worst(made: tuple[Measurement, ...], judgement: Judgement) -> Measurement:
    """The worst of the measurements of a name: several attacks may have made one.

    Raises:
        InputError: there is none.
    """
    found = [m for m in made if m.name == judgement.number]
    if not found:
        raise InputError(f"{judgement.number} could not be measured, so no gain could be shown")
    pick = min if judgement.higher else max
    return pick(found, key=lambda m: m.value)


def _notes(
    defence: Defence,
    before: tuple[Measurement, ...],
    after: tuple[Measurement, ...],
    gained: bool,
) -> Iterable[str]:
    if defence.caution:
        yield defence.caution
    if not gained:
        yield _NO_GAIN
    old, new = (by_name(made, "test_accuracy") for made in (before, after))
    if old is not None and new is not None and old.value - new.value > _NOTICE:
        yield _COST.format(old.value, new.value)
