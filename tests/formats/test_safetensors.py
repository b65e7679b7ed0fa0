"""safetensors: every byte is accounted for once, or the header says where not."""

from __future__ import annotations

import base64
import json
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.safetensors import Header, looks_like, read_header
from modelkeep.formats.safetensors import read as read_all
from samples import PAYLOAD, VALID, bomb, budget, mutants, prefixes, safetensors_of, tensor


def read(data: bytes) -> Header:
    return read_header(MemorySource(data), budget())


@given(st.dictionaries(st.text().filter("__metadata__".__ne__), st.integers(0, 9), max_size=6))
def test_tensors_side_by_side_are_read_without_a_problem(sizes: dict[str, int]) -> None:
    header, at = {}, 0
    for name, size in sizes.items():
        header[name] = tensor(at, at + size)
        at += size
    found = read(safetensors_of(header, b"\0" * at))
    assert {t.name: t.end - t.start for t in found.tensors} == sizes
    assert found.problems == ()


def test_what_the_library_writes_is_read_the_same() -> None:
    library = pytest.importorskip("safetensors.numpy")
    np = pytest.importorskip("numpy")
    arrays = {"a": np.ones((2, 3), "f4"), "b": np.ones(5, "i8"), "c": np.ones((), "f2")}
    data = library.save(arrays, {"format": "np"})
    found = read(data)
    assert {t.name: t.shape for t in found.tensors} == {"a": (2, 3), "b": (5,), "c": ()}
    assert (found.metadata, found.problems) == ({"format": "np"}, ())
    assert sum(t.end - t.start for t in found.tensors) == len(data) - found.buffer


@pytest.mark.parametrize(
    ("header", "buffer", "offset", "problem"),
    [
        (
            {"a": tensor(0, 4), "b": tensor(6, 8)},
            8,
            4,
            "2 bytes before 'b' belong to no tensor",
        ),
        ({"a": tensor(2, 4)}, 4, 0, "2 bytes before 'a' belong to no tensor"),
        ({"a": tensor(0, 4), "b": tensor(2, 8)}, 8, 2, "'b' overlaps another tensor"),
        ({"a": tensor(0, 8), "b": tensor(2, 4)}, 8, 2, "'b' overlaps another tensor"),
        ({"a": tensor(0, 4)}, 9, 4, "5 bytes follow the last tensor"),
        ({}, 3, 0, "3 bytes follow the last tensor"),
    ],
)
def test_a_byte_not_accounted_for_once_is_a_problem(
    header: dict[str, object], buffer: int, offset: int, problem: str
) -> None:
    found = read(safetensors_of(header, b"\0" * buffer))
    assert found.problems == ((found.buffer + offset, problem),)


def test_a_name_given_twice_is_a_problem() -> None:
    entry = json.dumps(tensor(0, 2))
    found = read(safetensors_of(f'{{"a": {entry}, "a": {entry}}}', b"\0\0"))
    assert found.problems == ((8, "key 'a' stands twice in the header"),)
    twice = '{"a": {"dtype": "U8", "shape": [2], "shape": [2], "data_offsets": [0, 2]}}'
    assert read(safetensors_of(twice, b"\0\0")).problems[0][1].startswith("key 'shape'")


def test_an_empty_tensor_may_stand_anywhere() -> None:
    header = {"a": tensor(0, 4), "none": tensor(4, 4), "zero": tensor(0, 0), "in": tensor(2, 2)}
    assert read(safetensors_of(header, b"\0" * 4)).problems == ()


def entry(**changes: object) -> dict[str, object]:
    return {"a": tensor(0, 2) | changes}


def shaped(extents: str) -> str:
    return f'{{"a": {{"dtype": "U8", "shape": [{extents}], "data_offsets": [0, 2]}}}}'


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "{",
        '{"a": 1}',
        '{"__metadata__": []}',
        entry(dtype="O"),
        entry(dtype=None),
        entry(dtype=["U8"]),
        entry(dtype={}),
        entry(dtype="x = 1"),
        entry(dtype="Q9"),
        entry(data_offsets=[1, 3]),
    ],
    ids=lambda header: str(header)[:60],
)
def test_a_header_that_is_not_one_is_malformed(header: object) -> None:
    with pytest.raises(MalformedArtifactError):
        read(safetensors_of(header, b"\0\0"))


@pytest.mark.parametrize(
    "header",
    [
        entry(shape=None),
        entry(shape=[-2]),
        entry(shape=[2.0]),
        entry(shape=[True, 2]),
        entry(shape=[3]),
        entry(shape=["2"]),
        entry(data_offsets=[0]),
        entry(data_offsets=[2, 0]),
        entry(data_offsets=[0, 2, 4]),
        shaped(",".join(["9" * 4000] * 2)),
        entry(shape=[1]),
        entry(shape=[1 << 60], data_offsets=[0, 1 << 60]),
    ],
    ids=lambda header: str(header)[:60],
)
def test_a_range_that_does_not_fit_its_shape_is_a_problem(header: object) -> None:
    (problem,) = read(safetensors_of(header, b"\0\0")).problems
    assert problem[1].startswith("'a' ")


def test_no_tensor_is_listed_outside_the_file_whatever_else_is_wrong() -> None:
    header = entry(shape=[3]) | {"b": tensor(0, 2), "c": tensor(2, 9)}
    found = read(safetensors_of(header, b"\0\0"))
    assert [t.name for t in found.tensors] == ["b"]
    assert len(found.problems) == 1


def test_a_length_bomb_is_a_problem_and_recognised() -> None:
    for length, text in (
        (1 << 25, json.dumps(entry())),
        (1 << 33, json.dumps(entry())),
        ((1 << 64) - 1, json.dumps(entry())),
        (1 << 63, "{}"),
        (1 << 63, '{"a": 1}'),
    ):
        source = MemorySource(struct.pack("<Q", length) + text.encode() + b"\0\0")
        problems: list[tuple[int, str]] = []
        assert looks_like(source)
        with pytest.raises(MalformedArtifactError):
            read_header(source, budget(), problems)
        assert [offset for offset, _ in problems] == [0]


@pytest.mark.parametrize(("follows", "is_one"), [(b"\0\0\0", False), (b'"a":', True)])
def test_a_number_and_a_brace_are_no_header_by_themselves(follows: bytes, is_one: bool) -> None:
    # A catalogue of 123 messages begins so.
    data = b"\xde\x12\x04\x95\0\0\0\0{" + follows + bytes(40)
    assert looks_like(MemorySource(data)) is is_one


def test_blanks_in_front_of_the_header_hide_nothing() -> None:
    data = safetensors_of("  " + json.dumps(entry()), b"\0\0")
    assert looks_like(MemorySource(data))
    assert read(data).problems == ()


def test_tensors_far_behind_the_end_are_a_problem_and_near_ones_are_cut_short() -> None:
    for end, count in ((1 << 31, 1), (1 << 20, 0)):
        problems: list[tuple[int, str]] = []
        data = safetensors_of({"a": tensor(0, end)}, b"\0\0")
        with pytest.raises(MalformedArtifactError, match="behind the file"):
            read_header(MemorySource(data), budget(), problems)
        assert len(problems) == count


def test_odd_metadata_is_remarked_and_ordinary_is_not() -> None:
    odd = {"__metadata__": {"a": {"b": 1}, "c": 1, "d": None, "e": "x" * ((1 << 24) + 1)}}
    assert len(read(safetensors_of(odd)).remarks) == 4
    plain = {"__metadata__": {"format": "pt", "note": "uses the eval() metric, import free"}}
    assert read(safetensors_of(json.dumps(plain) + " " * 40)).remarks == ()


def parts_of(data: bytes) -> dict[str, str | None]:
    reading = Reading()
    read_all(MemorySource(data), budget(), reading)
    return {part.member: part.known for part in reading.parts}


def test_bytes_of_no_tensor_are_handed_out() -> None:
    header = {"a": tensor(2, 4), "b": tensor(6, 8)}
    data = safetensors_of(header, b"x" * 8 + bomb())
    start = len(data) - len(bomb()) - 8
    assert list(parts_of(data)) == [f"[{start + at:#x}]" for at in (0, 4, 8)]


@pytest.mark.parametrize(
    ("value", "suffix"),
    [
        (base64.b64encode(bomb()).decode(), ""),
        (base64.urlsafe_b64encode(bomb(2)).decode().rstrip("="), ""),
        ("data:application/zip;base64," + base64.b64encode(VALID["zip"]).decode(), ""),
        (PAYLOAD.decode(), ""),
        (base64.b64encode(PAYLOAD).decode(), ""),
        ("__import__('os').system('true')", ".py"),
        (base64.b64encode(b"import os\nos.system('true')").decode(), ".py"),
        ('{"_target_": "os.system"}', ""),
        ("{{ x.__class__ }}", ""),
    ],
)
def test_a_stream_packed_into_a_text_is_handed_out(value: str, suffix: str) -> None:
    data = safetensors_of({"__metadata__": {"k": value, "format": "pt"}})
    assert list(parts_of(data)) == ["__metadata__.k" + suffix]


def test_ordinary_metadata_hands_out_nothing() -> None:
    values = {
        "format": "pt", "sha": "a" * 64, "ss_sd_model_name": "sd-v1-5.safetensors",
        "note": "we call eval() and exec() never; see https://example.org",
        "modelspec.date": "2024-01-01T00:00:00", "ss_network_dim": "16", "empty": "",
        "thumbnail": "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8" * 40).decode(),
        "broken": "{not json", "name": "model(1)x y",
    }  # fmt: skip
    assert parts_of(safetensors_of({"__metadata__": values})) == {}


def test_a_shape_of_countless_extents_is_refused_before_it_is_multiplied() -> None:
    data = safetensors_of(shaped(",".join(["9"] * 200_000)), b"\0\0")
    start = time.process_time()
    assert len(read(data).problems) == 1
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


@pytest.mark.parametrize("length", [101, 1 << 63, (1 << 64) - 1])
def test_a_long_header_is_a_limit_before_it_is_read(length: int) -> None:
    source = MemorySource(struct.pack("<Q", length) + b"{}")
    with pytest.raises(LimitExceededError, match=f"header of {length} bytes"):
        read_header(source, budget(header_bytes=100))


def test_a_deep_header_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="deeper than 8"):
        read(safetensors_of('{"__metadata__":' + "[" * 9))


def test_tensors_count_as_entries() -> None:
    source = MemorySource(VALID["safetensors"])
    with pytest.raises(LimitExceededError, match="entries"):
        read_header(source, budget(entries=1))


def test_a_file_cut_short_anywhere_is_malformed() -> None:
    for data in prefixes(VALID["safetensors"]):
        with pytest.raises(MalformedArtifactError):
            read(data)


def test_it_looks_like_one_by_its_length_and_brace() -> None:
    assert looks_like(MemorySource(VALID["safetensors"]))
    assert not looks_like(MemorySource(b"\0" * 8 + b"["))
    assert not looks_like(MemorySource(b"\0\0\0\0\1\0\0\0{"))
    assert not looks_like(MemorySource(b"\0" * 8))
    assert not looks_like(MemorySource(b'callback{"a": 1}'))
    assert not looks_like(MemorySource(b"\0\0\0\0\0\0\0\x80{x"))


@given(st.binary(max_size=200) | mutants("safetensors"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        header = read(data)
    except ModelkeepError:
        return
    assert all(header.buffer + t.end <= len(data) for t in header.tensors)


def test_json_whose_second_map_begins_where_a_header_would_is_json() -> None:
    config = {"loss": {"module": "keras.losses", "config": {"dtype": "float32"}}}
    assert not looks_like(MemorySource(json.dumps(config).encode()))
    header = json.dumps({"w": tensor(0, 4)}).encode()
    assert looks_like(MemorySource(struct.pack("<Q", 1 << 62) + header))
