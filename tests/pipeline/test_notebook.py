"""Notes are believed only if this keep wrote them, for this run and this step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from modelkeep.evidence import Keep
from modelkeep.pipeline.notebook import Notebook
from modelkeep.pipeline.workspace import init_keep

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([-np.inf])}


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    with init_keep(tmp_path / "keep", "dev") as made:
        yield made


def note_of(keep: Keep) -> Path:
    (path,) = (keep.root / "unfinished").rglob("*.note")
    return path


def test_what_was_noted_is_read_again(keep: Keep) -> None:
    Notebook(keep, {"model": "a"}).write("step", ARRAYS)
    again = Notebook(keep, {"model": "a"})
    found = again.read("step")
    assert found is not None
    assert all(np.array_equal(found[name], ARRAYS[name]) for name in ARRAYS)
    assert again.read("another step") is None
    assert Notebook(keep, {"model": "b"}).read("step") is None
    again.forget()
    assert again.read("step") is None


@pytest.mark.parametrize("place", [5, 40, -5])
def test_a_note_that_was_changed_is_as_if_it_were_not_there(keep: Keep, place: int) -> None:
    notebook = Notebook(keep, {})
    notebook.write("step", ARRAYS)
    data = bytearray(note_of(keep).read_bytes())
    data[place] ^= 1
    note_of(keep).write_bytes(bytes(data))
    assert notebook.read("step") is None


def test_a_note_of_another_keep_or_step_is_not_believed(keep: Keep, tmp_path: Path) -> None:
    notebook = Notebook(keep, {})
    notebook.write("step", ARRAYS)
    path = note_of(keep)
    with init_keep(tmp_path / "other", "dev") as other:
        Notebook(other, {}).write("step", ARRAYS)
        path.write_bytes(note_of(other).read_bytes())
    assert notebook.read("step") is None
    notebook.write("step", ARRAYS)
    body = path.read_bytes()
    notebook.write("second", ARRAYS)
    for each in path.parent.iterdir():
        each.write_bytes(body)
    assert notebook.read("step") is not None
    assert notebook.read("second") is None
