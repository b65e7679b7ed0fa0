"""Small samples of every format and ways to damage them; nothing here is ever loaded.

What would run code is inert (``os.system("true")``) and only written, with ``pickle.dumps``
or by hand where no pickler writes the opcode.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from modelkeep.core import Finding
from modelkeep.formats import Budget, Limits, MemorySource
from modelkeep.scan import BUILT_IN, Context, Detector, FileResult, scan_artifact
from modelkeep.scan.streams import Stream, streams
from modelkeep.sources import open_artifact

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PAYLOAD = b"cos\nsystem\n(S'true'\ntR."


class Bomb:
    """Would run ``true`` in a shell if it were ever unpickled; it never is."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("true",)


def bomb(protocol: int = 4) -> bytes:
    """A pickle that would call ``os.system``."""
    return pickle.dumps({"w": Bomb()}, protocol)


def budget(**limits: int) -> Budget:
    """A fresh budget, with some limits tightened."""
    return Budget(Limits(**limits))


def polyglot() -> bytes:
    """A whole safetensors file that is also a whole pickle calling ``os.system``.

    ``U`` (SHORT_BINSTRING) is the low byte of the header's length; further ``U~`` in
    a string of the header step over it, and the opcodes lie in the tensor.
    """
    first, length = 100, 0x55 + 100 * 256
    end = 2 + first + 128 * -(-(length + 8 - 2 - first) // 128)
    size = end - 8 - length + len(PAYLOAD)
    header = bytearray(
        f'{{"w":{{"dtype":"U8","shape":[{size}],"data_offsets":[0,{size}]}},'
        f'"__metadata__":{{"a":"'.encode().ljust(length - 3, b"x")
    )
    for at in range(2 + first - 8, length, 128):
        header[at : at + 2] = b"U~"
    header += b'"}}'
    return struct.pack("<Q", length) + header + b"x" * (end - 8 - length) + PAYLOAD


# Archives


def zip_of(
    members: Mapping[str, bytes], *, method: int = zipfile.ZIP_STORED, stream: bool = False
) -> bytes:
    """An honest zip, as the standard library writes it to a file or to a pipe."""
    out = io.BytesIO()
    target = Pipe(out) if stream else out
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


class Pipe(io.RawIOBase):
    """Cannot seek, so that sizes follow the data in a descriptor."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        return self._out.write(data)


@dataclass(frozen=True)
class Entry:
    """One member of a hand-made zip; what is left out is written truthfully."""

    name: str
    data: bytes = b""
    local_name: str | None = None
    crc: int | None = None
    flags: int = 0
    mode: int = 0o100644
    extra: bytes = b""
    packed: int | None = None
    offset: int | None = None
    listed: bool = True
    stored: bool = True
    gap: bytes = b""


def raw_zip(*entries: Entry, count: int | None = None) -> bytes:
    """A zip written by hand, so that it can lie."""
    body, directory, listed = b"", b"", 0
    for entry in entries:
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        size = len(entry.data)
        packed = size if entry.packed is None else entry.packed
        at = len(body) if entry.offset is None else entry.offset
        name, local = entry.name.encode(), (entry.local_name or entry.name).encode()
        if entry.stored:
            body += struct.pack(
                "<4sHHHHHIIIHH", b"PK\3\4", 20, entry.flags, 0, 0, 0x21, crc, size, size,
                len(local), 0,
            )  # fmt: skip
            body += local + entry.data + entry.gap
        if entry.listed:
            listed += 1
            directory += struct.pack(
                "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 0x314, 20, entry.flags, 0, 0, 0x21, crc,
                packed, size, len(name), len(entry.extra), 0, 0, 0, entry.mode << 16, at,
            )  # fmt: skip
            directory += name + entry.extra
    number = listed if count is None else count
    end = struct.pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, number, number, len(directory), len(body), 0
    )
    return body + directory + end


def tar_of(
    *members: tuple[str, bytes], form: int = tarfile.USTAR_FORMAT, links: Mapping[str, str] = {}
) -> bytes:
    """A tar of files in the order given, then symbolic links by name and target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


# Tensors and arrays


def safetensors_of(header: object, buffer: bytes = b"") -> bytes:
    """A safetensors file from its header (JSON text or what to write as JSON)."""
    text = header if isinstance(header, str) else json.dumps(header)
    return struct.pack("<Q", len(text.encode())) + text.encode() + buffer


def tensor(start: int, end: int) -> dict[str, object]:
    """A header entry of bytes ``[start, end)``."""
    return {"dtype": "U8", "shape": [end - start], "data_offsets": [start, end]}


def npy_of(array: object) -> bytes:
    """An array as ``numpy.save`` writes it; an array of objects becomes a pickle in it."""
    out = io.BytesIO()
    np.save(out, np.asarray(array), allow_pickle=True)
    return out.getvalue()


def npy_with(header: str, data: bytes = b"", version: int = 1) -> bytes:
    """An array file from the text of its header."""
    text = header.encode("latin-1")
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def npy_header(descr: object, shape: str = "(1,)") -> str:
    """The text of a header with a descr of one's own."""
    return f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}"


# Protocol buffers


def varint(value: int) -> bytes:
    """Seven bits per byte, lowest first."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    """A varint field."""
    return varint(field << 3) + varint(value)


def block(field: int, body: bytes | str) -> bytes:
    """A length-delimited field."""
    raw = body.encode() if isinstance(body, str) else body
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def node(operator: str, domain: str = "", *rest: bytes) -> bytes:
    """A NodeProto; ``rest`` are further fields of it."""
    return block(4, operator) + (block(7, domain) if domain else b"") + b"".join(rest)


def outside(location: str, *rest: bytes, name: str = "w") -> bytes:
    """A TensorProto whose bytes lie at ``location``; ``rest`` goes into that pair."""
    pair = block(1, "location") + block(2, location) + b"".join(rest)
    return block(8, name) + block(13, pair) + number(14, 1)


def graph(*, nodes: Iterable[bytes] = (), tensors: Iterable[bytes] = ()) -> bytes:
    """A GraphProto."""
    return b"".join(block(1, n) for n in nodes) + b"".join(block(5, t) for t in tensors)


def onnx_of(
    *, nodes: Iterable[bytes] = (), tensors: Iterable[bytes] = (), rest: bytes = b""
) -> bytes:
    """A ModelProto; ``rest`` are further fields of it."""
    opset = block(8, number(2, 18))
    return number(1, 8) + block(7, graph(nodes=nodes, tensors=tensors)) + opset + rest


# Universal Binary JSON


def ubj_key(name: str) -> bytes:
    """An object's key with its length."""
    return b"U" + bytes([len(name)]) + name.encode()


UBJSON = (
    b"{L" + struct.pack(">q", 7) + b"learner"
    + b"{" + ubj_key("ok") + b"T" + ubj_key("n") + b"SU\x03abc"
    + ubj_key("weights") + b"[$d#U\x02" + struct.pack(">ff", 1.0, 2.0)
    + ubj_key("tree") + b"[#i\x02U\x01Z}}"
)  # fmt: skip

PLAIN = {"weights": [1, 2.5, None, True], "name": "café", "raw": b"\0\xff", "big": 1 << 70}

VALID: Mapping[str, bytes] = {
    **{f"pickle{protocol}": pickle.dumps(PLAIN, protocol) for protocol in PROTOCOLS},
    "zip": zip_of({"a.txt": b"hello", "b/c.bin": b"\0" * 40}),
    "zip packed": zip_of({"a.txt": b"hello" * 20, "b": b"x"}, method=zipfile.ZIP_DEFLATED),
    "zip stream": zip_of({"a.txt": b"hello" * 20}, method=zipfile.ZIP_DEFLATED, stream=True),
    "tar": tar_of(
        ("a.txt", b"hello"), ("b/" + "c" * 120, b"\0" * 600), form=tarfile.GNU_FORMAT
    ),
    "tar pax": tar_of(("ü" * 90, b"hello"), form=tarfile.PAX_FORMAT, links={"l": "a"}),
    "safetensors": safetensors_of({"a": tensor(0, 3), "b": tensor(3, 8)}, b"01234567"),
    "npy": npy_of(np.arange(6, dtype="<f4").reshape(2, 3)),
    "npy objects": npy_of(np.array([{"a": 1}], dtype=object)),
    "onnx": onnx_of(
        nodes=[node("Relu"), node("Cast", "ai.onnx")], tensors=[outside("weights.bin")]
    ),
    "json": b'{"a": [1, 2.5, "x\\"y", null], "b": {"c": true}}',
    "ubjson": UBJSON,
    "xml": b'<?xml version="1.0"?>\n<net name="m" version="11"><layers>'
    b'<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,3"/></layer>'
    b"</layers></net>\n",
    "yaml": b"---\na: &x [1, 2.5, 'y', null]\nb: {c: *x, d: !!str 5}\n? |\n  k\n: >-\n  v\n",
}


# Damage


def damage(data: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Replace some bytes by others: what is flipped, cut out, put in or cut off."""
    out = bytearray(data)
    for at, removed, put in edits:
        start = at % (len(out) + 1)
        out[start : start + removed] = put
    return bytes(out)


_EXTREMES = st.sampled_from([b"\xff" * 4, b"\xff" * 8, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80"])
_EDIT = st.tuples(
    st.integers(0, 1 << 12),
    st.integers(0, 12) | st.just(1 << 20),
    st.binary(max_size=8) | _EXTREMES,
)


def mutants(*kinds: str) -> st.SearchStrategy[bytes]:
    """Valid samples whose name starts with one of ``kinds``, damaged in a few places."""
    chosen = [data for name, data in VALID.items() if name.startswith(kinds)]
    edits = st.lists(_EDIT, min_size=1, max_size=4)
    return st.builds(damage, st.sampled_from(chosen), edits)


def prefixes(data: bytes) -> list[bytes]:
    """Every beginning of the sample that is not all of it."""
    return [data[:length] for length in range(len(data))]


# Scans


def read_streams(
    data: bytes, *, name: str = "m.bin", limits: Limits | None = None
) -> list[Stream]:
    """Every stream of bytes at hand."""
    return list(streams(MemorySource(data), name, Budget(limits or Limits())))


def found_by(
    detector: Detector,
    data: bytes,
    *,
    name: str = "m.bin",
    root: Iterable[str] = (),
    allow: Iterable[str] = (),
) -> list[Finding]:
    """What one rule says about bytes at hand."""
    runs = (
        detector.run(
            Context(
                location=stream.location,
                source=stream.source,
                format=stream.format,
                document=stream.document,
                lies=stream.reading.lies,
                budget=Budget(),
                root=frozenset(root),
                allow=frozenset(allow),
            )
        )
        for stream in read_streams(data, name=name)
        if detector.reads(stream.format)
    )
    return list(itertools.chain.from_iterable(runs))


def scan_bytes(
    folder: Path,
    data: bytes,
    *,
    name: str = "m.bin",
    limits: Limits | None = None,
    allow: Iterable[str] = (),
) -> FileResult:
    """Scan bytes as a file on disk with all built-in rules."""
    path = folder / name
    path.write_bytes(data)
    (result,) = scan_artifact(open_artifact(path), BUILT_IN, limits=limits, allow=allow).files
    return result
