"""GGUF: key-values of every type, the tensor map, and numbers that overflow."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gguf_samples import ARRAY, PLAIN, STRING, V3, Writer, gguf_of
from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.gguf import Array, Model, looks_like, read
from samples import _EDIT, VALID, budget, damage, prefixes

WRITERS = [Writer(version, order) for version in (1, 2, 3) for order in "<>"]
TEMPLATE = "{% for m in messages %}{{ m['role'] }}{% endfor %}"


def reading_of(data: bytes) -> tuple[Reading, ModelkeepError | None]:
    reading = Reading()
    try:
        read(MemorySource(data), budget(), reading)
    except ModelkeepError as error:
        return reading, error
    return reading, None


def model_of(data: bytes) -> Model:
    reading, error = reading_of(data)
    assert error is None
    assert isinstance(reading.document, Model)
    return reading.document


@pytest.mark.parametrize("writer", WRITERS, ids=repr)
def test_every_version_and_byte_order_is_read(writer: Writer) -> None:
    data = gguf_of(PLAIN, writer=writer)
    assert looks_like(MemorySource(data))
    model = model_of(data)
    expected = PLAIN | {
        "tokenizer.ggml.tokens": Array(STRING, 1500),
        "tokenizer.ggml.scores": Array(6, 1500),
    }
    assert model.version == writer.version
    assert model.metadata == expected
    assert [(t.name, t.shape, t.size) for t in model.tensors] == [
        ("blk.0.weight", (5,), 20),
        ("blk.1.weight", (5,), 20),
    ]
    assert model.attacks == []


def test_an_honest_file_has_no_lies_and_no_parts() -> None:
    for data in (gguf_of(PLAIN), gguf_of({}), gguf_of(PLAIN, tensors=0), V3.file()):
        reading, error = reading_of(data)
        assert (reading.lies, reading.parts, error) == ([], [], None)


def test_the_last_tensor_may_end_without_padding_or_fill_a_page() -> None:
    data = gguf_of(PLAIN)
    for changed in (data[:-12], data + b"\0" * 4096):
        reading, error = reading_of(changed)
        assert (reading.lies, error) == ([], None)


def test_templates_come_out_under_whatever_key() -> None:
    attack = "{{ x.__class__ }}"
    reading, _ = reading_of(
        gguf_of(
            {
                "tokenizer.chat_template": TEMPLATE,
                "tokenizer.chat_template.tool_use": TEMPLATE,
                "tokenizer.chat_templates": ["tool_use"],
                "general.description": attack,
                "general.tags": ["plain", attack],
                "general.license": "free {{ as in air }}",
                "tokenizer.ggml.tokens": ["x"] * 2000 + [attack + " " * 30],
            }
        )
    )
    assert {part.member for part in reading.parts} == {
        "tokenizer.chat_template",
        "tokenizer.chat_template.tool_use",
        "general.description",
        "general.tags[1]",
        "tokenizer.ggml.tokens[0]",
    }
    assert all(part.known == "jinja" for part in reading.parts)


def test_templates_before_a_broken_place_come_out() -> None:
    data = gguf_of({"tokenizer.chat_template": TEMPLATE})
    reading, error = reading_of(data[: data.index(b"blk.0") + 3])
    assert isinstance(error, MalformedArtifactError)
    assert [part.member for part in reading.parts] == ["tokenizer.chat_template"]


def test_the_first_of_two_equal_keys_is_read_too() -> None:
    pairs = [V3.pair("tokenizer.chat_template", t) for t in (TEMPLATE, TEMPLATE + "x")]
    reading, _ = reading_of(V3.file(pairs))
    assert [lie for _, lie in reading.lies] == ["key 'tokenizer.chat_template' stands twice"]
    assert len(reading.parts) == 2


def infos(*tensors: bytes, data: bytes, pairs: tuple[bytes, ...] = ()) -> list[str]:
    reading, _ = reading_of(V3.file(pairs, tensors, data))
    return [sentence for _, sentence in reading.lies]


def test_what_the_library_writes_is_read_without_a_lie(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    np = pytest.importorskip("numpy")
    writer = gguf.GGUFWriter(str(tmp_path / "m.gguf"), "llama")
    writer.add_chat_template([{"name": "default", "template": TEMPLATE}])
    writer.add_token_list([f"t{n}" for n in range(2000)])
    for name, shape in {"a": (7,), "b": (3, 5), "c": (2, 2, 2, 2, 2)}.items():
        writer.add_tensor(name, np.ones(shape, "f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reading, error = reading_of((tmp_path / "m.gguf").read_bytes())
    assert (reading.lies, error) == ([], None)
    assert [part.member for part in reading.parts] == ["tokenizer.chat_template"]


def test_a_map_that_does_not_account_for_every_byte_lies() -> None:
    first, second = V3.tensor("a", (8,), 0), V3.tensor("b", (8,), 32)
    assert infos(first, second, data=b"x" * 64) == []
    assert infos(second, first, data=b"x" * 64) == []
    assert "overlaps" in infos(first, V3.tensor("b", (8,), 0), data=b"x" * 32)[0]
    assert "belong to no tensor" in infos(first, V3.tensor("b", (8,), 96), data=b"x" * 128)[0]
    assert "not aligned" in infos(first, V3.tensor("b", (8,), 33), data=b"x" * 65)[0]
    assert "follow the last" in infos(first, data=b"x" * 33)[0]
    assert "two tensors" in infos(first, V3.tensor("a", (8,), 32), data=b"x" * 64)[0]
    short = V3.tensor("a", (5,), 0)
    assert "not zero" in infos(short, second, data=b"x" * 64)[0]


def test_what_no_tensor_owns_is_handed_out() -> None:
    reading, _ = reading_of(gguf_of(PLAIN, tail=VALID["zip"]))
    (tail,) = reading.parts
    assert tail.open().read(0, 1 << 20) == VALID["zip"]


def test_a_type_without_known_size_ends_the_comparison() -> None:
    unknown = V3.tensor("a", (8,), 0, kind=77)
    assert infos(unknown, V3.tensor("b", (8,), 320), data=b"x" * 352) == []
    assert infos(unknown, data=b"x" * 99) == []


HUGE = (1 << 64) - 1
OVERFLOWS = {
    "tensor count": b"GGUF" + V3.u32(3) + V3.u64(1 << 61) + V3.u64(0),
    "far behind the end": V3.file((), [V3.tensor("t", (1 << 31,), 0)]),
    "more keys than anybody writes": b"GGUF" + V3.u32(3) + V3.u64(0) + V3.u64(1 << 16),
    "string of ten million": V3.file([V3.text("k") + V3.u32(STRING) + V3.text("v", 10**7)]),
    "key count": b"GGUF" + V3.u32(3) + V3.u64(0) + V3.u64(HUGE),
    "key length": V3.file([V3.text("k", HUGE)]),
    "key longer than any": V3.file([V3.text("k", 1 << 17)]),
    "string length": V3.file([V3.text("k") + V3.u32(STRING) + V3.text("v", HUGE - 7)]),
    "array length": V3.file([V3.text("k") + V3.u32(ARRAY) + V3.u32(STRING) + V3.u64(1 << 60)]),
    "array of numbers": V3.file([V3.text("k") + V3.u32(ARRAY) + V3.u32(4) + V3.u64(1 << 62)]),
    "array of arrays": V3.file([V3.text("k") + V3.u32(ARRAY) + V3.u32(9) + V3.u64(1 << 60)]),
    "value type": V3.file([V3.text("k") + V3.u32(0xFFFFFFFF)]),
    "dimensions": V3.file((), [V3.text("t") + V3.u32(1 << 20)]),
    "extent": V3.file((), [V3.tensor("t", (HUGE,), 0)]),
    "product": V3.file((), [V3.tensor("t", (1 << 32, 1 << 32), 0)]),
    "product around zero": V3.file((), [V3.tensor("t", (1 << 32, 1 << 32, 0), 0)]),
    "offset": V3.file((), [V3.tensor("t", (8,), HUGE - 31)], b"\0" * 32),
    "tensor type": V3.file((), [V3.tensor("t", (8,), 0, kind=1 << 30)], b"\0" * 32),
    "alignment 0": V3.file([V3.pair("general.alignment", 0)]),
    "alignment 3": V3.file([V3.pair("general.alignment", 3)]),
    "alignment text": V3.file([V3.pair("general.alignment", "32")]),
    "version 1": b"GGUF" + V3.u32(1) + V3.u32(0xFFFFFFFF) + V3.u32(1),
    "big endian": b"GGUF" + struct.pack(">IQQ", 3, 1 << 63, 1),
}


@pytest.mark.parametrize("kind", OVERFLOWS)
def test_a_number_that_overflows_is_an_attack(kind: str) -> None:
    reading, _ = reading_of(OVERFLOWS[kind])
    assert isinstance(reading.document, Model)
    assert len(reading.document.attacks) == 1


def test_five_dimensions_are_written_by_honest_converters() -> None:
    assert infos(V3.tensor("a", (2, 2, 1, 1, 2), 0), data=b"x" * 32) == []


def test_a_file_cut_short_anywhere_is_malformed_and_no_attack() -> None:
    data = gguf_of(PLAIN | {"tokenizer.ggml.tokens": ["t"] * 30, "tokenizer.ggml.scores": []})
    for short in prefixes(data[:-12]):
        reading, error = reading_of(short)
        assert isinstance(error, MalformedArtifactError)
        assert reading.lies == []
        assert reading.document is None or reading.document.attacks == []  # type: ignore[attr-defined]


def test_an_unknown_version_is_refused() -> None:
    _, error = reading_of(b"GGUF" + V3.u32(9) + b"\0" * 16)
    assert isinstance(error, MalformedArtifactError)


def test_arrays_nested_without_end_are_a_limit() -> None:
    body = (V3.u32(ARRAY) + V3.u64(1)) * 5000
    _, error = reading_of(V3.file([V3.text("k") + V3.u32(ARRAY) + body]))
    assert isinstance(error, LimitExceededError)


def test_text_without_end_is_a_limit() -> None:
    _, error = reading_of(V3.file([V3.pair("k", "x" * (17 << 20))]))
    assert isinstance(error, LimitExceededError)


def test_a_vocabulary_of_250000_words_is_stepped_over_quickly() -> None:
    words = b"".join(V3.text(f"word{n}") for n in range(250_000))
    pair = V3.text("k") + V3.u32(ARRAY) + V3.u32(STRING) + V3.u64(250_000) + words
    data = V3.file([pair, V3.pair("after", 1)])
    start = time.process_time()
    assert model_of(data).metadata == {"k": Array(STRING, 250_000), "after": 1}
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


def test_one_word_longer_than_the_window_is_stepped_over() -> None:
    words = ["a"] * 1500 + ["x" * (3 << 20)] + ["b"] * 3
    assert model_of(gguf_of({"k": words, "after": 1})).metadata["after"] == 1


def test_it_looks_like_one_by_its_magic() -> None:
    assert not looks_like(MemorySource(b"GGUF"))
    assert not looks_like(MemorySource(b"GGUF\0\0\0\0"))
    assert not looks_like(MemorySource(b"GIF89a.."))


@given(
    st.binary(max_size=300).map(lambda tail: b"GGUF\3\0\0\0" + tail)
    | st.builds(
        damage,
        st.sampled_from([gguf_of(PLAIN, writer=w) for w in WRITERS]),
        st.lists(_EDIT, min_size=1, max_size=4),
    )
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reading_of(data)
