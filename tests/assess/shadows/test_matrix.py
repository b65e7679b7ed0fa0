"""The matrix of shadow models: balanced, checked, kept and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.shadows import (
    ShadowMatrix,
    Told,
    draw_halves,
    fusion,
    read_matrix,
    told,
    write_matrix,
)
from modelkeep.core import InputError


def matrix(models: int = 4, rows: int = 30, seed: int = 0) -> ShadowMatrix:
    rng = np.random.default_rng(seed)
    included = draw_halves(models, rows, seed)
    right = np.clip(rng.uniform(0.2, 0.8, included.shape) + 0.15 * included, 0, 0.99)
    said = Told(np.log(right), np.log(right / (1 - right)))
    return ShadowMatrix(included, said, "sample", seed, "ab" * 32)


@given(st.integers(1, 8).map(lambda n: 2 * n), st.integers(1, 50), st.integers(0, 99))
def test_every_row_is_in_just_half_of_the_models(models: int, rows: int, seed: int) -> None:
    included = draw_halves(models, rows, seed)
    assert included.shape == (models, rows)
    assert (included.sum(axis=0) == models // 2).all()


@pytest.mark.parametrize("models", [0, 1, 3])
def test_halves_need_an_even_number_of_models(models: int) -> None:
    with pytest.raises(InputError, match="even"):
        draw_halves(models, 10, 0)


def test_a_probability_next_to_one_keeps_its_digits() -> None:
    scores = np.array([[[1.0, 1e-9, 0.0], [0.2, 0.3, 0.5]]])
    said = told(scores, np.array([0, 2]))
    assert said.confidence == pytest.approx(np.array([[np.log(1e9), 0.0]]))
    assert said.log_right == pytest.approx(np.array([[0.0, np.log(0.5)]]))


def test_what_is_read_back_scores_alike(tmp_path: Path) -> None:
    path = tmp_path / "shadows.npz"
    made = matrix()
    write_matrix(path, made)
    found = read_matrix(path, made.rows_sha256)
    target = Told(made.said.log_right[0], made.said.confidence[0])
    assert (found.included == made.included).all()
    assert (found.recipe, found.seed) == (made.recipe, made.seed)
    assert (fusion(target, found) == fusion(target, made)).all()


def test_a_matrix_of_other_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shadows.npz"
    write_matrix(path, matrix())
    with pytest.raises(InputError, match="other rows"):
        read_matrix(path, "cd" * 32)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shadows.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no shadow matrix"):
        read_matrix(path)


def test_a_pickle_inside_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "shadows.npz"
    write_matrix(path, matrix())
    with np.load(path) as found:
        arrays = dict(found)
    arrays["included"] = np.array([{"a": 1}], dtype=object)
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="no shadow matrix"):
        read_matrix(path)


@pytest.mark.parametrize("column", [True, False])
def test_a_row_with_one_side_only_cannot_be_judged(column: bool) -> None:
    made = matrix()
    included = made.included.copy()
    included[:, 3] = column
    with pytest.raises(InputError, match="all or none"):
        ShadowMatrix(included, made.said, "sample", 0, "")


def test_numbers_of_another_shape_or_not_finite_are_refused() -> None:
    made = matrix()
    short = Told(made.said.log_right[:, 1:], made.said.confidence[:, 1:])
    broken = Told(made.said.log_right, np.where(made.included, np.nan, 0))
    for said in (short, broken):
        with pytest.raises(InputError, match="holds numbers"):
            ShadowMatrix(made.included, said, "sample", 0, "")
