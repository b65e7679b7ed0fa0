"""Every assessment that applies is run; what was not measured is said with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import model_samples as samples
from modelkeep.assess import (
    BUILT_IN,
    Assessment,
    Attack,
    Context,
    assess_model,
    evasion_search,
    performance,
)
from modelkeep.assess.interface import Outcome
from modelkeep.assess.robust_accuracy import Engine, measure
from modelkeep.core import InputError, MissingExtraError, NotChecked, Risk

POINTS = samples.normal(60, 3)
ROWS = samples.table(POINTS, (POINTS[:, 0] > 0).astype(int))
BLACK_BOX = samples.Answering(lambda rows: samples.two_classes(rows[:, 0] > 0))


def assessed(*attacks: Attack) -> Assessment:
    return assess_model(samples.context(BLACK_BOX, ROWS, ROWS), attacks)


def one(_context: Context) -> Iterator[Outcome]:
    yield samples.measured("first")


def stops(_context: Context) -> Iterator[Outcome]:
    yield samples.measured("second")
    raise InputError("the rows ran out", "Bring more.")


def gives_up(_context: Context) -> Iterator[Outcome]:
    yield NotChecked("evasion", "nothing can be perturbed")


def test_an_attack_that_does_not_apply_is_not_checked_with_its_reason() -> None:
    result = assessed(samples.attack(one, unfit="the model gives no gradient"))
    assert result.not_checked == (NotChecked("sample-attack", "the model gives no gradient"),)
    assert (result.ran, result.all_measurements()) == ((), ())


def test_it_is_no_gap_if_another_of_its_kind_ran() -> None:
    unfit = samples.attack(one, unfit="the model gives no gradient")
    assert assessed(unfit, samples.attack(one)).not_checked == ()
    assert assessed(samples.attack(one), unfit).not_checked == ()
    other = samples.attack(one, predicate="membership")
    assert len(assessed(unfit, other).not_checked) == 1


@pytest.mark.parametrize("predicate", ["evasion", "performance"])
def test_what_was_measured_before_an_attack_stopped_is_kept(predicate: str) -> None:
    before = samples.attack(one, predicate="membership")
    result = assessed(before, samples.attack(stops, predicate=predicate))
    assert [m.name for m in result.all_measurements()] == ["first", "second"]
    assert result.facts[predicate] == {"measured": 1}
    (missed,) = result.not_checked
    assert missed == NotChecked("sample-attack", "stopped: the rows ran out. Bring more.")


def test_a_missing_library_stops_an_attack_and_says_how_to_install_it() -> None:
    def needs(_context: Context) -> Iterator[Outcome]:
        yield samples.measured()
        raise MissingExtraError("a sample", "torch", "train")

    (missed,) = assessed(samples.attack(needs)).not_checked
    assert "pip install 'modelkeep[train]'" in missed.why


def test_a_second_attack_of_the_same_kind_takes_nothing_away_from_the_first() -> None:
    second = samples.attack(gives_up, name="second-attack")
    result = assessed(samples.attack(one), second)
    assert [m.name for m in result.all_measurements()] == ["first"]
    assert result.facts["evasion"] == {"measured": 1}


def test_a_weaker_attack_of_the_same_kind_does_not_better_the_facts() -> None:
    """A plug-in that finds nothing must not hide what the built-in attack found."""

    def finds_nothing(context: Context) -> Iterator[Outcome]:
        yield from measure(context, Engine("idle", "black box", lambda _, p: (p.rows, {})))

    built_in = evasion_search.ATTACK
    idle = replace(built_in, id="TST002", run=finds_nothing)
    context = samples.context(BLACK_BOX, ROWS, ROWS, epsilon_linf=0.2)
    alone = assess_model(context, (built_in,)).facts["evasion"]
    nothing = assess_model(context, (idle,)).facts["evasion"]
    assert alone["robust_accuracy_low_ppm"] < nothing["robust_accuracy_low_ppm"]
    for both in ((built_in, idle), (idle, built_in)):
        assert assess_model(context, both).facts["evasion"] == alone


def test_model_and_data_that_do_not_fit_are_an_error_not_a_gap() -> None:
    wrong = samples.table(samples.normal(60, 3), ["x", "y"] * 30)
    named = samples.Answering(BLACK_BOX.answer, classes=("yes", "no"))
    with pytest.raises(InputError, match="do not match the model's"):
        assess_model(samples.context(named, wrong, wrong), BUILT_IN)


def test_what_an_attack_says_it_could_not_look_at_is_kept() -> None:
    result = assessed(samples.attack(gives_up))
    assert result.not_checked == (NotChecked("evasion", "nothing can be perturbed"),)
    assert result.facts["evasion"] == {}


def test_risks_come_worst_first() -> None:
    def risky(name: str, score: float) -> Attack:
        made = Risk(name, samples.measured(), score, "mend it")
        plain = samples.attack(one, predicate=name)
        return Attack(
            plain.id,
            name,
            plain.topic,
            name,
            plain.applies,
            plain.run,
            plain.facts,
            lambda _: iter((made,)),
        )

    result = assessed(risky("small", 0.1), risky("large", 0.9), risky("middle", 0.5))
    assert [risk.title for risk in result.risks] == ["large", "middle", "small"]


def test_the_built_in_assessments_run_in_order_and_each_is_announced() -> None:
    announced: list[str] = []
    result = assess_model(
        samples.context(BLACK_BOX, ROWS, ROWS),
        BUILT_IN,
        on_attack=lambda attack: announced.append(attack.id),
    )
    measured = "EVA002 EVA003 MEM001 EXT001 EXP001 COR001 OOD001 SPG001".split()
    assert result.ran == ("PER001", *measured)
    assert tuple(announced) == result.ran
    assert [missed.what for missed in result.not_checked] == [
        "membership_tpr_at_1pct_fpr",  # so few rows
        "fairness",
        "fairness-evasion",
        "backdoor",
    ]
    assert {"performance", "evasion", "membership"} <= set(result.facts)


def test_without_data_every_assessment_says_why_it_was_not_done() -> None:
    result = assess_model(samples.context(BLACK_BOX, ROWS, None), BUILT_IN)
    assert [missed.what for missed in result.not_checked] == [a.name for a in BUILT_IN]
    for missed in result.not_checked:
        unlike = missed.what == "evasion-text"
        assert ("kind tabular" if unlike else "--test") in missed.why
    assert performance.ATTACK.id not in result.ran
