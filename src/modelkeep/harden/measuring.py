"""Before and after: the same attacks, rows and seed on both models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from modelkeep.assess import Attack, Context, assess_model
from modelkeep.core import InputError, Measurement
from modelkeep.harden.interface import Against, Defence, Effort, Hardened

# What is measured, and the number a gain is read from, by threat.
PREDICATES: Final[dict[Against, tuple[str, ...]]] = {"evasion": ("performance", "evasion")}
_NUMBER: Final[dict[Against, str]] = {"evasion": "robust_accuracy"}
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
    measuring = [a for a in attacks if a.predicate in PREDICATES[defence.against]]
    before = _measure(context, measuring)
    model = defence.run(context, effort)
    after = _measure(replace(context, model=model), measuring)
    name = _NUMBER[defence.against]
    gained = _worst(after, name).low > _worst(before, name).high
    return Hardened(
        defence, model, before, after, gained, tuple(_notes(defence, before, after, gained))
    )


def _measure(context: Context, attacks: list[Attack]) -> tuple[Measurement, ...]:
    return assess_model(context, attacks).all_measurements()


def _worst(made: tuple[Measurement, ...], name: str) -> Measurement:
    """The lowest of the measurements of a name: several attacks may have made one.

    Raises:
        InputError: there is none.
    """
    found = [m for m in made if m.name == name]
    if not found:
        raise InputError(f"{name} could not be measured, so no gain could be shown")
    return min(found, key=lambda m: m.value)


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
    old, new = (_worst(made, "test_accuracy").value for made in (before, after))
    if old - new > _NOTICE:
        yield _COST.format(old, new)
