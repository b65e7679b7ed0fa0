"""safetensors weights and the user's architecture: they fit exactly, or are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import model_samples as samples
from modelkeep.core import EvidenceError, InputError
from modelkeep.models import Code, Differentiable, Request, code_subject
from modelkeep.models.torch_module import load

WEIGHT, BIAS = samples.normal(3, 2, seed=1), samples.normal(3, seed=2)
RIGHT = {"0.weight": WEIGHT, "0.bias": BIAS}
ROWS = samples.normal(7, 2)
NETS = """\
import torch


def build():
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout(0.5))


def number():
    return 3


def fails():
    raise RuntimeError("no such layer")


class Pair(torch.nn.Linear):
    def forward(self, rows):
        return super().forward(rows), rows


def pair():
    return torch.nn.Sequential(Pair(2, 3))
"""


def request(
    folder: Path, weights: dict[str, np.ndarray] | None = None, factory: str = "build"
) -> Request:
    """Weights in a file and an architecture in a folder of code."""
    path = folder / "weights.safetensors"
    save_file(RIGHT if weights is None else weights, path)
    code, name = samples.code_folder(folder / "code", NETS)
    return samples.scanned(
        path, code=Code(code, f"{name}:{factory}"), weights__safetensors="safetensors"
    )


def test_weights_fill_the_architecture_and_dropout_is_off(tmp_path: Path) -> None:
    asked = request(tmp_path)
    loaded = load(asked)
    expected = samples.softmax(ROWS @ WEIGHT.T + BIAS)
    assert loaded.model.predict(ROWS) == pytest.approx(expected, abs=1e-6)
    assert loaded.model.classes == ("0", "1", "2")
    assert isinstance(loaded.model, Differentiable)
    assert not any(p.requires_grad for p in loaded.model.module.parameters())
    assert loaded.code == (code_subject(tmp_path / "code"),)


@pytest.mark.parametrize(
    ("weights", "named"),
    [
        ({"0.weight": WEIGHT}, "0.bias"),
        (RIGHT | {"9.extra": BIAS}, "9.extra"),
        (RIGHT | {"0.weight": WEIGHT.T.copy()}, "0.weight"),
    ],
    ids=["missing", "extra", "misshapen"],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    tmp_path: Path, weights: dict[str, np.ndarray], named: str
) -> None:
    with pytest.raises(InputError, match=rf"does not fit .*{named}"):
        load(request(tmp_path, weights))


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("fails", "no such layer"),
        ("number", "returned int, not a module"),
        ("nothing", "has no function 'nothing'"),
    ],
)
def test_a_factory_that_gives_no_module_is_refused(
    tmp_path: Path, factory: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load(request(tmp_path, factory=factory))


def test_bare_weights_without_a_factory_are_refused_with_the_option_that_names_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(RIGHT, path)
    for code in (None, Code(tmp_path)):
        with pytest.raises(InputError, match="no architecture") as caught:
            load(samples.scanned(path, code=code, weights__safetensors="safetensors"))
        assert "--factory" in caught.value.hint


def test_weights_that_changed_after_the_scan_are_not_loaded(tmp_path: Path) -> None:
    asked = request(tmp_path)
    save_file({"0.weight": WEIGHT, "0.bias": BIAS + 1}, tmp_path / "weights.safetensors")
    with pytest.raises(EvidenceError, match="changed while it was being checked"):
        load(asked)


def test_rows_of_another_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"given rows of \(5,\)"):
        load(request(tmp_path)).model.predict(samples.normal(2, 5))


def test_rows_with_texts_are_refused(tmp_path: Path) -> None:
    model = load(request(tmp_path)).model
    with pytest.raises(InputError):
        model.predict(np.array([[1.0, "Bonn"]], dtype=object))


def test_a_module_that_answers_no_tensor_is_refused(tmp_path: Path) -> None:
    model = load(request(tmp_path, factory="pair")).model
    with pytest.raises(InputError, match="answers tuple, not a tensor"):
        model.predict(ROWS)


def test_many_rows_are_answered_in_their_order(tmp_path: Path) -> None:
    rows = samples.normal(5000, 2)
    expected = samples.softmax(rows @ WEIGHT.T + BIAS)
    assert load(request(tmp_path)).model.predict(rows) == pytest.approx(expected, abs=1e-5)


def test_no_rows_get_no_answers_of_the_known_width(tmp_path: Path) -> None:
    model = load(request(tmp_path)).model
    model.predict(ROWS)
    assert model.predict(ROWS[:0]).shape == (0, 3)
