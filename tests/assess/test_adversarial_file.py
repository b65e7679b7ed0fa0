"""A file of adversarial points is believed in nothing: every claim is looked at again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import Adversarial, Threat, look_again, space_of, write_adversarial
from modelkeep.core import InputError
from modelkeep.models import Column

THREAT = Threat("l2", 0.5)
MODEL = samples.linear([1.0, 0.0])
ROWS = np.array([[0.1, 0.0], [-0.2, 1.0], [0.05, -1.0]], np.float32)
CHANGED = ROWS - np.array([[0.2, 0], [-0.4, 0], [0.1, 0]], np.float32)


def written(folder: Path, changed: np.ndarray = CHANGED) -> Path:
    grid = np.stack([np.linspace(-1, 1, 101)] * 2, axis=1)
    data = samples.table(grid, [0] * 101)
    truth = (ROWS[:, 0] > 0).astype(int)
    found = Adversarial("sample", THREAT, ROWS, changed, truth, 1 - truth)
    path = folder / "found.npz"
    assert write_adversarial(path, [found], space_of(data, data), data, THREAT) == 3
    return path


def test_true_points_hold(tmp_path: Path) -> None:
    look = look_again(written(tmp_path), MODEL)
    assert look.holds.tolist() == [True] * 3
    assert look.threat.norm == "l2"
    assert look.threat.radius == pytest.approx(0.5)


def test_points_that_are_too_far_or_right_do_not_hold(tmp_path: Path) -> None:
    changed = CHANGED.copy()
    changed[0] = [-5, 0]  # out of the radius
    changed[1] = ROWS[1]  # not changed: answered rightly
    look = look_again(written(tmp_path, changed), MODEL)
    assert look.holds.tolist() == [False, False, True]
    assert look.near.tolist() == [False, True, True]
    assert look.wrong.tolist() == [True, False, True]


@pytest.mark.parametrize(("name", "value"), [
    ("prediction", np.array([1, 1, 1])), ("norm", np.zeros(3)), ("label", np.array([0, 1, 0])),
])  # fmt: skip
def test_a_false_claim_is_found(tmp_path: Path, name: str, value: np.ndarray) -> None:
    path = written(tmp_path)
    with np.load(path) as found:
        arrays = dict(found) | {name: value}
    np.savez(path, **arrays)
    assert not look_again(path, MODEL).holds.all()


def test_other_files_are_refused_clearly(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    with pytest.raises(InputError):
        look_again(path, MODEL)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no file of adversarial points"):
        look_again(path, MODEL)
    np.savez(path, x=np.array([object()], dtype=object))
    with pytest.raises(InputError):
        look_again(path, MODEL)


def test_nothing_found_is_a_file_of_no_rows(tmp_path: Path) -> None:
    data = samples.table(ROWS, [0, 0, 1], Column("a"), Column("b"))
    path = tmp_path / "none.npz"
    assert write_adversarial(path, [], space_of(data, data), data, THREAT) == 0
    assert len(look_again(path, MODEL).holds) == 0
