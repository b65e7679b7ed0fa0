"""Memorisation: planted often it shows at its maximum, never planted it shows nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from modelkeep.assess.memorisation import (
    CHANCE_BITS,
    Form,
    LogLikelihood,
    Planted,
    measure_memorisation,
    measure_text_membership,
)
from modelkeep.core import InputError, Measurement, NotChecked
from text_model_samples import counted, messages, recurrent

NAMES = ("anna", "bert", "carl", "dora", "emil", "fred")


def group(repeats: int, *names: str, digits: int = 3) -> list[Planted]:
    """One form for each name, so that canaries do not share their beginnings."""
    forms = [Form(f"the secret of {name} is {{}}", "0123456789", digits) for name in names]
    return [
        Planted(form, form.draw(1, seed=1000 * repeats + number), repeats)
        for number, form in enumerate(forms)
    ]


def training(groups: list[Planted], count: int, seed: int) -> list[str]:
    canaries = [g.form.text(s) for g in groups for s in g.secrets for _ in range(g.repeats)]
    return messages(count, seed=seed) + canaries


def numbers(model: LogLikelihood, groups: list[Planted]) -> dict[str, Measurement]:
    found = measure_memorisation(model, groups)
    return {m.name: m for m in found if isinstance(m, Measurement)}


def test_counts_know_what_they_saw_by_heart_and_nothing_else() -> None:
    groups = group(16, *NAMES[:2]) + group(0, *NAMES[2:])
    found = numbers(counted(training(groups, 300, 0)), groups)
    planted, control = (found[f"canary_exposure_{n}_repeats"] for n in (16, 0))
    assert planted.value == planted.low == planted.high == np.log2(1000)
    assert "at most 9.97 bits" in planted.note
    assert planted.n == 2
    assert planted.unit == "bits"
    assert planted.budget["queries"] == 2000
    assert control.low <= CHANCE_BITS + 2.5
    assert control.value < 6
    assert found["canary_extraction_16_repeats"].value == 1.0
    assert found["canary_extraction_0_repeats"].value == 0.0
    assert found["canary_extraction_0_repeats"].high < 1.0


@pytest.mark.slow
def test_a_recurrent_network_gives_often_repeated_canaries_away_and_no_others() -> None:
    groups = group(16, *NAMES[:2], digits=4) + group(0, *NAMES[2:], digits=4)
    found = numbers(recurrent(training(groups, 400, 3), passes=15, seed=3), groups)
    planted, control = (found[f"canary_exposure_{n}_repeats"] for n in (16, 0))
    assert planted.value == np.log2(10_000), "at its maximum"
    assert found["canary_extraction_16_repeats"].value == 1.0
    assert control.value < CHANCE_BITS + 3
    assert float(control.note.rpartition(" ")[2]) > 0.01
    assert found["canary_extraction_0_repeats"].value == 0.0


def test_a_reference_tells_members_where_loss_alone_does_not() -> None:
    """Texts differ in how hard they are; the model likes its own a little better."""
    pool = messages(250, seed=1)
    members, others = pool[:100], pool[100:]
    rng = np.random.default_rng(0)
    hard = {text: rng.uniform(1, 3) * len(text) for text in pool}
    own = set(members)

    def reference(texts: Sequence[str]) -> np.ndarray:
        return np.array([-hard[text] for text in texts])

    def model(texts: Sequence[str]) -> np.ndarray:
        return np.array([-hard[text] + 0.3 * len(text) * (text in own) for text in texts])

    found = {
        m.name: m
        for m in measure_text_membership(model, members, others, reference=reference)
        if isinstance(m, Measurement)
    }
    assert found["text_membership_auc_reference"].value == 1.0
    assert found["text_membership_auc_loss"].value < 0.75
    rate = found["text_membership_tpr_at_1pct_fpr"]
    assert rate.value == 1.0 > rate.low
    assert "150 non-members" in rate.note


def test_a_model_that_saw_neither_tells_nobody_apart() -> None:
    pool = messages(260, seed=7)
    members, others = pool[:120], pool[120:]
    model, reference = counted(messages(200, seed=8)), counted(messages(200, seed=9))
    for found in measure_text_membership(model, members, others, reference=reference):
        if isinstance(found, Measurement) and found.unit == "auc":
            assert found.low < 0.5 < found.high


def test_what_cannot_be_said_is_named() -> None:
    pool = messages(90, seed=1)
    model = counted(pool)
    (few,) = measure_text_membership(model, pool[:19], pool[19:])
    assert isinstance(few, NotChecked)
    assert few.why == "fewer than 20 members or non-members"
    *_, missing = measure_text_membership(model, pool[:45], pool[45:])
    assert isinstance(missing, NotChecked)
    assert missing.why == "no reference model was given"
    *_, floor = measure_text_membership(model, pool[:45], pool[45:], reference=model)
    assert isinstance(floor, NotChecked)
    assert "needs at least 100 non-members; there are 45" in floor.why


@pytest.mark.parametrize(
    ("members", "others", "says"),
    [
        (["same"] * 20, ["same"] * 20, "1 texts are members and non-members at once"),
        (["a"] * 19 + [""], ["b"] * 20, "a text is empty"),
    ],
)
def test_texts_that_would_spoil_the_numbers_are_refused(
    members: list[str], others: list[str], says: str
) -> None:
    model = counted(["a"])
    with pytest.raises(InputError, match=says):
        list(measure_text_membership(model, members, others))


def test_a_loss_in_place_of_a_likelihood_is_refused() -> None:
    model = counted(messages(20, seed=0))
    with pytest.raises(InputError, match="no log-likelihood"):
        list(measure_memorisation(lambda texts: -model(texts), group(1, "anna")))
