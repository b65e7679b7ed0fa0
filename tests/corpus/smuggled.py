"""Pickles smuggled where only numbers, texts or nothing at all belong."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from corpus.opcodes import payload
from corpus.pickle_disguise import gz
from corpus.sample import FAIL, INCONCLUSIVE, PASS, Family, Sample
from corpus.weights import gguf_of, gguf_text
from samples import Entry, block, number, onnx_of, raw_zip, safetensors_of, zip_of

_PICKLE = payload(4)
_TEXT_PICKLE = b"cos\nsystem\n(S'true'\ntR."


def _texts(raw: bytes) -> dict[str, str]:
    """A stream spelled as text in the ways programs undo."""
    plain = base64.b64encode(raw).decode()
    return {
        "base64": plain,
        "urlsafe": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "lines": "\n".join(plain[at : at + 16] for at in range(0, len(plain), 16)),
        "data-url": f"data:application/octet-stream;base64,{plain}",
        "hex": raw.hex(),
        "hex-upper": raw.hex().upper(),
        "hex-mark": f"0x{raw.hex()}",
        "zlib": base64.b64encode(zlib.compress(raw)).decode(),
        "gzip": base64.b64encode(gz(raw)).decode(),
        "base85": base64.b85encode(raw).decode(),
        "ascii85": base64.a85encode(raw).decode(),
        "base32": base64.b32encode(raw).decode(),
        "twice": base64.b64encode(plain.encode()).decode(),
    }


def _carried() -> dict[str, str]:
    carried = _texts(_PICKLE)
    carried["protocol-0"] = _TEXT_PICKLE.decode()
    carried["protocol-0-base64"] = base64.b64encode(_TEXT_PICKLE).decode()
    carried["protocol-0-hex"] = _TEXT_PICKLE.hex()
    carried["protocol-2-hex"] = payload(2).hex()
    return carried


def onnx_meta(key: str, value: str | bytes) -> bytes:
    """A model with one entry of free metadata."""
    raw = value.encode() if isinstance(value, str) else value
    return onnx_of(nodes=[], rest=block(14, block(1, key) + block(2, raw)))


def gguf_list(key: str, texts: list[str]) -> bytes:
    """A GGUF whose one value is a list of texts."""
    items = b"".join(gguf_text(text) for text in texts)
    body = gguf_text(key) + struct.pack("<IIQ", 9, 8, len(texts)) + items
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + body
    return data + bytes(-len(data) % 32)


def _meta(value: str) -> bytes:
    return safetensors_of({"__metadata__": {"format": "pt", "extra": value}})


def _in_texts() -> Iterator[Sample]:
    made = Family("smuggled", "pickles spelled as text")
    for title, value in _carried().items():
        yield made(f"onnx-{title}", "model.onnx", onnx_meta("notes", value))
        yield made(
            f"gguf-{title}",
            "model.gguf",
            gguf_of({"general.architecture": "llama", "notes": value}),
        )
        yield made(f"safetensors-{title}", "model.safetensors", _meta(value))
        yield made(
            f"json-{title}",
            "config.json",
            json.dumps({"model_type": "bert", "state": value}).encode(),
        )
    value = base64.b64encode(_PICKLE).decode()
    yield made(
        "gguf-in-list", "model.gguf", gguf_list("tokenizer.ggml.tokens", ["a", "b", value])
    )
    yield made(
        "json-in-list", "config.json", json.dumps({"parts": [1, ["x", _PICKLE.hex()]]}).encode()
    )
    yield made("yaml-hex", "config.yaml", f"model: m\nstate: '{_PICKLE.hex()}'\n".encode())
    yield made(
        "yaml-binary", "config.yaml", f"model: m\nstate: !!binary |\n  {value}\n".encode()
    )
    yield made("toml-base64", "config.toml", f'[model]\nstate = "{value}"\n'.encode())
    yield made("onnx-doc", "model.onnx", onnx_of(nodes=[], rest=block(6, value)))
    yield made("onnx-raw-metadata", "model.onnx", onnx_meta("notes", _PICKLE))


def _honest_texts() -> Iterator[Sample]:
    made = Family("smuggled", "texts as they should be")
    values = {
        "digest": zlib.crc32(b"x").to_bytes(4, "big").hex() * 8,
        "digest-like": "80049510" + "ab" * 28,
        "uuid": "80040000-1111-2222-3333-444455556666",
        "base64-array": base64.b64encode(np.arange(64, dtype=np.float32).tobytes()).decode(),
        "base64-image": base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode(),
        "key": "gASVcmFuZG9tLWtleS1vZi1hLXNlcnZpY2U",
        "prose": "A model of many words, trained on texts. See the paper for details.",
        "json": '{"epoch": 3, "loss": 0.5}',
        "numbers": "0123456789" * 8,
        "base64-words": base64.b64encode(b"hello world, this is a note for you").decode(),
    }  # fmt: skip
    for title, value in values.items():
        yield made(
            f"honest-onnx-{title}", "model.onnx", onnx_meta("notes", value), verdict=PASS
        )
        yield made(
            f"honest-gguf-{title}",
            "model.gguf",
            gguf_of({"general.architecture": "llama", "notes": value}),
            verdict=PASS,
        )
        yield made(
            f"honest-safetensors-{title}", "model.safetensors", _meta(value), verdict=PASS
        )
        yield made(
            f"honest-json-{title}",
            "config.json",
            json.dumps({"model_type": "bert", "state": value}).encode(),
            verdict=PASS,
        )


def _zip_with(comment: bytes = b"", extra: bytes = b"", member: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("model/version")
        info.extra = extra
        info.comment = member
        archive.writestr(info, b"3\n")
        archive.comment = comment
    return out.getvalue()


def _extra(data: bytes, kind: int = 0xBEEF) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _u8(data: bytes) -> bytes:
    """One tensor of bytes and one of numbers."""
    return safetensors_of(
        {
            "w": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]},
            "v": {"dtype": "F32", "shape": [4], "data_offsets": [len(data), len(data) + 16]},
        },
        data + struct.pack("<4f", 1, 2, 3, 4),
    )


def _npy(data: bytes) -> bytes:
    out = io.BytesIO()
    np.save(out, np.frombuffer(data, np.uint8))
    return out.getvalue()


def _raw_tensor(data: bytes) -> bytes:
    tensor = number(1, len(data)) + number(2, 2) + block(8, "w") + block(9, data)
    return onnx_of(tensors=[tensor])


def _in_gaps() -> Iterator[Sample]:
    made = Family("smuggled", "pickles between and behind members")
    yield made("zip-comment", "model.zip", _zip_with(comment=_PICKLE))
    yield made(
        "zip-comment-padded", "model.zip", _zip_with(comment=b"notes\n" + bytes(3) + _PICKLE)
    )
    yield made("zip-comment-base64", "model.zip", _zip_with(comment=base64.b64encode(_PICKLE)))
    yield made("zip-extra", "model.zip", _zip_with(extra=_extra(_PICKLE)))
    yield made("zip-member-comment", "model.zip", _zip_with(member=_PICKLE))
    between = raw_zip(Entry("a.txt", b"hello"), Entry("b.txt", b"hello", gap=_PICKLE))
    yield made("zip-between", "model.zip", between)
    yield made("zip-before", "model.zip", raw_zip(Entry("a.txt", b"hello", gap=_PICKLE)))
    tensors = Family("smuggled", "pickles in tensors of bytes")
    for title, data in {
        "protocol-4": _PICKLE,
        "protocol-2": payload(2),
        "protocol-5": payload(5),
        "padded": _PICKLE + bytes(16),
        "followed": _PICKLE + b"tail of other bytes",
        "protocol-0": _TEXT_PICKLE,
        "zip": zip_of({"data.pkl": payload()}),
        "gzip": gz(_PICKLE),
    }.items():  # fmt: skip
        yield tensors(f"bytes-safetensors-{title}", "model.safetensors", _u8(data))
        yield tensors(f"bytes-npy-{title}", "array.npy", _npy(data))
        yield tensors(f"bytes-onnx-{title}", "model.onnx", _raw_tensor(data))
    yield tensors("npz-protocol-4", "arrays.npz", zip_of({"a.npy": _npy(_PICKLE)}))


def _honest_gaps() -> Iterator[Sample]:
    made = Family("smuggled", "archives and tensors as they should be")
    yield made(
        "honest-zip-comment",
        "model.zip",
        _zip_with(comment=b"made by a packer, 2026"),
        verdict=PASS,
    )
    yield made(
        "honest-zip-extra",
        "model.zip",
        _zip_with(extra=_extra(b"\3" + bytes(8), 0x5455)),
        verdict=PASS,
    )
    for title, data in {
        "random-state": bytes(range(128, 256)) * 8,
        "marked": b"\x80\4" + bytes(range(200)) * 4,
        "marked-zeros": b"\x80\2" + bytes(64),
        "short": b"\x80\4.",
        "image": bytes([128, 3, 46, 46, 0, 9, 200, 12]) * 32 + b".",
    }.items():  # fmt: skip
        yield made(
            f"honest-safetensors-bytes-{title}", "model.safetensors", _u8(data), verdict=PASS
        )
        yield made(f"honest-npy-bytes-{title}", "array.npy", _npy(data), verdict=PASS)
        yield made(f"honest-onnx-bytes-{title}", "model.onnx", _raw_tensor(data), verdict=PASS)
    cut = Family("smuggled", "lengths that are made up")
    for title, data in {
        "ten-bytes": struct.pack("<Q", 1 << 40) + b"{}",
        "ten-bytes-short": struct.pack("<Q", 3) + b"{}",
        "cut-header": struct.pack("<Q", 100) + b'{"w":',
    }.items():  # fmt: skip
        verdict = FAIL if title == "ten-bytes" else INCONCLUSIVE
        yield cut(f"safetensors-{title}", "model.safetensors", data, verdict=verdict)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _in_texts()
    yield from _honest_texts()
    yield from _in_gaps()
    yield from _honest_gaps()
