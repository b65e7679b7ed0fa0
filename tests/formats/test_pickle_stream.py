"""The pickle reader: what a stream imports and calls, without importing or calling it."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import decimal
import io
import pickle
import pickletools
import struct
import uuid
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.pickle_constants import LINE_LIMIT
from modelkeep.formats.pickle_events import Event, Import, PickleDocument, Use
from modelkeep.formats.pickle_stream import looks_like
from modelkeep.formats.pickle_stream import read as read_stream
from samples import PAYLOAD, PROTOCOLS, VALID, bomb, budget, mutants, prefixes

SYSTEM = b"cos\nsystem\n"
ORDERED = b"ccollections\nOrderedDict\n"


def document(data: bytes, **limits: int) -> PickleDocument:
    reading = Reading()
    read_stream(MemorySource(data), budget(**limits), reading)
    assert isinstance(reading.document, PickleDocument)
    return reading.document


def read(data: bytes, **limits: int) -> list[Event]:
    return document(data, **limits).events


def reached(data: bytes) -> list[Event]:
    """The events before the reader stops, for whatever reason it stops."""
    reading = Reading()
    with contextlib.suppress(ModelkeepError):
        read_stream(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, PickleDocument)
    return reading.document.events


def uses(data: bytes) -> list[tuple[str, str]]:
    return [(e.target.dotted, e.how) for e in read(data) if isinstance(e, Use)]


def imports(data: bytes) -> list[str]:
    return [e.dotted for e in read(data) if isinstance(e, Import)]


# What is seen


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_is_seen_in_every_protocol(protocol: int) -> None:
    ((name, how),) = uses(bomb(protocol))
    assert (name.endswith(".system"), how) == (True, "reduce")


@pytest.mark.parametrize(
    ("stream", "how"),
    [
        (SYSTEM + b"(S'true'\ntR.", "reduce"),
        (b"(" + SYSTEM + b"S'true'\no.", "obj"),
        (b"(S'true'\nios\nsystem\n.", "inst"),
        (SYSTEM + b")\x81.", "newobj"),
        (SYSTEM + b")}\x92.", "newobj"),
        (SYSTEM + b"}b.", "build"),
        (b"\x8c\x02os\x8c\x06system\x93)R.", "reduce"),
        (SYSTEM + b"2)R.", "reduce"),
        (SYSTEM + b"N0)R.", "reduce"),
        (SYSTEM + b"(NN1)R.", "reduce"),
        (b"(" + SYSTEM + b"0" + SYSTEM + b"o.", "obj"),
    ],
    ids=[
        *("REDUCE", "OBJ", "INST", "NEWOBJ", "NEWOBJ_EX", "BUILD"),
        *("STACK_GLOBAL", "DUP", "POP", "POP_MARK", "OBJ after POP"),
    ],
)
def test_every_opcode_that_uses_a_name_is_seen(stream: bytes, how: str) -> None:
    assert uses(stream) == [("os.system", how)]


@pytest.mark.parametrize(
    ("put", "get"),
    [
        (b"p7\n", b"g7\n"),
        (b"q\7", b"h\7"),
        (b"r\7\0\0\0", b"j\7\0\0\0"),
        (b"\x94", b"h\0"),
        (b"p00\n", b"h\0"),
        (b"p01\n", b"g01\n"),
    ],
)
def test_a_name_fetched_from_the_memo_is_still_that_name(put: bytes, get: bytes) -> None:
    assert uses(SYSTEM + put + b"0" + get + b")R.") == [("os.system", "reduce")]
    halves = b"\x8c\x02os" + put + b"0" + get + b"\x8c\x06system\x93."
    assert imports(halves) == ["os.system"]


@pytest.mark.parametrize("number", [b"I0x10\n", b"I0b1\n", b"L0x10L\n", b"L0o7\n"])
def test_numbers_are_read_as_the_unpickler_reads_them(number: bytes) -> None:
    """``load_int`` and ``load_long`` take any Python literal: ``int(text, 0)``."""
    assert uses(number + b"0" + PAYLOAD) == [("os.system", "reduce")]


@pytest.mark.parametrize(
    "filler", [b"(e", b"(u", b"(\x90"], ids=["APPENDS", "SETITEMS", "ADDITEMS"]
)
def test_filling_nothing_into_a_name_leaves_it_in_place(filler: bytes) -> None:
    assert uses(ORDERED + filler + b"}b.") == [("collections.OrderedDict", "build")]


def test_state_of_an_instance_is_not_state_of_its_class() -> None:
    assert uses(ORDERED + b")R}b.") == [
        ("collections.OrderedDict", "reduce"),
        ("collections.OrderedDict()", "build"),
    ]


@pytest.mark.parametrize(
    ("stream", "module", "name"),
    [
        (ORDERED + b")R\x8c\x06system\x93.", None, "system"),
        (b"\x8c\x02osN\x93.", "os", None),
        (b"C\x02osC\x06system\x93.", None, None),
        (b"\x82\x01.", None, None),
        (b"\x83\x01\0.", None, None),
        (b"\x84\x01\0\0\0.", None, None),
    ],
    ids=["computed", "None", "bytes", "EXT1", "EXT2", "EXT4"],
)
def test_a_name_that_only_running_reveals_is_unresolved(
    stream: bytes, module: str | None, name: str | None
) -> None:
    found = [e for e in read(stream) if isinstance(e, Import)][-1]
    assert (found.module, found.name, found.resolved) == (module, name, False)
    assert found.dotted == f"{module or '?'}.{name or '?'}"


@pytest.mark.parametrize(
    ("written", "dotted"),
    [
        ("__builtin__ eval", "builtins.eval"),
        ("commands getoutput", "subprocess.getoutput"),
        ("copy_reg _reconstructor", "copyreg._reconstructor"),
        ("__builtin__ xrange", "builtins.range"),
        ("os system", "os.system"),
    ],
)
def test_names_of_python_2_are_shown_as_python_3_finds_them(written: str, dotted: str) -> None:
    assert imports(b"c" + written.replace(" ", "\n").encode() + b"\n.") == [dotted]


def test_an_import_knows_its_opcode_and_place() -> None:
    assert read(b"\x80\x02" + SYSTEM + b".") == [Import("os", "system", 2, "GLOBAL")]


def test_pickles_in_a_row_are_read_to_the_last() -> None:
    first = pickle.dumps([1], 4)
    data = first + bomb() + b"tail"
    found = document(data)
    assert found.end == len(data) - 4
    assert found.events
    assert all(e.offset > len(first) for e in found.events)


# What stops the reader


@pytest.mark.parametrize("tail", [b"", b"\xff", b"R", b"h\x63", b"\x80", b"X\xff\xff\xff\xff"])
def test_a_payload_before_a_broken_tail_is_still_found(tail: bytes) -> None:
    broken = PAYLOAD[:-1] + b"0" + tail
    with pytest.raises(MalformedArtifactError):
        read(broken)
    assert [e.how for e in reached(broken) if isinstance(e, Use)] == ["reduce"]


@pytest.mark.parametrize(
    "stream",
    [
        b".",
        b"0.",
        b"R.",
        b"NR.",
        b"\x93.",
        b"b.",
        b"Nb.",
        b"\x94.",
        b"q\0.",
        b"2.",
        b"t.",
        b"(o.",
    ],
)
def test_taking_what_is_not_on_the_stack_is_malformed(stream: bytes) -> None:
    with pytest.raises(MalformedArtifactError):
        read(stream)


@pytest.mark.parametrize("get", [b"h\5", b"g5\n", b"j\5\0\0\0"])
def test_a_memo_slot_that_is_not_set_is_malformed(get: bytes) -> None:
    with pytest.raises(MalformedArtifactError, match="memo slot 5"):
        read(b"Nq\4" + get + b".")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_cut_short_anywhere_is_malformed(protocol: int) -> None:
    for data in prefixes(VALID[f"pickle{protocol}"]):
        with pytest.raises(MalformedArtifactError):
            read(data)


def test_values_that_are_held_are_counted() -> None:
    data = b"N" + b"\x94" * 600_000 + b"."
    assert document(data).end == len(data)
    with pytest.raises(LimitExceededError, match="more values"):
        document(data, values=100_000)


def test_open_marks_are_counted() -> None:
    with pytest.raises(LimitExceededError, match="more values"):
        document(b"(" * 3_000_000)


def test_a_long_text_of_protocol_0_is_no_limit() -> None:
    data = pickle.dumps(["x" * (3 * LINE_LIMIT), 1], 0)
    assert document(data).end == len(data)


def test_a_name_that_never_ends_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="line longer"):
        read(b"c" + b"a" * (LINE_LIMIT + 1) + b"\n.")


class Recorder:
    """A source that remembers its longest read and the bytes of all reads."""

    def __init__(self, data: bytes) -> None:
        self.data, self.longest, self.total = data, 0, 0

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        part = self.data[offset : offset + length]
        self.longest = max(self.longest, len(part))
        self.total += len(part)
        return part


def test_an_argument_larger_than_the_budget_is_never_held_whole() -> None:
    size = 4 << 20
    source = Recorder(b"\x80\x04\x8e" + struct.pack("<Q", size) + b"\0" * size + b".")
    assert looks_like(source)
    with contextlib.suppress(LimitExceededError):
        read_stream(source, budget(member_bytes=1 << 20), Reading())
    assert source.longest <= 1 << 20


def test_short_lines_are_not_read_over_and_over() -> None:
    source = Recorder(pickle.dumps(list(range(5_000)), 0))
    read_stream(source, budget(), Reading())
    assert source.total < 10 * source.size


def test_reading_an_odd_string_warns_nobody() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert document(rb"S'\q'" + b"\n.").end == 7
    assert not heard


# Whether it is a pickle


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_pickle_writes_looks_like_a_pickle(protocol: int) -> None:
    assert looks_like(MemorySource(bomb(protocol)))
    assert looks_like(MemorySource(pickle.dumps(list(range(30_000)), protocol)))


@pytest.mark.parametrize(
    "stream",
    [
        PAYLOAD[:-1] + b"\xff",
        b"\x8c\x02os\x8c\x06system\x93)R\xff",
        b"I0x1\n0" + PAYLOAD,
        b"X" + struct.pack("<I", 70_000) + b"a" * 70_000 + b"0" + PAYLOAD,
    ],
    ids=["GLOBAL", "STACK_GLOBAL", "hexadecimal", "behind 64 KiB"],
)
def test_a_payload_without_a_protocol_looks_like_a_pickle_even_if_broken(stream: bytes) -> None:
    assert looks_like(MemorySource(stream))


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"Hello.", b"import os\n", b"\xff\xfe", b"\0" * 9),
        *(b"0.5,1.0\n", b"1.2.3\n", b"2.0\n", b".. title::\n"),
    ],
)
def test_other_bytes_do_not_look_like_a_pickle(text: bytes) -> None:
    assert not looks_like(MemorySource(text))


# For all streams

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.complex_numbers()
    | st.dates()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.frozensets(st.integers(), max_size=3),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf) | st.tuples(leaf, leaf),
    max_leaves=10,
)
EVERYTHING = [
    collections.OrderedDict(a=1),
    {1},
    bytearray(b"x"),
    b"bytes",
    1j,
    range(3),
    dt.date(2026, 1, 1),
    decimal.Decimal("1.5"),
    uuid.UUID(int=1),
]


@settings(max_examples=60)
@example(EVERYTHING)
@given(plain)
def test_imports_of_plain_data_are_those_an_independent_reader_sees(value: object) -> None:
    for protocol in PROTOCOLS:
        data = pickle.dumps(value, protocol)
        seen = [
            position
            for op, _, position in pickletools.genops(data)
            if op.name in {"GLOBAL", "STACK_GLOBAL"}
        ]
        found = [e for e in read(data) if isinstance(e, Import)]
        assert [e.offset for e in found] == seen
        assert all(e.resolved for e in found)


IMPORTING = {"GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}


def independent(data: bytes) -> tuple[list[int], bool]:
    """Offsets of the importing opcodes, and whether the standard library read to the STOP.

    It stops earlier than the unpickler: at names that are not ASCII, for instance.
    """
    seen: list[int] = []
    try:
        for op, _, position in pickletools.genops(io.BytesIO(data)):
            seen += [position or 0] * (op.name in IMPORTING)
    except ValueError:
        return seen, False
    return seen, True


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@settings(max_examples=200)
@given(st.binary(max_size=200) | mutants("pickle"))
def test_any_bytes_are_read_or_refused_and_nothing_is_invented(data: bytes) -> None:
    looks_like(MemorySource(data))
    found = [e.offset for e in reached(data) if isinstance(e, Import)]
    seen, whole = independent(data)
    within = [offset for offset in found if whole or offset <= max(seen, default=-1)]
    assert within == seen[: len(within)]


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@settings(max_examples=200)
@given(st.sampled_from(PROTOCOLS), st.binary(max_size=40))
def test_whatever_follows_a_payload_does_not_hide_it(protocol: int, tail: bytes) -> None:
    data = bomb(protocol)[:-1] + tail
    found = reached(data)
    assert any(isinstance(e, Use) and e.target.dotted.endswith(".system") for e in found)
