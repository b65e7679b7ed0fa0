"""Corruptions: they hurt more as they grow, keep shape and range, and repeat by seed."""

from __future__ import annotations

import numpy as np
import pytest

import digit_networks
import model_samples as samples
from modelkeep.assess.corruption import ATTACK, PICTURES, TABLES, corrupt
from modelkeep.assess.corruption.interface import SEVERITIES, Corruption
from modelkeep.core import Measurement, NotChecked
from modelkeep.models import Column, Dataset

PICTURED = digit_networks.data().take(np.arange(60))
COLOURED = Dataset(
    samples.ANY_SUBJECT,
    np.random.default_rng(0).random((6, 3, 12, 16)).astype(np.float32),
    np.array(["0"] * 6),
    (),
    "image",
)
TABLE = samples.table(samples.normal(80, 5) * 7 + 3, [0, 1] * 40)


def distance(data: Dataset, corruption: Corruption, severity: int) -> float:
    changed = corrupt(data, corruption, severity, 0, data)
    assert changed.shape == data.rows.shape
    assert changed.dtype == np.float32
    assert np.isfinite(changed).all()
    if data.kind == "image":
        assert 0 <= changed.min() <= changed.max() <= 1
    assert (changed == corrupt(data, corruption, severity, 0, data)).all(), "by its seed"
    return float(np.abs(changed - data.rows).mean())


@pytest.mark.parametrize("data", [PICTURED, COLOURED], ids=["grey", "colour"])
@pytest.mark.parametrize("corruption", PICTURES, ids=lambda c: c.name)
def test_a_picture_changes_more_with_severity(corruption: Corruption, data: Dataset) -> None:
    found = [distance(data, corruption, severity) for severity in SEVERITIES]
    assert found[4] > found[0] >= 0
    assert found[4] > 0.005


PIXELATE = next(corruption for corruption in PICTURES if corruption.name == "pixelate")


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("size", [8, 28, 32])
def test_coarse_pixels_lie_where_the_fine_ones_lay(size: int, severity: int) -> None:
    """A ramp shows by how many pixels each place moved: half a coarse pixel, to both sides."""
    ramp = np.arange(size) / (size - 1)
    rows = np.stack([np.tile(ramp, (size, 1)), np.tile(ramp[:, None], (1, size))])[None]
    data = Dataset(samples.ANY_SUBJECT, rows.astype(np.float32), np.array(["0"]), (), "image")
    moved = (corrupt(data, PIXELATE, severity, 0, data) - data.rows) * (size - 1)
    half = size / round(size * (1 - 0.14 * severity)) / 2
    assert np.abs(moved).max() <= half + 1e-4
    assert moved.mean(axis=(2, 3)) == pytest.approx(0, abs=1e-4)


def test_coarse_pixels_are_means_of_what_they_cover() -> None:
    rows = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4) / 16
    data = Dataset(samples.ANY_SUBJECT, rows, np.array(["0"]), (), "image")
    found = corrupt(data, PIXELATE, 4, 0, data)[0, 0] * 16  # 2 by 2 coarse pixels
    assert found == pytest.approx(
        np.array([[2.5, 4.5], [10.5, 12.5]]).repeat(2, 0).repeat(2, 1)
    )


def test_digits_of_eight_by_eight_pixels_survive_one_pixel_less() -> None:
    """Coarse pixels that were shifted cost more than all the detail that was lost."""
    context = samples.context(digit_networks.network(planted=False), None, PICTURED)
    (found,) = [m for m in ATTACK.run(context) if m.name == "corruption_accuracy[pixelate]"]
    clean, first, *_, last = (value for _, value in found.curve)
    assert first > clean - 0.15
    assert first > last


@pytest.mark.parametrize("corruption", TABLES, ids=lambda c: c.name)
def test_a_table_changes_more_with_severity(corruption: Corruption) -> None:
    found = [distance(TABLE, corruption, severity) for severity in SEVERITIES]
    assert found == sorted(found)
    assert found[0] > 0


def test_categories_are_left_alone() -> None:
    columns = (Column("a"), Column("b", ("x", "y")))
    rows = np.array([[0.0, 1.0], [1.0, 0.0]] * 20)
    data = samples.table(rows, [0, 1] * 20, *columns)
    for corruption in TABLES:
        assert (corrupt(data, corruption, 5, 0, data)[:, 1] == rows[:, 1]).all()


def test_accuracy_is_measured_for_every_corruption_with_its_curve() -> None:
    context = samples.context(digit_networks.network(planted=False), None, PICTURED)
    found = [m for m in ATTACK.run(context) if isinstance(m, Measurement)]
    assert len(found) == len(PICTURES)
    for measured in found:
        assert measured.low <= measured.value <= measured.high
        assert [x for x, _ in measured.curve] == [0, 1, 2, 3, 4, 5]
    worst = min(found, key=lambda m: m.value)
    (risk,) = ATTACK.risks(tuple(found))
    assert risk.measurement is worst
    assert ATTACK.facts(tuple(found)) == {}


def test_a_model_that_does_not_mind_shows_no_risk() -> None:
    model = samples.Answering(lambda rows: samples.two_classes(np.full(len(rows), 0.9)))
    data = samples.table(samples.normal(80, 5), [1] * 79 + [0])
    found = tuple(ATTACK.run(samples.context(model, data, data)))
    assert list(ATTACK.risks(found)) == []


def test_it_needs_rows_with_numbers() -> None:
    model = samples.Answering(lambda rows: samples.two_classes(np.full(len(rows), 0.9)))
    assert ATTACK.applies(samples.context(model, None, None)) is not None
    data = samples.table(np.zeros((4, 1)), [0, 1] * 2, Column("a", ("x",)))
    (outcome,) = ATTACK.run(samples.context(model, None, data))
    assert isinstance(outcome, NotChecked)
