"""Run every assessment that applies; say which did not and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np

from modelkeep.assess.interface import Attack, Context, Facts, Outcome
from modelkeep.core import (
    InputError,
    Measurement,
    MissingExtraError,
    ModelkeepError,
    NotChecked,
    Risk,
)


@dataclass(slots=True)
class Assessment:
    """What was measured, by predicate type.

    Attributes:
        measurements: numbers by predicate type, in order.
        facts: facts by predicate type.
        risks: measured risks, worst first.
        not_checked: what was not measured and why.
        ran: ids of the assessments that ran.
        stopped: ids of those that had to stop before they were done.
    """

    measurements: dict[str, tuple[Measurement, ...]] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    risks: tuple[Risk, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    ran: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()

    def all_measurements(self) -> tuple[Measurement, ...]:
        """Every number."""
        return tuple(m for group in self.measurements.values() for m in group)


def assess_model(
    context: Context,
    attacks: Iterable[Attack],
    *,
    on_attack: Callable[[Attack], None] | None = None,
) -> Assessment:
    """Run assessments in order.

    Raises:
        InputError: model and data do not fit together.
    """
    context = replace(context, handed={})  # nothing is left over from another model
    result = Assessment()
    missed: list[NotChecked] = []
    unfit: list[tuple[str, NotChecked]] = []
    risks: list[Risk] = []
    for attack in attacks:
        try:
            reason = attack.applies(context)
        except (InputError, MissingExtraError) as error:  # it may ask the model
            result.stopped = (*result.stopped, attack.id)
            missed.append(_stopped(attack, error))
            continue
        if reason is not None:
            unfit.append((attack.predicate, NotChecked(attack.name, reason)))
            continue
        if on_attack is not None:
            on_attack(attack)
        made: list[Measurement] = []
        try:
            for outcome in _outcomes(context, attack):
                if isinstance(outcome, NotChecked):
                    missed.append(outcome)
                else:
                    made.append(outcome)
        except (InputError, MissingExtraError) as error:
            nothing = not made and attack.predicate not in result.measurements
            if nothing and attack.predicate == "performance":  # the model cannot be asked
                raise
            result.stopped = (*result.stopped, attack.id)
            missed.append(_stopped(attack, error))
        found = tuple(made)
        before = result.measurements.get(attack.predicate, ())
        result.measurements[attack.predicate] = (*before, *found)
        known = result.facts.get(attack.predicate, {})
        result.facts[attack.predicate] = attack.worst(known, attack.facts(found))
        risks += attack.risks(found)
        result.ran = (*result.ran, attack.id)
    # Two engines measure evasion; the one that does not fit the model is no gap.
    missed += [m for predicate, m in unfit if predicate not in result.measurements]
    result.not_checked = tuple(missed)
    result.risks = tuple(sorted(risks, key=lambda risk: risk.score, reverse=True))
    return result


def _stopped(attack: Attack, error: ModelkeepError) -> NotChecked:
    return NotChecked(attack.name, f"stopped: {error.message} {error.hint}")


def _outcomes(context: Context, attack: Attack) -> Iterator[Outcome]:
    """What an attack hands back; from the journal, if it was finished before."""
    step = f"attack {attack.id}"
    noted = context.journal.read(step)
    if noted is not None:
        listed: list[dict[str, Any]] = msgspec.json.decode(noted["outcomes"].tobytes())
        for each in listed:
            if "why" in each:
                yield msgspec.convert(each, NotChecked)
            else:
                yield msgspec.convert(each, Measurement)
        return
    made: list[Outcome] = []
    for outcome in attack.run(context):
        made.append(outcome)
        yield outcome
    text = msgspec.json.encode(made)
    context.journal.write(step, {"outcomes": np.frombuffer(text, np.uint8)})
