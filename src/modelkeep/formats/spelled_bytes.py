"""Bytes spelled as text: hexadecimal, base64 and its relatives, compressed or spelled twice.

A text is undone only if it could spell what the caller is looking for: two letters tell
that for every spelling, so that millions of ordinary words cost next to nothing.

Sources: RFC 4648; ``base64`` of the standard library; RFC 2397 (``data:`` addresses).
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final

LONGEST: Final = 1 << 24
_SHORTEST: Final = 14
_MARKED: Final = re.compile(
    r"\s*(?:data:[\w/.+-]{0,80}(?:;[\w=-]{1,40}){0,4},|0x|base64[:,]|b64:|hex:)?"
)
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2}\s?){7,}\s*")
_BASE32: Final = re.compile(r"[A-Z2-7\s]{14,}={0,6}\s*")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\s-]{14,}={0,2}\s*")
_BASE85: Final = re.compile(r"(?:<~)?[!-~\s]{14,}")
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_TWICE: Final = 2
_LETTERS: Final = 2


def unpack_base64(text: str) -> bytes | None:
    """What standard or URL-safe base64 stands for, or ``None`` if it is something else."""
    try:
        raw = (
            "".join(text.split())
            .rstrip("=")
            .replace("-", "+")
            .replace("_", "/")
            .encode("ascii")
        )
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _base32(text: str) -> bytes:
    plain = "".join(text.split()).rstrip("=")
    return base64.b32decode(plain + "=" * (-len(plain) % 8))


def _base85(text: str) -> bytes:
    return base64.b85decode("".join(text.split()))


def _ascii85(text: str) -> bytes:
    plain = "".join(text.split()).removeprefix("<~").removesuffix("~>")
    return base64.a85decode(plain)


_SPELLINGS: Final[tuple[tuple[re.Pattern[str], Callable[[str], bytes | None]], ...]] = (
    (_HEXADECIMAL, lambda text: bytes.fromhex("".join(text.split()))),
    (_BASE32, _base32),
    (_BASE64, unpack_base64),
    (_BASE85, _base85),
    (_BASE85, _ascii85),
)
_SPELL: Final[tuple[Callable[[bytes], bytes], ...]] = (
    binascii.hexlify,
    base64.b32encode,
    base64.b64encode,
    base64.b85encode,
    base64.a85encode,
)


@functools.cache
def _beginnings(marks: tuple[bytes, ...]) -> frozenset[str]:
    """The first two letters of every text that spells bytes with one of these marks."""
    made: set[bytes] = set()
    for spell in _SPELL:
        once = {
            spell((mark + bytes([after]) + fill * 8)[:8])[: _LETTERS + 1]
            for mark in (*marks, *_ZLIB)
            for after in range(256)
            for fill in (b"\0", b"\xff")
        }
        made |= once
        for again in _SPELL[2:3]:  # base64 of any of them
            made |= {again(text + b"AAA")[:_LETTERS] for text in once}
    found = {text[:_LETTERS].decode("ascii") for text in made}
    return frozenset(found | {text.upper() for text in found if text[0] in "0123456789"})


def spelled(text: str, marks: tuple[bytes, ...] | None = None) -> Iterator[bytes]:
    """What a text may stand for, compressed data unpacked.

    Args:
        text: any text.
        marks: how the bytes looked for can begin; ``None`` for any bytes, which only
            hexadecimal and base64 are tried for.
    """
    if not _SHORTEST <= len(text) <= LONGEST:
        return
    start = _MARKED.match(text)
    at = start.end() if start else 0
    beginning = text[at : at + _LETTERS]
    if marks is not None and beginning not in _beginnings(marks) and beginning != "<~":
        return
    yield from _undone(text[at:], marks, _TWICE)


def _undone(text: str, marks: tuple[bytes, ...] | None, times: int) -> Iterator[bytes]:
    for pattern, undo in _SPELLINGS:
        if marks is None and pattern in (_BASE32, _BASE85):
            continue
        if pattern.fullmatch(text) is None:
            continue
        raw = _tried(undo, text)
        if raw is None:
            continue
        raw = _inflated(raw) if raw.startswith(_ZLIB) else raw
        if times > 1 and raw[:LONGEST].isascii() and b"\0" not in raw:
            yield from _undone(raw.decode("ascii"), marks, times - 1)
        yield raw
        if marks is None:
            return


def _tried(undo: Callable[[str], bytes | None], text: str) -> bytes | None:
    try:
        return undo(text)
    except (ValueError, binascii.Error):
        return None


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, LONGEST)
    except zlib.error:
        return raw
