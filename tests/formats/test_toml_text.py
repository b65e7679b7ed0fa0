"""TOML becomes a tree; texts that only begin alike stay texts."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.toml_text import looks_like, read
from modelkeep.formats.tree import Tree
from samples import bomb, budget

TOML = (
    b'# settings\n[model]\n_target_ = "torch.nn.Linear"\nlr = 1e-3\n\n[[stage]]\nx = [1, 2]\n'
)


def test_a_document_becomes_a_tree() -> None:
    reading = Reading()
    read(MemorySource(TOML), budget(), reading)
    assert isinstance(reading.document, Tree)
    assert reading.document.value == {
        "model": {"_target_": "torch.nn.Linear", "lr": 1e-3},
        "stage": [{"x": [1, 2]}],
    }
    assert sniff(MemorySource(TOML)) == ("toml",)


def test_a_packed_text_is_a_part() -> None:
    reading = Reading()
    read(MemorySource(f'a = "{bomb().hex()}"\n'.encode()), budget(), reading)
    assert [part.open().read(0, 1 << 20) for part in reading.parts] == [bomb()]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[section]\nkey = a value of an INI file\n",
        b'x = "1"\nprint(x)\n',
        b"numpy==2.0\n",
        b"[1, 2]",
        b'{"a": 1}',
        b"a: 1\n",
        b"# Title\n\nProse = words.\n",
    ],
)
def test_other_texts_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@pytest.mark.parametrize("data", [b"a = " + b"[" * 5000, b".".join([b"a"] * 5000) + b" = 1\n"])
def test_what_would_take_the_parser_too_long_is_refused(data: bytes) -> None:
    if looks_like(MemorySource(data)):
        with pytest.raises(LimitExceededError):
            read(MemorySource(data), budget(), Reading())


@given(st.binary(max_size=80) | st.text(alphabet='[]="a.\n #1{}', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    with contextlib.suppress(MalformedArtifactError):
        read(MemorySource(data), budget(), Reading())
