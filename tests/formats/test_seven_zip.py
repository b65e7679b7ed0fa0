"""7z archives: headers written by hand, since nothing in the environment writes them."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.contents import Contents
from modelkeep.formats.seven_zip import read
from samples import bomb, budget, damage, prefixes, scan_bytes

EVIL = bomb()
LZMA1 = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}
LZMA2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}
X86 = {"id": lzma.FILTER_X86}
DELTA = {"id": lzma.FILTER_DELTA, "dist": 4}
LZMA1_CODER = b"\x23\3\1\1\5\x5d\0\0\1\0"
LZMA2_CODER = b"\x21\x21\1\x08"


def raw(*filters: Mapping[str, int], data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[dict(f) for f in filters])


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def num(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def streams(packed: int, coders: list[bytes], sizes: list[int], files: list[bytes]) -> bytes:
    """One folder: its first coder takes the packed bytes, each feeds the next."""
    bonds = b"".join(num(i + 1) + num(i) for i in range(len(coders) - 1))
    folder = num(len(coders)) + b"".join(coders) + bonds
    total = sum(map(len, files))
    out = b"\6\0\1\x09" + num(packed) + b"\0"
    out += b"\7\x0b\1\0" + folder + b"\x0c" + b"".join(map(num, sizes or [total] * len(coders)))
    out += b"\0\x08\x0d" + num(len(files))
    if len(files) > 1:
        out += b"\x09" + b"".join(num(len(body)) for body in files[:-1])
    out += b"\x0a\1" + b"".join(struct.pack("<I", zlib.crc32(body)) for body in files)
    return out + b"\0\0"


def seven_of(
    files: Mapping[str, bytes],
    packed: bytes,
    *coders: bytes,
    attributes: Mapping[str, int] | None = None,
    crc: int | None = None,
) -> bytes:
    names = ("\0".join(files) + "\0").encode("utf-16-le")
    listing = b"\5" + num(len(files)) + b"\x11" + num(len(names) + 1) + b"\0" + names
    if attributes:
        values = b"".join(struct.pack("<I", attributes.get(name, 0)) for name in files)
        listing += b"\x15" + num(len(values) + 2) + b"\1\0" + values
    header = b"\1\4" + streams(len(packed), list(coders), [], list(files.values()))
    return wrapped(packed, header + listing + b"\0\0", crc)


def wrapped(packed: bytes, header: bytes, crc: int | None = None) -> bytes:
    digest = zlib.crc32(header) if crc is None else crc
    start = struct.pack("<QQI", len(packed), len(header), digest)
    return (
        b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start
        + packed + header
    )  # fmt: skip


def opened(data: bytes) -> tuple[list[tuple[str, bytes]], list[str], Reading]:
    reading = Reading()
    errors = []
    try:
        read(MemorySource(data), budget(), reading)
    except MalformedArtifactError as broken:
        errors.append(str(broken))
    bodies = []
    for inner in reading.parts:
        try:
            source = inner.open()
        except MalformedArtifactError as broken:
            errors.append(str(broken))
        else:
            bodies.append((inner.member, source.read(0, source.size)))
    return bodies, errors, reading


FILES = {"a.pkl": EVIL, "b/c.bin": bytes(range(256)) * 9}
JOINED = b"".join(FILES.values())
WAYS: dict[str, tuple[bytes, list[bytes]]] = {
    "copy": (JOINED, [b"\1\0"]),
    "lzma": (raw(LZMA1, data=JOINED), [LZMA1_CODER]),
    "lzma2": (raw(LZMA2, data=JOINED), [LZMA2_CODER]),
    "x86": (raw(X86, LZMA2, data=JOINED), [LZMA2_CODER, b"\4\3\3\1\3"]),
    "delta": (raw(DELTA, LZMA2, data=JOINED), [LZMA2_CODER, b"\x21\3\1\3"]),
    "bzip2": (bz2.compress(JOINED), [b"\3\4\2\2"]),
    "deflate": (deflate(JOINED), [b"\3\4\1\x08"]),
    "zstandard": (zstandard.ZstdCompressor().compress(JOINED), [b"\4\4\xf7\x11\1"]),
}


@pytest.mark.parametrize("way", WAYS)
def test_files_are_unpacked(tmp_path: Path, way: str) -> None:
    packed, coders = WAYS[way]
    data = seven_of(FILES, packed, *coders)
    assert sniff(MemorySource(data)) == ("7z",)
    bodies, errors, reading = opened(data)
    assert bodies == list(FILES.items())
    assert (errors, reading.lies) == ([], [])
    result = scan_bytes(tmp_path, data, name="m.bin")
    assert result.verdict is Verdict.FAIL


def test_a_packed_header_is_unpacked_first() -> None:
    plain = seven_of(FILES, JOINED, b"\1\0")
    header = plain[32 + len(JOINED) :]
    small = raw(LZMA1, data=header)
    place = streams(len(small), [LZMA1_CODER], [], [header]).replace(
        b"\6\0", b"\6" + num(len(JOINED)), 1
    )
    data = wrapped(JOINED + small, b"\x17" + place)
    assert opened(data)[0] == list(FILES.items())


@pytest.mark.parametrize(
    ("coders", "reason"),
    [
        ([b"\4\6\xf1\7\1"], r"AES (encrypted)"),
        ([b"\3\3\4\1"], "PPMd"),
        ([b"\1\0", b"\4\3\3\1\3"], "method 03030103"),
        ([b"\2\x77\x77"], "method 7777"),
        ([b"\x21\x21\1\xff"], "LZMA2 settings"),
    ],
)
def test_a_method_that_is_not_read_is_named(
    tmp_path: Path, coders: list[bytes], reason: str
) -> None:
    data = seven_of({"a": b"x"}, b"x", *coders)
    bodies, errors, _ = opened(data)
    assert bodies == []
    assert any(reason in error for error in errors)
    assert scan_bytes(tmp_path, data).verdict is Verdict.INCONCLUSIVE


def test_kinds_of_files_are_told_apart() -> None:
    files = {"l": b"/etc/passwd", "d": b"", "f": b"x"}
    attributes = {"l": 0x8000 | 0o120777 << 16, "d": 0x10}
    document = opened(seven_of(files, b"/etc/passwdx", b"\1\0", attributes=attributes))[
        2
    ].document
    assert isinstance(document, Contents)
    assert [(e.name, e.kind, e.target) for e in document.entries] == [
        ("l", "symlink", "/etc/passwd"), ("d", "folder", ""), ("f", "file", ""),
    ]  # fmt: skip


def test_a_name_that_escapes_fails(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, seven_of({"../a": b"x"}, b"x", b"\1\0"))
    assert {finding.rule.id for finding in result.findings} == {"ARC001"}


def test_checksums_are_compared_and_hide_nothing() -> None:
    data = seven_of(FILES, JOINED, b"\1\0")
    forged = data[:40] + bytes([data[40] ^ 1]) + data[41:]
    bodies, errors, reading = opened(forged)
    assert len(bodies) == 2
    assert [sentence for _, sentence in reading.lies] == ["file 'a.pkl' does not match its CRC"]
    assert errors == []
    bodies, errors, _ = opened(seven_of(FILES, JOINED, b"\1\0", crc=1))
    assert bodies == list(FILES.items())
    assert errors == ["7z header does not match its CRC"]


def test_what_follows_the_archive_is_a_part() -> None:
    assert opened(seven_of(FILES, JOINED, b"\1\0") + EVIL)[0][-1] == ("trailing", EVIL)


def test_what_came_before_damage_is_handed_out() -> None:
    noise = bytes(i * i % 251 for i in range(50_000))
    packed = raw(LZMA2, data=EVIL + noise)
    broken = packed[:-400] + b"\xff" * 400
    bodies, errors, _ = opened(seven_of({"a": EVIL + noise}, broken, LZMA2_CODER))
    assert errors
    assert bodies == [] or bodies[0][1].startswith(EVIL)


@pytest.mark.parametrize("way", ["copy", "lzma2"])
def test_an_archive_cut_short_anywhere_is_malformed(way: str) -> None:
    packed, coders = WAYS[way]
    data = seven_of(FILES, packed, *coders)
    for cut in prefixes(data)[6::7]:
        assert opened(cut)[1]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(WAYS)),
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 5), st.binary(max_size=5)), max_size=4
    ),
    st.booleans(),
)
def test_any_bytes_are_read_or_refused(
    way: str, edits: list[tuple[int, int, bytes]], ends: bool
) -> None:
    packed, coders = WAYS[way]
    data = seven_of(FILES, packed, *coders)
    kept = len(data) - 200 if ends else 0  # the header is at the end
    data = data[:kept] + damage(data[kept:], edits)
    try:
        opened(data)
    except ModelkeepError:
        return
