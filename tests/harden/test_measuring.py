from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from harden_samples import task
from model_samples import attack
from modelkeep.assess import Attack, Context, attacks
from modelkeep.assess.interface import Outcome
from modelkeep.core import InputError, Measurement
from modelkeep.harden import Defence, Effort, harden
from modelkeep.harden import measuring as measuring_module
from modelkeep.models import Model

EFFORT = Effort(1)


def measuring(before: tuple[float, float], after: tuple[float, float]) -> tuple[Attack, ...]:
    """An assessment that answers one (low, high) for the first model and one for the next."""
    first: list[int] = []

    def robust(context: Context) -> Iterator[Outcome]:
        first.append(id(context.model))
        low, high = before if id(context.model) == first[0] else after
        yield Measurement("robust_accuracy", (low + high) / 2, low, high, "fraction", 100)

    def accuracy(context: Context) -> Iterator[Outcome]:
        value = 0.9 if id(context.model) == first[0] else 0.8
        yield Measurement("test_accuracy", value, value, value, "fraction", 100)

    return (attack(robust), attack(accuracy, name="accuracy", predicate="performance"))


def same_weights(context: Context, _effort: Effort) -> Model:
    model = context.model
    return model.with_module(model.module)  # type: ignore[attr-defined,no-any-return]


DEFENCE = Defence("TST001", "sample", "evasion", lambda _: None, same_weights, "be careful")


def test_a_gain_is_an_interval_above_the_old_one() -> None:
    assert harden(task(), DEFENCE, EFFORT, measuring((0.1, 0.2), (0.3, 0.4))).gained
    done = harden(task(), DEFENCE, EFFORT, measuring((0.1, 0.2), (0.15, 0.4)))
    assert not done.gained
    assert any("overlap" in note for note in done.notes)


def test_the_caution_and_the_cost_on_clean_rows_are_said() -> None:
    notes = harden(task(), DEFENCE, EFFORT, measuring((0.1, 0.2), (0.3, 0.4))).notes
    assert "be careful" in notes
    assert "accuracy on clean rows fell from 90.0% to 80.0%" in notes


def test_a_defence_that_does_not_fit_or_a_missing_number_is_an_error() -> None:
    unfit = Defence("TST002", "unfit", "evasion", lambda _: "it is a tree", same_weights)
    with pytest.raises(InputError, match="unfit: it is a tree"):
        harden(task(), unfit, EFFORT, measuring((0, 0), (1, 1)))
    with pytest.raises(InputError, match="could not be measured"):
        harden(task(), DEFENCE, EFFORT, ())


def test_an_alarm_about_the_changed_model_takes_the_gain_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = measuring_module.Judgement(
        ("evasion", "performance"), ("robust_accuracy",), higher=True, alarm="measured"
    )
    monkeypatch.setitem(measuring_module.JUDGEMENTS, "evasion", found)
    done = harden(task(), DEFENCE, EFFORT, measuring((0.1, 0.2), (0.3, 0.4)))
    assert not done.gained
    assert any("still shows measured" in note for note in done.notes)


def test_a_probe_of_the_old_model_measures_both(monkeypatch: pytest.MonkeyPatch) -> None:
    def probe(before: Context) -> Callable[[Context], Measurement]:
        def number(context: Context) -> Measurement:
            value = 0.9 if context.model is before.model else 0.1
            return Measurement("hit", value, value, value, "fraction", 10)

        return number

    found = measuring_module.Judgement(("evasion",), ("hit",), higher=False, probe=probe)
    monkeypatch.setitem(measuring_module.JUDGEMENTS, "evasion", found)
    done = harden(task(), DEFENCE, EFFORT, measuring((0, 0), (0, 0)))
    assert done.gained
    assert (done.before[0].value, done.after[0].value) == (0.9, 0.1)


@pytest.mark.parametrize(("after", "gained"), [(0.02, True), (0.2, False)])
def test_coming_closer_is_no_gain_where_a_number_must_be_reached(
    monkeypatch: pytest.MonkeyPatch, after: float, *, gained: bool
) -> None:
    found = measuring_module.Judgement(
        ("evasion",), ("robust_accuracy",), higher=False, enough=0.05
    )
    monkeypatch.setitem(measuring_module.JUDGEMENTS, "evasion", found)
    attacks = measuring((0.9, 1.0), (after - 0.01, after + 0.01))[:1]
    done = harden(task(), DEFENCE, EFFORT, attacks)
    assert done.gained is gained
    assert any("a gain needs 5%" in note for note in done.notes) is not gained


def test_only_what_the_defence_is_judged_by_is_measured() -> None:
    found = {each.id for each in attacks()}
    assert found >= measuring_module.BESIDE, "each is an assessment there is"
    ran: list[str] = []

    def heard(each: Attack) -> Attack:
        def run(_context: Context) -> Iterator[Outcome]:
            ran.append(each.id)
            yield Measurement("robust_accuracy", 0.5, 0.4, 0.6, "fraction", 100)

        return replace(each, applies=lambda _: None, run=run, risks=lambda _: iter(()))

    done = harden(task(), DEFENCE, EFFORT, tuple(heard(each) for each in attacks()))
    assert not measuring_module.BESIDE & set(ran)
    assert {"PER001", "EVA001", "EVA002"} <= set(ran)
    assert len(done.before) == len(done.after) == len(ran) / 2
