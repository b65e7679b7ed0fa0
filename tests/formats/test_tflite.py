"""TFLite: custom and delegated operators, buffers, streams inside."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import (
    PLAIN_TFLITE,
    attribute,
    custom,
    flatbuffer,
    flexbuffer,
    op,
    tflite,
)
from modelkeep.core import LimitExceededError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.tflite import TfliteModel, looks_like, read
from samples import VALID, block, bomb, budget, damage, prefixes, scan_bytes, zip_of


def read_model(data: bytes) -> tuple[TfliteModel, Reading]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, TfliteModel)
    return reading.document, reading


def strings(*texts: bytes) -> bytes:
    """The bytes of a TFLite tensor of text."""
    at = 4 * (len(texts) + 2)
    ends = [at + sum(map(len, texts[:index])) for index in range(len(texts) + 1)]
    return struct.pack(f"<{len(texts) + 2}i", len(texts), *ends) + b"".join(texts)


def test_a_plain_model_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, PLAIN_TFLITE)
    assert (result.format, result.verdict, result.findings) == ("tflite", Verdict.PASS, ())


def test_operators_that_are_not_built_in_are_named() -> None:
    codes = [custom("Mine"), {0: ("b", 9)}, custom(""), custom("Mine"), {3: ("i", 150)}]
    document, _ = read_model(tflite(codes=codes))
    assert {name for name, _ in document.custom} == {"Mine", "(unnamed)"}


def test_a_custom_code_in_the_newer_field_alone_counts() -> None:
    document, _ = read_model(tflite(codes=[{1: "Mine", 3: ("i", 32)}]))
    assert document.custom[0][0] == "Mine"


def test_a_delegated_operator_has_the_node_and_the_text_of_its_inputs() -> None:
    node = op("WriteFile", node="w", attributes=attribute("key", block(2, "text")))
    data = tflite(
        {0: ("I", 0), 1: [0, -1, 1], 5: flexbuffer(b"WriteFile", node)},
        codes=[custom("FlexWriteFile")],
        tensors=[{1: ("b", 5), 2: ("I", 1)}, {1: ("b", 0), 2: ("I", 1)}],
        buffers=[{}, {0: strings(b"/etc/x", b"b")}],
    )
    (found,) = read_model(data)[0].delegated
    assert (found.op, found.node, found.texts) == ("WriteFile", "w", ("key=text",))
    assert found.inputs == (("/etc/x", "b"), (), ())


def test_the_node_names_the_operator_whatever_the_code_says() -> None:
    options = flexbuffer(b"Relu", op("ReadFile"))
    data = tflite({0: ("I", 0), 5: options}, codes=[custom("FlexRelu")])
    assert read_model(data)[0].delegated[0].op == "ReadFile"
    data = tflite({0: ("I", 0), 5: b"\xff" * 9}, codes=[custom("FlexReadFile")])
    assert read_model(data)[0].delegated[0].op == "ReadFile"


def test_streams_in_buffers_and_options_are_parts() -> None:
    data = tflite(
        {0: ("I", 0), 5: bomb(2)}, codes=[custom("Mine")], buffers=[{}, {0: bomb(4)}, {0: b"w"}]
    )
    parts = read_model(data)[1].parts
    assert [p.member for p in parts] == ["[options of Mine]", "[buffer 1]"]
    assert [p.open().read(0, 999) for p in parts] == [bomb(2), bomb(4)]


def test_a_pickle_in_a_buffer_fails_the_file(tmp_path: Path) -> None:
    data = tflite(buffers=[{}, {0: bomb(4)}])
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_files_packed_behind_the_model_belong_to_it(tmp_path: Path) -> None:
    data = PLAIN_TFLITE + zip_of({"labels.txt": b"person\nbicycle\n"})
    result = scan_bytes(tmp_path, data)
    assert (result.format, result.verdict, result.findings) == ("tflite", Verdict.PASS, ())


def test_an_archive_behind_the_model_is_read(tmp_path: Path) -> None:
    data = PLAIN_TFLITE + zip_of({"x.pkl": bomb()})
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_buffers_that_share_bytes_are_a_lie() -> None:
    inner = struct.pack("<I", 4) + b"abcd"
    data = tflite(buffers=[{}, {0: b"z"}, {0: inner * 4}])
    start = data.index(inner * 4)
    assert read_model(data)[1].lies == []
    # The offset of the first buffer's data is moved into the middle of the other's.
    place = data.rindex(struct.pack("<I", 1) + b"z") - 16
    for at in range(place, place + 16, 4):
        changed = bytearray(data)
        changed[at : at + 4] = struct.pack("<I", start + 8 - at)
        try:
            lies = read_model(bytes(changed))[1].lies
        except ModelkeepError:
            continue
        if lies:
            return
    pytest.fail("no offset of the buffer was found")


@pytest.mark.parametrize(
    "data",
    [
        tflite(buffers=[{}, {1: ("Q", 1 << 40), 2: ("Q", 5)}]),
        tflite({0: ("I", 3)}, codes=[custom("Mine")]),
        flatbuffer({1: [custom("Mine")], 2: ("I", 1 << 30)}, b"TFL3"),
    ],
    ids=["buffer behind the file", "no such code", "graph behind the file"],
)
def test_what_leads_outside_is_inconclusive(tmp_path: Path, data: bytes) -> None:
    assert scan_bytes(tmp_path, data).verdict is Verdict.INCONCLUSIVE


def test_buffers_behind_the_model_are_read() -> None:
    data = tflite(buffers=[{}, {1: ("Q", 2), 2: ("Q", 0)}])
    data = tflite(buffers=[{}, {1: ("Q", len(data)), 2: ("Q", len(bomb()))}]) + bomb()
    assert [p.open().read(0, 999) for p in read_model(data)[1].parts] == [bomb()]


def test_operators_are_counted() -> None:
    data = tflite(*[{0: ("I", 0)}] * 50, codes=[{}])
    with pytest.raises(LimitExceededError):
        read(MemorySource(data), budget(operations=20), Reading())


def test_every_prefix_is_refused() -> None:
    for text in prefixes(PLAIN_TFLITE[:-8]):
        with pytest.raises(ModelkeepError):
            read_model(text)


@pytest.mark.parametrize("data", [*VALID.values(), b"", b"TFL3"])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


_WHOLE = tflite(
    {0: ("I", 0), 1: [0], 5: flexbuffer(b"WriteFile", op("WriteFile"))},
    codes=[custom("FlexWriteFile")],
    tensors=[{1: ("b", 5), 2: ("I", 1)}],
    buffers=[{}, {0: strings(b"/etc/x")}],
)
_EDITS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(st.binary(max_size=100) | st.builds(damage, st.just(_WHOLE), _EDITS))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read_model(data)
    except ModelkeepError:
        return
