"""Write small 7z archives by hand: one folder, plain or by LZMA2 (7zFormat.txt)."""

from __future__ import annotations

import lzma
import struct
import zlib


def _number(value: int) -> bytes:
    """How 7z writes a number: leading ones tell how many bytes follow."""
    for extra in range(8):
        if value < 1 << (7 + 7 * extra):
            mask = 0xFF00 >> extra & 0xFF
            high = value >> 8 * extra
            return bytes([mask | high]) + (value & (1 << 8 * extra) - 1).to_bytes(
                extra, "little"
            )
    return b"\xff" + value.to_bytes(8, "little")


def seven_zip_of(name: str, data: bytes, *, packed: bool = False) -> bytes:
    """An archive with one file."""
    coder, body = b"\x01\x00", data
    if packed:
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
        body = lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)
        coder = b"\x21\x21\x01\x08"
    packs = b"\x06\x00\x01\x09" + _number(len(body)) + b"\x00"
    folders = b"\x07\x0b\x01\x00\x01" + coder + b"\x0c" + _number(len(data)) + b"\x00"
    names = name.encode("utf-16-le") + b"\0\0"
    files = b"\x05\x01\x11" + _number(len(names) + 1) + b"\x00" + names + b"\x00"
    header = b"\x01\x04" + packs + folders + b"\x08\x00\x00" + files + b"\x00"
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return (
        b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + header
    )
