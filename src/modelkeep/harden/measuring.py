"""Before and after: the same attacks, rows and seed on both models.

Only what a defence is judged by is measured: accuracy, and the attack it is meant to stop.
What nature, stickers or slow inputs do to the changed model is for ``assess`` to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelkeep.assess import Attack, Context, assess_model, by_name
from modelkeep.core import InputError, Measurement
from modelkeep.harden import known_trigger
from modelkeep.harden.interface import Against, Defence, Effort, Hardened

# Measured under the same predicates, and no defence is judged by them.
BESIDE: Final = frozenset({"COR001", "PAT001", "OOD001", "SPG001", "FAI002"})
Probe = Callable[[Context], Callable[[Context], Measurement]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gain is read from.

    Attributes:
        predicates: assessments to run.
        numbers: measurements of which the worst must get better.
        higher: whether better is higher.
        probe: given the task before, returns what makes the number on either model, where
            no assessment of one model alone can.
        alarm: a fact that must not hold of the changed model.
        enough: what the number must reach; less is no gain, however far it came.
    """

    predicates: tuple[str, ...]
    numbers: tuple[str, ...]
    higher: bool
    probe: Probe | None = None
    alarm: str = ""
    enough: float | None = None


JUDGEMENTS: Final[dict[Against, Judgement]] = {
    "evasion": Judgement(
        ("performance", "evasion"),
        ("robust_accuracy",),
        higher=True,
        alarm="gradient_masking_suspected",
    ),
    "backdoor": Judgement(
        ("performance", "backdoor"),
        (known_trigger.NAME,),
        higher=False,
        probe=known_trigger.known_trigger,
        alarm="backdoor_suspected",
        enough=0.05,
    ),
    "bias": Judgement(("performance", "fairness"), ("accuracy_gap",), higher=False),
    "membership": Judgement(
        ("performance", "membership"),
        (
            "membership_auc_fusion",
            "membership_auc_lira",
            "membership_auc_reference",
            "membership_auc_loss",
        ),
        higher=False,
    ),
}
_NO_GAIN: Final = "the intervals before and after overlap: no gain is shown on these rows"
_EARNED: Final = (
    "read from {0.name} before, {0.value:.3f} [{0.low:.3f}, {0.high:.3f}], and {1.name} after, "
    "{1.value:.3f} [{1.low:.3f}, {1.high:.3f}]"
)
_COST: Final = "accuracy on clean rows fell from {:.1%} to {:.1%}"
_ALARM: Final = "searched anew, the changed model still shows {}: no gain is shown"
_LEAST_PARTED: Final = 90  # test rows, of which a third is fitted on
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
    fitting, context = _parted(context) if defence.calibrates else (context, context)
    measuring = [
        attack
        for attack in attacks
        if attack.predicate in judgement.predicates and attack.id not in BESIDE
    ]
    probe = judgement.probe(context) if judgement.probe is not None else None
    before = _measure(context, measuring, probe)
    model = defence.run(fitting, effort)
    after = _measure(replace(context, model=model), measuring, probe)
    old = _worst(before.numbers, judgement)
    numbers = (defence.earns,) if defence.earns else judgement.numbers
    earned = replace(judgement, numbers=numbers)
    new = _worst(after.numbers, earned)
    better = new.low > old.high if judgement.higher else new.high < old.low
    short = _short(new, judgement)
    alarmed = judgement.alarm if judgement.alarm in after.true else ""
    notes = tuple(_notes(defence, before.numbers, after.numbers, (better, alarmed)))
    notes += (_EARNED.format(old, new),) if defence.earns else ()
    gained = better and not alarmed and not short
    notes += (short,) if short else ()
    return Hardened(defence, model, before.numbers, after.numbers, gained, notes)


def _parted(context: Context) -> tuple[Context, Context]:
    """The same task with a third of the test rows, and with the others.

    Raises:
        InputError: there are no test rows, or too few.
    """
    data = context.test
    if data is None or len(data) < _LEAST_PARTED:
        raise InputError(
            f"a threshold is fitted on test rows that are not measured on; {_LEAST_PARTED} "
            "are needed at least",
            "Add --test FILE with more rows.",
        )
    order = np.random.default_rng(context.seed).permutation(len(data))
    first, rest = np.sort(order[: len(data) // 3]), np.sort(order[len(data) // 3 :])
    return replace(context, test=data.take(first)), replace(context, test=data.take(rest))


@dataclass(frozen=True, slots=True)
class _Measured:
    numbers: tuple[Measurement, ...]
    true: frozenset[str]  # facts that hold


def _measure(
    context: Context,
    attacks: list[Attack],
    probe: Callable[[Context], Measurement] | None,
) -> _Measured:
    found = assess_model(context, attacks)
    more = (probe(context),) if probe is not None else ()
    true = {name for facts in found.facts.values() for name, holds in facts.items() if holds}
    return _Measured((*more, *found.all_measurements()), frozenset(true))


def _worst(made: tuple[Measurement, ...], judgement: Judgement) -> Measurement:
    """The worst of the measurements judged by: several attacks may have made one.

    Raises:
        InputError: there is none.
    """
    found = [m for m in made if m.name in judgement.numbers]
    if not found:
        raise InputError(
            f"{judgement.numbers[0]} could not be measured, so no gain could be shown"
        )
    pick = min if judgement.higher else max
    return pick(found, key=lambda m: m.value)


def _short(new: Measurement, judgement: Judgement) -> str:
    """What to say where the number did not get as far as it must; empty if it did."""
    enough = judgement.enough
    if enough is None or (new.value >= enough if judgement.higher else new.value <= enough):
        return ""
    return f"{new.name} is {new.value:.1%}, a gain needs {enough:.0%}"


def _notes(
    defence: Defence,
    before: tuple[Measurement, ...],
    after: tuple[Measurement, ...],
    outcome: tuple[bool, str],
) -> Iterable[str]:
    """What to read first; ``outcome`` is whether the number got better, and the alarm."""
    better, alarm = outcome
    if defence.caution:
        yield defence.caution
    if not better:
        yield _NO_GAIN
    if alarm:
        yield _ALARM.format(alarm)
    old, new = (by_name(made, "test_accuracy") for made in (before, after))
    if old is not None and new is not None and old.value - new.value > _NOTICE:
        yield _COST.format(old.value, new.value)
