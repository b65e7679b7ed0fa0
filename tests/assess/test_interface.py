"""What assessments share: rows by the seed, texts given back, labels read one way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess.interface import by_name, require_rows
from modelkeep.core import InputError
from modelkeep.models import Column
from modelkeep.models.onnx_loading import load

ROWS = samples.table(np.arange(100.0)[:, None], [0, 1] * 50)
MODEL = samples.Answering(lambda rows: samples.two_classes(np.zeros(len(rows))))


def test_a_sample_is_chosen_by_the_seed_and_keeps_its_order() -> None:
    once, again, other = (
        samples.context(MODEL, None, ROWS, max_rows=10, seed=seed).sample(ROWS).rows[:, 0]
        for seed in (0, 0, 1)
    )
    assert len(once) == 10
    assert once.tolist() == sorted(set(once.tolist())) == again.tolist()
    assert once.tolist() != other.tolist()


def test_few_rows_are_taken_whole() -> None:
    context = samples.context(MODEL, None, ROWS, max_rows=100)
    assert context.sample(ROWS) is ROWS
    assert len(context.sample(ROWS, 99)) == 99


@pytest.mark.parametrize("given", ["train", "test"])
def test_a_model_is_asked_in_texts(given: str) -> None:
    city = Column("city", ("Bonn", "Ulm"))
    data = samples.table(np.array([[0.0], [1.0]]), [0, 1], city)
    asked: list[object] = []

    def answer(rows: np.ndarray) -> np.ndarray:
        asked.extend(rows[:, 0])
        return samples.two_classes(np.zeros(len(rows)))

    sets = {"train": None, "test": None} | {given: data}
    samples.context(samples.Answering(answer), **sets).predict(data.rows)
    assert asked == ["Bonn", "Ulm"]


def test_labels_mean_the_same_in_both_data_sets() -> None:
    """Labels count from 1, and the last does not occur among the test rows."""
    train = samples.table(samples.normal(6, 2), [1, 2, 3] * 2)
    test = samples.table(samples.normal(4, 2), [1, 2] * 2)
    model = samples.Answering(MODEL.answer, classes=("0", "1", "2"))
    context = samples.context(model, train, test)
    assert context.truth(train).tolist() == [0, 1, 2] * 2
    assert context.truth(test).tolist() == [0, 1] * 2


def test_a_part_of_the_rows_keeps_the_meaning_of_its_labels() -> None:
    data = samples.table(samples.normal(4, 2), ["benign", "malign"] * 2)
    context = samples.context(MODEL, data, data)
    assert context.truth(data.take(np.array([1, 3]))).tolist() == [1, 1]


def test_asking_for_labels_does_not_settle_the_kind_of_output_on_one_row(
    tmp_path: Path,
) -> None:
    """One column of logits, the first of which could be a probability."""
    path = tmp_path / "model.onnx"
    path.write_bytes(samples.linear_onnx(np.ones((1, 1))))
    model = load(samples.scanned(path, model__onnx="onnx")).model
    data = samples.table(np.array([[0.5], [-3.0], [4.0]]), [1, 0, 1])
    context = samples.context(model, None, data)
    context.truth(data)
    expected = 1 / (1 + np.exp(-data.rows[:, 0]))
    assert context.predict(data.rows)[:, 1] == pytest.approx(expected, abs=1e-6)


def test_measurements_are_found_by_name_and_missing_rows_are_refused() -> None:
    first, second = samples.measured("a"), samples.measured("b")
    assert by_name((first, second), "b") is second
    assert by_name((first,), "b") is None
    assert require_rows(ROWS, "test") is ROWS
    with pytest.raises(InputError, match="no test data") as caught:
        require_rows(None, "test")
    assert "--test" in caught.value.hint
