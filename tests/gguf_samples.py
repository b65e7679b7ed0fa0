"""GGUF files written by hand; nothing here is ever loaded."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

U32, F32, BOOL, STRING, ARRAY, U64 = 4, 6, 7, 8, 9, 10


@dataclass(frozen=True)
class Writer:
    """Writes one version in one byte order."""

    version: int = 3
    order: str = "<"

    def u32(self, value: int) -> bytes:
        return struct.pack(self.order + "I", value)

    def u64(self, value: int) -> bytes:
        return struct.pack(self.order + "Q", value)

    def count(self, value: int) -> bytes:
        return self.u32(value) if self.version == 1 else self.u64(value)

    def text(self, value: str | bytes, length: int | None = None) -> bytes:
        raw = value.encode() if isinstance(value, str) else value
        return self.count(len(raw) if length is None else length) + raw

    def value(self, value: object) -> tuple[int, bytes]:
        if isinstance(value, bool):
            return BOOL, bytes([value])
        if isinstance(value, int):
            return (U32, self.u32(value)) if value < 1 << 32 else (U64, self.u64(value))
        if isinstance(value, float):
            return F32, struct.pack(self.order + "f", value)
        if isinstance(value, str):
            return STRING, self.text(value)
        assert isinstance(value, list)
        parts = [self.value(each) for each in value]
        kind = parts[0][0] if parts else STRING
        return ARRAY, self.u32(kind) + self.count(len(parts)) + b"".join(b for _, b in parts)

    def pair(self, key: str, value: object) -> bytes:
        kind, body = self.value(value)
        return self.text(key) + self.u32(kind) + body

    def tensor(self, name: str, shape: Iterable[int], offset: int, kind: int = 0) -> bytes:
        extents = [self.count(extent) for extent in shape]
        head = self.text(name) + self.u32(len(extents)) + b"".join(extents)
        return head + self.u32(kind) + self.u64(offset)

    def file(
        self,
        pairs: Iterable[bytes] = (),
        tensors: Iterable[bytes] = (),
        data: bytes = b"",
        *,
        alignment: int = 32,
    ) -> bytes:
        pairs, tensors = list(pairs), list(tensors)
        out = b"GGUF" + self.u32(self.version)
        out += self.count(len(tensors)) + self.count(len(pairs))
        out += b"".join(pairs) + b"".join(tensors)
        return out + b"\0" * (-len(out) % alignment) + data


V3 = Writer()


def gguf_of(
    metadata: Mapping[str, object], *, writer: Writer = V3, tensors: int = 2, tail: bytes = b""
) -> bytes:
    """An honest file: each tensor is five floats in 32 bytes."""
    pairs = [writer.pair(key, value) for key, value in metadata.items()]
    infos = [writer.tensor(f"blk.{n}.weight", (5,), 32 * n) for n in range(tensors)]
    body = (struct.pack(writer.order + "5f", *range(5)) + b"\0" * 12) * tensors
    return writer.file(pairs, infos, body + tail)


PLAIN = {
    "general.architecture": "llama",
    "general.alignment": 32,
    "llama.context_length": 8192,
    "llama.rope.freq_base": 10000.0,
    "general.is_tied": True,
    "general.parameter_count": 1 << 40,
    "general.tags": ["a", "b"],
    "nested": [["a"], ["b", "c"]],
    "general.languages": [],
    "tokenizer.ggml.tokens": [f"token{n}" for n in range(1500)],
    "tokenizer.ggml.scores": [float(n) for n in range(1500)],
}
