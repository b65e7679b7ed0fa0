"""Write small HDF5 files by hand: groups, text attributes, links to elsewhere.

Layout: the HDF5 File Format Specification, version 0 superblock and version 1 headers.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

NOWHERE: Final = b"\xff" * 8
_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def _message(kind: int, body: bytes) -> bytes:
    body = _padded(body)
    return struct.pack("<HHBxxx", kind, len(body), 0) + body


def _header(*messages: bytes) -> bytes:
    body = b"".join(messages)
    return struct.pack("<BxHIIxxxx", 1, len(messages), 1, len(body)) + body


def attribute(name: str, text: bytes) -> bytes:
    """A message with a text of fixed length."""
    kind = struct.pack("<BBBBI", 0x13, 0x10, 0, 0, max(1, len(text)))
    return _attribute(name, kind, text)


def _attribute(name: str, kind: bytes, data: bytes) -> bytes:
    raw = name.encode() + b"\0"
    scalar = struct.pack("<BBBxxxxx", 1, 0, 0)
    head = struct.pack("<BxHHH", 1, len(raw), len(kind), len(scalar))
    return _message(0x0C, head + _padded(raw) + _padded(kind) + scalar + data)


class _File:
    """Blocks of a file with the places they landed at."""

    def __init__(self) -> None:
        self.data = bytearray(96)

    def add(self, block: bytes) -> int:
        """Append a block and say where it is."""
        self.data += bytes(-len(self.data) % 8)
        at = len(self.data)
        self.data += block
        return at

    def long_text(self, name: str, text: bytes) -> bytes:
        """A text attribute of variable length: its bytes go to a global heap."""
        item = struct.pack("<HHxxxxQ", 1, 1, len(text)) + _padded(text)
        size = max(4096, 16 + len(item) + 16)
        free = struct.pack("<HHxxxxQ", 0, 0, size - 16 - len(item))
        heap = b"GCOL" + struct.pack("<BxxxQ", 1, size) + item + free
        at = self.add(heap.ljust(size, b"\0"))
        base = struct.pack("<BBBBI", 0x13, 0, 0, 0, 1)
        kind = struct.pack("<BBBBI", 0x19, 0x01, 0, 0, 16) + base
        return _attribute(name, kind, struct.pack("<IQI", len(text), at, 1))

    def group(self, members: Mapping[str, int]) -> bytes:
        """An old-style group: a B-tree, a symbol node and a heap of names."""
        names, offsets = bytearray(8), []
        for name in sorted(members):
            offsets.append(len(names))
            names += _padded(name.encode() + b"\0")
        place = self.add(bytes(names))
        heap = self.add(b"HEAP" + struct.pack("<BxxxQQQ", 0, len(names), 1, place))
        symbols = b"".join(
            struct.pack("<QQIxxxx16x", offset, members[name], 0)
            for offset, name in zip(offsets, sorted(members), strict=True)
        )
        node = b"SNOD" + struct.pack("<BxH", 1, len(members)) + symbols.ljust(320, b"\0")
        leaf = self.add(node)
        last = offsets[-1] if offsets else 0
        keys = struct.pack("<QQQ", 0, leaf, last) if members else b""
        tree = b"TREE" + struct.pack("<BBH", 0, 0, int(bool(members))) + NOWHERE * 2 + keys
        return _message(0x11, struct.pack("<QQ", self.add(tree.ljust(544, b"\0")), heap))

    def finish(self, root: int) -> bytes:
        """The file with its first block filled in."""
        head = _SIGNATURE + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + struct.pack("<HHI", 4, 16, 0)
        head += bytes(8) + NOWHERE + struct.pack("<Q", len(self.data)) + NOWHERE
        head += struct.pack("<QQIxxxx16x", 0, root, 0)
        self.data[:96] = head
        return bytes(self.data)


def h5_of(
    attributes: Mapping[str, bytes],
    *,
    groups: Mapping[str, Mapping[str, bytes]] | None = None,
    long: bool = False,
) -> bytes:
    """A file whose root, and groups in it, carry text attributes."""
    file = _File()
    write = file.long_text if long else attribute
    inner = {}
    for name, texts in (groups or {}).items():
        messages = [file.group({}), *(write(key, text) for key, text in texts.items())]
        inner[name] = file.add(_header(*messages))
    messages = [file.group(inner), *(write(key, text) for key, text in attributes.items())]
    return file.finish(file.add(_header(*messages)))


def h5_with_link(target: str, path: str = "/weights", *, soft: bool = False) -> bytes:
    """A file whose root has a link to an object of another file."""
    file = _File()
    outside = b"\0" + target.encode() + b"\0" + path.encode() + b"\0"
    if soft:
        outside = path.encode()
    name = b"layer"
    link = struct.pack("<BBBB", 1, 0x08, 1 if soft else 64, len(name)) + name
    link += struct.pack("<H", len(outside)) + outside
    info = _message(0x02, b"\0\0" + NOWHERE * 2)
    return file.finish(file.add(_header(info, _message(0x0A, b"\0\0"), _message(0x06, link))))


def h5_with_storage(target: str) -> bytes:
    """A file with a data set whose bytes lie in another file."""
    file = _File()
    names = file.add(_padded(bytes(8) + target.encode() + b"\0"))
    size = len(file.data) - names
    heap = file.add(b"HEAP" + struct.pack("<BxxxQQQ", 0, size, 1, names))
    space = struct.pack("<BBBxxxxxQ", 1, 1, 0, 64)
    byte = struct.pack("<BBBBIHH", 0x10, 0, 0, 0, 1, 0, 8)
    files = struct.pack("<BxxxHHQ", 1, 1, 1, heap) + struct.pack("<QQQ", 8, 0, 64)
    layout = struct.pack("<BB", 3, 1) + NOWHERE + struct.pack("<Q", 64)
    data = file.add(
        _header(
            _message(0x01, space), _message(0x03, byte), _message(0x05, b"\2\2\2\0"),
            _message(0x07, files), _message(0x08, layout),
        )
    )  # fmt: skip
    return file.finish(file.add(_header(file.group({"kernel": data}))))
