"""Streams packed into the strings of a header: base64, hexadecimal, text pickles, code, JSON.

Free text of a file that only holds numbers is a place to carry a payload. A string is
handed out when what it stands for is a stream of its own; prose and plain numbers are not.
"""

from __future__ import annotations

import ast
import base64
import binascii
import re
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import MemorySource, Part, part
from modelkeep.formats.json_text import parse as parse_json

_BASE64: Final = re.compile(r"(?:data:[\w/.+-]+;base64,)?([A-Za-z0-9+/_\s-]{16,}={0,2})\s*")
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2}){12,}")
_TEXT_PICKLE: Final = re.compile(r"(?:\(?c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\(?[dl]p0?\n)")
_PICKLE: Final = re.compile(rb"\x80[\x02-\x05]")
_MAGICS: Final = (
    b"PK\x03\x04", b"\x1f\x8b\x08", b"\x7fELF", b"MZ", b"7z\xbc\xaf\x27\x1c", b"\x89HDF",
    b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"#!/", b"\x93NUMPY", b"GGUF",
)  # fmt: skip
_LONGEST: Final = 1 << 24
_LONGEST_CODE: Final = 1 << 16
_CALL: Final = re.compile(r"\b(?:import|exec|eval|compile|getattr|__import__|open)\b|\w\(")


def payload_parts(values: Mapping[str, object], where: str) -> Iterator[Part]:
    """What strings of a map stand for, where that is a stream.

    Args:
        values: the map; values that are no text are passed over.
        where: what its parts are named after.
    """
    for key, value in values.items():
        if not isinstance(value, str) or not 8 < len(value) <= _LONGEST:
            continue
        name = f"{where}.{key}"
        if _TEXT_PICKLE.match(value):
            yield part(MemorySource(value.encode("utf-8", "replace")), name)
        elif value[0] in "{[" and _is_json(value):
            yield part(MemorySource(value.encode("utf-8", "backslashreplace")), name, "json")
        elif match := _BASE64.fullmatch(value):
            for raw in _unpacked(match.group(1)):
                yield from _unpacked_part(raw, name)
        elif _is_code(value):
            yield _code(value, name)


def _unpacked_part(raw: bytes, name: str) -> Iterator[Part]:
    if raw.startswith(_MAGICS) or _PICKLE.match(raw):
        yield part(MemorySource(raw), name)
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return
    if _TEXT_PICKLE.match(text):
        yield part(MemorySource(raw), name)
    elif _is_code(text):
        yield _code(text, name)


def _code(text: str, name: str) -> Part:
    """A text that Python would run, named as such so that it is read as code."""
    return part(MemorySource(text.encode("utf-8", "backslashreplace")), f"{name}.py")


def _unpacked(text: str) -> Iterator[bytes]:
    """What hexadecimal or base64 text stands for, unpacked if it is compressed."""
    plain = "".join(text.split())
    if _HEXADECIMAL.fullmatch(plain):
        yield bytes.fromhex(plain)
        return
    plain = plain.replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        return
    yield _inflated(raw) if raw[:2] in (b"x\x01", b"x\x9c", b"x\xda") else raw


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, _LONGEST)
    except zlib.error:
        return raw


def _is_json(text: str) -> bool:
    try:
        parse_json(text.encode("utf-8", "backslashreplace"))
    except MalformedArtifactError:
        return False
    return True


def _is_code(text: str) -> bool:
    """Whether a whole text is Python that imports or calls; prose never parses."""
    if len(text) > _LONGEST_CODE or not _CALL.search(text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(n, ast.Call | ast.Import | ast.ImportFrom) for n in ast.walk(tree))
