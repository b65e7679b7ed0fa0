"""MessagePack within bounds: what Flax and Orbax save, and some caches.

The format has no way to name code; extension types carry bytes that a library gives
meaning to (Flax: 1 an array, 2 a complex number, 3 a NumPy scalar). The walk proves that the
document is whole, keeps the keys and texts for rules, and hands out binary values that pass
for a file of their own, such as a pickle.

Sources: MessagePack specification (formats, extension types); Flax ``serialization.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import pickle_stream
from modelkeep.formats.interface import Budget, Format, Reading, Source, cut, part, read_exactly
from modelkeep.formats.tree import Tree

_DEEPEST: Final = 64
_TEXT: Final = 1 << 16  # bytes of a text that are kept
_FIXED: Final = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2,
                 0xD2: 4, 0xD3: 8}  # fmt: skip
_SIZED: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2,
                 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}  # fmt: skip
_EXTENSION: Final = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_CONSTANT: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_MAGIC: Final = (b"PK\x03\x04", b"\x1f\x8b", b"\x93NUM")
_KEYS: Final = range(0x81, 0x90)


@dataclass(slots=True)
class _Walk:
    source: Source
    budget: Budget
    reading: Reading
    tree: Tree
    at: int = 0

    def take(self, length: int) -> bytes:
        data = read_exactly(self.source, self.at, length, "MessagePack value")
        self.at += length
        return data

    def skip(self, length: int) -> int:
        if self.at + length > self.source.size:
            raise MalformedArtifactError(f"MessagePack value at {self.at:#x} ends too late")
        start = self.at
        self.at += length
        return start

    def value(self, depth: int) -> object:
        if depth > _DEEPEST:
            raise LimitExceededError(f"MessagePack nested deeper than {_DEEPEST}")
        self.budget.operations(1)
        code = self.take(1)[0]
        if code < 0x80 or code >= 0xE0:
            return code
        if code < 0x90:
            return self.mapping(code & 0x0F, depth)
        if code < 0xA0:
            return self.sequence(code & 0x0F, depth)
        if code < 0xC0:
            return self.text(code & 0x1F)
        return self.typed(code, depth)

    def typed(self, code: int, depth: int) -> object:
        if code in _CONSTANT:
            return _CONSTANT[code]
        if code in _FIXED:
            self.skip(_FIXED[code])
            return 0
        if code in _SIZED:
            size = int.from_bytes(self.take(_SIZED[code]), "big")
            return self.sized(code, size, depth)
        if code in _EXTENSION:
            self.binary(1 + _EXTENSION[code], 1)
            return None
        raise MalformedArtifactError(f"no MessagePack type {code:#04x} at {self.at - 1:#x}")

    def sized(self, code: int, size: int, depth: int) -> object:
        if code <= 0xC9:
            head = int(code > 0xC6)  # the type of an extension
            self.binary(head + size, head)
            return None
        if code <= 0xDB:
            return self.text(size)
        return self.sequence(size, depth) if code <= 0xDD else self.mapping(size, depth)

    def text(self, size: int) -> str:
        start = self.skip(size)
        return self.source.read(start, min(size, _TEXT)).decode("utf-8", "backslashreplace")

    def binary(self, size: int, head: int) -> None:
        start = self.skip(size) + head
        content = cut(self.source, start, size - head)
        if content.read(0, 4).startswith(_MAGIC) or pickle_stream.looks_like(content):
            self.budget.entry()
            self.reading.parts.append(part(content, f"[{start:#x}]"))

    def sequence(self, count: int, depth: int) -> list[object]:
        return [self.value(depth + 1) for _ in range(count)]

    def mapping(self, count: int, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for _ in range(count):
            key = str(self.value(depth + 1))
            if key in found:
                self.tree.hidden.append((key, found[key]))
                self.reading.lies.append((self.at, f"key {key!r} stands twice in one map"))
            found[key] = self.value(depth + 1)
        return found


def looks_like(source: Source) -> bool:
    """Whether the file is a map whose first key is a short text, as Flax writes it."""
    head = source.read(0, 64)
    at = {0xDE: 3, 0xDF: 5}.get(head[0], 1) if head else 1
    if len(head) <= at or not (head[0] in _KEYS or head[0] in (0xDE, 0xDF)):
        return False
    size = head[at] & 0x1F
    key = head[at + 1 : at + 1 + size]
    return 0xA0 < head[at] < 0xC0 and len(key) == size and all(32 <= byte < 127 for byte in key)


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Tree`` of maps, lists and texts; numbers are left out.

    Raises:
        MalformedArtifactError: not MessagePack, or cut short.
        LimitExceededError: nested too deep, or more values than the limits allow.
    """
    tree = Tree()
    reading.document = tree
    walk = _Walk(source, budget, reading, tree)
    tree.value = walk.value(0)
    if walk.at < source.size:
        rest = cut(source, walk.at, source.size - walk.at)
        reading.parts.append(part(rest, "trailing"))


FORMAT: Final = Format("msgpack", looks_like, read, first=bytes([*_KEYS, 0xDE, 0xDF]))
