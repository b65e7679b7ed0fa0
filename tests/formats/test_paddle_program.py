"""Paddle programs: operators of every block."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import PLAIN_GRAPH, saved_model
from modelkeep.core import LimitExceededError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.paddle_program import PaddleProgram, looks_like, read
from samples import VALID, block, bomb, budget, damage, number, prefixes, scan_bytes


def op(kind: str, **texts: str | bytes) -> bytes:
    """An OpDesc."""
    return block(3, kind) + b"".join(
        block(4, block(1, name) + number(2, 2) + block(5, value))
        for name, value in texts.items()
    )


def program(*ops: bytes) -> bytes:
    """A ProgramDesc with one variable and two blocks."""
    variable = block(3, block(1, "x") + block(2, number(1, 7)))
    empty = number(1, 1) + number(2, 0)
    every = b"".join(block(4, body) for body in ops)
    first = number(1, 0) + number(2, 0) + variable
    return block(1, first) + block(1, empty + every) + block(4, number(1, 0))


def test_operators_and_their_texts_are_read() -> None:
    data = program(op("relu"), op("save", file_path="/x"))
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, PaddleProgram)
    relu, save = reading.document.operators
    assert (relu.kind, save.kind, save.texts) == ("relu", "save", (("file_path", "/x"),))
    assert data[save.offset :].startswith(op("save"))


def test_a_stream_in_an_attribute_is_a_part() -> None:
    reading = Reading()
    read(MemorySource(program(op("x", payload=bomb()))), budget(), reading)
    assert [p.open().read(0, 999) for p in reading.parts] == [bomb()]


def test_a_plain_program_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, program(op("relu")), name="inference.pdmodel")
    assert (result.format, result.verdict) == ("paddle program", Verdict.PASS)


def test_a_block_of_operators_alone_is_recognised() -> None:
    assert looks_like(
        MemorySource(block(1, number(1, 0) + number(2, 0) + block(4, op("relu"))))
    )


@pytest.mark.parametrize("data", [*VALID.values(), PLAIN_GRAPH, saved_model(PLAIN_GRAPH), b""])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_operators_are_counted() -> None:
    with pytest.raises(LimitExceededError):
        read(MemorySource(program(*[op("relu")] * 5)), budget(entries=4), Reading())


_WHOLE = program(op("relu"), op("save", file_path="/x"))
_EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(
    st.binary(max_size=100)
    | st.sampled_from(prefixes(_WHOLE))
    | st.builds(damage, st.just(_WHOLE), _EDITS)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
