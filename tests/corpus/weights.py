"""GGUF and safetensors files with templates that run code, or lies about their layout."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

from corpus.opcodes import payload
from corpus.pickle_disguise import gz
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import (
    polyglot,
    safetensors_of,
    tensor,
    zip_of,
)


def gguf_text(text: str) -> bytes:
    """A string."""
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf_of(
    pairs: dict[str, str],
    *,
    tensors: bytes = b"",
    count: int = 0,
    keys: int | None = None,
    version: int = 3,
) -> bytes:
    """A GGUF file with texts as metadata."""
    body = b"".join(
        gguf_text(key) + struct.pack("<I", 8) + gguf_text(text) for key, text in pairs.items()
    )
    number_ = len(pairs) if keys is None else keys
    head = b"GGUF" + struct.pack("<IQQ", version, count, number_)
    data = head + body + tensors
    return data + bytes(-len(data) % 32)


TEMPLATES = {
    "plain": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('true').read() }}",
    "attr-filter": "{{ ''|attr('__class__')|attr('__mro__') }}",
    "concatenated": "{{ ''['__cla' + 'ss__']['__m' ~ 'ro__'] }}",
    "joined": "{{ ''[['__cla','ss__']|join] }}",
    "reversed": "{{ ''['__ssalc__'|reverse] }}",
    "escaped": "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "formatted": "{{ ''['%s%s%s'|format('__','class','__')] }}",
    "replaced": "{{ ''['__clXass__'|replace('X','')] }}",
    "set-variable": "{% set a = '__class__' %}{{ ''[a] }}",
    "set-pieces": "{% set u = '_' * 2 %}{{ ''[u ~ 'class' ~ u] }}",
    "lower": "{{ ''['__CLASS__'|lower] }}",
    "slice": "{{ ''['x__class__x'[1:-1]] }}",
    "macro": "{% macro m(x) %}{{ x.__globals__ }}{% endmacro %}{{ m(lipsum) }}",
    "for-loop": "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "if-block": "{% if messages.__init__.__globals__ %}x{% endif %}",
    "namespace": "{{ namespace.__init__.__globals__['__builtins__']['eval']('1') }}",
    "joiner": "{{ joiner.__init__['__glo' 'bals__'].os }}",
    "self": "{{ self.__init__.__globals__ }}",
    "map-attribute": "{{ messages|map(attribute='__class__')|list }}",
    "mapped-attr": "{{ [lipsum]|map('attr','__globals__')|list }}",
    "request": "{{ url_for.__globals__.current_app }}",
    "include": "{% include '/etc/passwd' %}",
}


def _gguf() -> Iterator[Sample]:
    made = Family("gguf", "template injection", "CVE-2024-34359")
    base = {"general.architecture": "llama", "general.name": "m"}
    for title, template in TEMPLATES.items():
        text = "{% for message in messages %}{{ message.content }}{% endfor %}" + template
        yield made(
            f"template-{title}",
            "model.gguf",
            gguf_of({**base, "tokenizer.chat_template": text}),
        )
    bad = TEMPLATES["cycler"]
    yield made(
        "template-named",
        "model.gguf",
        gguf_of({**base, "tokenizer.chat_template.tool_use": bad}),
    )
    yield made(
        "template-rerank",
        "model.gguf",
        gguf_of({**base, "tokenizer.chat_template": bad}),
        source="CVE-2026-5760",
    )
    yield made(
        "template-named-bin", "model.bin", gguf_of({**base, "tokenizer.chat_template": bad})
    )
    yield made(
        "template-version-2",
        "model.gguf",
        gguf_of({**base, "tokenizer.chat_template": bad}, version=2),
    )
    yield made("template-duplicate", "model.gguf", gguf_of({**base, "tokenizer.chat_template": bad}, keys=4)[: -32]
               + gguf_text("tokenizer.chat_template") + struct.pack("<I", 8) + gguf_text("{{ 1 }}") + bytes(32))  # fmt: skip
    yield made("template-in-gz", "model.gguf.gz", gz(gguf_of({"tokenizer.chat_template": bad})))
    lies = Family("gguf", "overflow of counts, lengths and dimensions")

    def tensor_info(name: str, dims: list[int], offset: int = 0, kind: int = 0) -> bytes:
        shape = struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
        return gguf_text(name) + shape + struct.pack("<IQ", kind, offset)

    yield lies("count-of-keys", "model.gguf", gguf_of(base, keys=2**63))
    yield lies("count-of-tensors", "model.gguf", gguf_of(base, count=2**62))
    yield lies(
        "length-of-key",
        "model.gguf",
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**64 - 1) + bytes(96),
    )
    yield lies(
        "length-of-text",
        "model.gguf",
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + gguf_text("a")
        + struct.pack("<IQ", 8, 2**63)
        + b"x",
    )
    yield lies(
        "length-of-array",
        "model.gguf",
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + gguf_text("a")
        + struct.pack("<IIQ", 9, 0, 2**63),
    )
    yield lies(
        "dimensions",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [2**32, 2**32]), count=1),
    )
    yield lies(
        "dimensions-product",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [2**62, 4]), count=1) + bytes(64),
    )
    yield lies(
        "offset",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [8], 2**63), count=1) + bytes(64),
    )
    yield lies(
        "overlap",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("a", [8]) + tensor_info("b", [8]), count=2)
        + bytes(64),
    )
    yield lies(
        "too-many-dimensions",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [1] * 64), count=1) + bytes(64),
    )
    yield lies("cut", "model.gguf", gguf_of(base)[:-40], verdict=INCONCLUSIVE)


def _safetensors() -> Iterator[Sample]:
    made = Family("safetensors", "structural lies")
    honest = {"a": tensor(0, 4), "b": tensor(4, 8)}
    long = struct.pack("<Q", 2**63) + b"{}"
    bodies = {
        "length-bomb": long, "length-beyond-end": struct.pack("<Q", 5000) + b'{"a":1}' + bytes(9),
        "out-of-bounds": safetensors_of({"a": tensor(0, 400)}, bytes(8)),
        "overlap": safetensors_of({"a": tensor(0, 6), "b": tensor(4, 8)}, bytes(8)),
        "overlap-all": safetensors_of({"a": tensor(0, 8), "b": tensor(0, 8)}, bytes(8)),
        "hole": safetensors_of({"a": tensor(0, 2), "b": tensor(6, 8)}, b"xxhidexx"),
        "hole-at-start": safetensors_of({"a": tensor(4, 8)}, bytes(8)),
        "tail": safetensors_of(honest, bytes(8) + b"hidden after the tensors"),
        "tail-pickle": safetensors_of(honest, bytes(8) + payload()),
        "tail-zip": safetensors_of(honest, bytes(8) + zip_of({"x.pkl": payload()})),
        "duplicate-key": safetensors_of('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}', bytes(8)),
        "duplicate-escaped": safetensors_of('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\\u0061":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}', bytes(8)),
        "negative-offset": safetensors_of({"a": tensor(-4, 4)}, bytes(8)),
        "reversed-offsets": safetensors_of('{"a":{"dtype":"U8","shape":[0],"data_offsets":[8,0]}}', bytes(8)),
        "shape-lies": safetensors_of({"a": {"dtype": "F32", "shape": [100], "data_offsets": [0, 8]}}, bytes(8)),
        "shape-overflow": safetensors_of({"a": {"dtype": "U8", "shape": [2**32, 2**32], "data_offsets": [0, 0]}}),
        "polyglot-pickle": polyglot(),
    }  # fmt: skip
    loud = {"out-of-bounds", "length-beyond-end"}
    for title, data in bodies.items():
        yield made(
            title, "model.safetensors", data, verdict=INCONCLUSIVE if title in loud else "fail"
        )
    meta = Family("safetensors", "metadata")
    for title, text in {
        "template": TEMPLATES["cycler"],
        "template-hidden": TEMPLATES["set-pieces"],
    }.items():
        data = safetensors_of({"__metadata__": {"chat_template": text}, **honest}, bytes(8))
        yield meta(f"metadata-{title}", "model.safetensors", data)
    config = json.dumps({"_target_": "os.system", "command": "true"})
    yield meta(
        "metadata-target",
        "model.safetensors",
        safetensors_of({"__metadata__": {"config": config}, **honest}, bytes(8)),
    )
    depth = '{"__metadata__":' + '{"a":' * 50_000 + "1" + "}" * 50_001
    yield meta(
        "metadata-depth-bomb", "model.safetensors", safetensors_of(depth), verdict=INCONCLUSIVE
    )
    yield meta(
        "cut", "model.safetensors", safetensors_of(honest, bytes(8))[:40], verdict=INCONCLUSIVE
    )


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _gguf()
    yield from _safetensors()
