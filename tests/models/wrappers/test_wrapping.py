from __future__ import annotations

import pytest
from onnx import load_model_from_string, numpy_helper

from modelkeep.core import InputError
from modelkeep.models import from_bytes
from modelkeep.models.wrappers import (
    MANIFEST,
    BitDepth,
    Ensemble,
    Rejection,
    Smoothing,
    Wrapper,
    read_wrapped,
    wrap,
)
from wrapper_samples import ROWS, WEIGHTS, base

EVERY: tuple[tuple[Wrapper, int], ...] = (
    (BitDepth(3, (0.0,), (1.0,)), 1),
    (Rejection(0.7), 1),
    (Smoothing(0.3, 32, 0.01), 1),
    (Ensemble(2), 2),
)


@pytest.mark.parametrize(("wrapper", "count"), EVERY)
def test_a_file_says_what_it_is_and_gives_back_what_is_inside(
    wrapper: Wrapper, count: int
) -> None:
    data = wrap([base()] * count, wrapper)
    found = read_wrapped(data)
    assert found is not None
    assert found.wrapper == wrapper
    inside = from_bytes(found.bases[-1].model.SerializeToString())
    assert inside.scores(ROWS) == pytest.approx(ROWS @ WEIGHTS, abs=1e-5)


def edited(data: bytes, old: str, new: str) -> bytes:
    """The file with another text in what it says of itself; the graph stays."""
    model = load_model_from_string(data)
    (note,) = (each for each in model.metadata_props if each.key == MANIFEST)
    assert old in note.value
    note.value = note.value.replace(old, new)
    return bytes(model.SerializeToString())


def test_more_noise_claimed_than_drawn_is_not_believed() -> None:
    data = edited(wrap([base()], Smoothing(0.3, 32, 0.01)), '"sigma":0.3', '"sigma":9.0')
    with pytest.raises(InputError, match="not the wrapper"):
        read_wrapped(data)
    assert from_bytes(data).wrapped is None


def test_a_graph_changed_behind_its_claim_is_not_believed() -> None:
    model = load_model_from_string(wrap([base()], Rejection(0.7)))
    (limit,) = (
        t
        for t in model.graph.initializer
        if t.name.startswith("wrap/") and numpy_helper.to_array(t).dtype.kind == "f"
    )
    limit.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(limit) * 0, limit.name))
    with pytest.raises(InputError, match="not the wrapper"):
        read_wrapped(bytes(model.SerializeToString()))


def test_nonsense_about_a_wrapper_is_an_error_and_its_absence_is_not() -> None:
    data = wrap([base()], Rejection(0.7))
    with pytest.raises(InputError, match="cannot be read"):
        read_wrapped(edited(data, '"version":1', '"version":7'))
    assert read_wrapped(base().model.SerializeToString()) is None


def test_models_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="differ"):
        wrap([], Ensemble(2))
