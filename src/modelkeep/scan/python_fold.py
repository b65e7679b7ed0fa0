"""Compute the constants that a program would compute: hidden text is read as what it is.

``"o" + "s"``, ``chr`` lists, reversed strings, ``base64`` and ``zlib`` of constants hide
names and code from a search. Only pure functions on known values are computed here, each
with a bound on what it can make.

Sources: CWE-506; obfuscation techniques in published malicious packages.
"""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import codecs
import lzma
import operator
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from modelkeep.scan.python_values import (
    ASSEMBLED,
    DECODED,
    HOLE,
    LONGEST,
    MISSING,
    Value,
    constant,
    joined,
    shown,
)

_DIGITS: Final = 4096
"""Largest integer that is computed, in bits."""
_MOST_ITEMS: Final = 10_000
_MOST_FIELDS: Final = 200
_ERRORS: Final = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    LookupError,
    AttributeError,
    OverflowError,
    ArithmeticError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    binascii.Error,
)
_ARITHMETIC: Final[dict[type, Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.RShift: operator.rshift,
}
_PURE_METHODS: Final = frozenset(
    """
    join replace format lower upper strip lstrip rstrip split rsplit encode decode hex title
    capitalize swapcase zfill removeprefix removesuffix translate splitlines partition
    tobytes to_bytes from_bytes get casefold maketrans copy find index count
    """.split()
)
_CODECS: Final = (
    *("utf", "u8", "ascii", "us_ascii", "latin", "iso", "l1", "cp", "rot", "hex", "base64"),
    *("zlib", "zip", "unicode_escape", "raw_unicode_escape", "charmap", "mbcs"),
)


def _inflate(data: bytes) -> bytes:
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, LONGEST)


def _raw_inflate(data: bytes, wbits: int = zlib.MAX_WBITS, *_: object) -> bytes:
    return zlib.decompressobj(wbits).decompress(data, LONGEST)


def _unpack_bz2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, LONGEST)


def _unpack_lzma(data: bytes, *_: object) -> bytes:
    return lzma.LZMADecompressor(memlimit=64 * LONGEST).decompress(data, LONGEST)


def _decode(data: object, encoding: str = "utf-8", *_: object) -> object:
    """Decode by a codec whose time and result are bounded by its input."""
    name = encoding.lower().replace("-", "_")
    if name.startswith(("zlib", "zip")) and isinstance(data, bytes):
        return _inflate(data)
    if not name.startswith(_CODECS):
        raise LookupError(encoding)
    if isinstance(data, str) and name.startswith(("hex", "base64")):
        data = data.encode()
    return codecs.decode(data, encoding)  # type: ignore[call-overload]


def _encode(data: str, encoding: str = "utf-8", *_: object) -> object:
    if not encoding.lower().replace("-", "_").startswith(_CODECS):
        raise LookupError(encoding)
    return codecs.encode(data, encoding)


def _lenient_base64(data: bytes | str, altchars: bytes | None = None, *_: object) -> bytes:
    return base64.b64decode(data, altchars)


_DECODERS: Final[dict[str, Callable[..., object]]] = {
    "base64.b64decode": _lenient_base64,
    "base64.standard_b64decode": _lenient_base64,
    "base64.decodebytes": base64.decodebytes,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.b32decode": base64.b32decode,
    "base64.b32hexdecode": base64.b32hexdecode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.a2b_hex,
    "binascii.a2b_base64": binascii.a2b_base64,
    "codecs.decode": _decode,
    "codecs.encode": _encode,
    "zlib.decompress": _raw_inflate,
    "gzip.decompress": _inflate,
    "bz2.decompress": _unpack_bz2,
    "lzma.decompress": _unpack_lzma,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytearray.fromhex,
    "urllib.parse.unquote": lambda text, *_: unquote(text),
}


def _bytes(data: Any = b"", *rest: Any) -> bytes:  # noqa: ANN401 - what a program passes
    if isinstance(data, int) and data > LONGEST:
        raise ValueError(data)
    return bytes(data, *rest)


def _numbers(*ends: int) -> list[int]:
    span = range(*ends)
    if len(span) > LONGEST // 10:
        raise ValueError(ends)
    return list(span)


_ASSEMBLERS: Final[dict[str, Callable[..., object]]] = {
    "builtins.chr": chr,
    "builtins.reversed": lambda data: list(data)[::-1],
    "builtins.str": lambda data="", *rest: str(data, *rest),
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.list": list,
    "builtins.tuple": list,
    "builtins.ord": ord,
    "builtins.int": int,
    "builtins.len": len,
    "builtins.sum": sum,
    "builtins.hex": hex,
    "builtins.str.maketrans": str.maketrans,
    "builtins.sorted": sorted,
    "builtins.range": _numbers,
    "operator.add": operator.add,
    "os.path.expanduser": lambda path: path,
    "os.path.expandvars": lambda path: path,
    "os.path.abspath": lambda path: path,
    "os.path.normpath": lambda path: path,
    "os.fspath": lambda path: path,
    "shlex.quote": lambda text: text,
    "shlex.split": str.split,
}
DECODERS: Final = frozenset(_DECODERS)


def call(dotted: str, args: Sequence[Value]) -> Value | None:
    """The result of a pure function on known values, or ``None``."""
    function = _DECODERS.get(dotted)
    label = DECODED if function is not None else ASSEMBLED
    function = function or _ASSEMBLERS.get(dotted)
    if function is None or not all(arg.known for arg in args):
        return None
    try:
        result = function(*(arg.constant for arg in args))
    except _ERRORS:
        return None
    return constant(result, joined(*args) | {label})


def method(receiver: Value, name: str, args: Sequence[Value]) -> Value | None:
    """The result of a pure method of a known text, bytes, list or map, or ``None``."""
    base = receiver.constant
    if name == "join" and isinstance(base, str) and args and args[0].items:
        return _join(base, args[0])
    if name == "format" and isinstance(base, str):
        return _format(receiver, args)
    if not isinstance(base, str | bytes | bytearray | list | dict | int):
        return None
    if not all(a.known for a in args) or not _is_bounded(base, name, args):
        return None
    try:
        if name in {"decode", "encode"}:
            convert: Callable[..., object] = _decode if name == "decode" else _encode
            result = convert(base, *(a.constant for a in args))
        else:
            result = getattr(base, name)(*(a.constant for a in args))
    except _ERRORS:
        return None
    return constant(result, receiver.labels | joined(*args) | {ASSEMBLED})


def _is_bounded(base: object, name: str, args: Sequence[Value]) -> bool:
    """Whether a method is pure and its result not much longer than what it is given."""
    if name == "replace" and len(args) > 1:
        return _small_replace(base, args)
    if name in {"zfill", "to_bytes"}:
        return False
    return name in _PURE_METHODS


def _small_replace(base: object, args: Sequence[Value]) -> bool:
    new = args[1].constant
    return (
        isinstance(base, str | bytes)
        and isinstance(new, str | bytes)
        and (len(base) * (len(new) + 1) < 4 * LONGEST)
    )


def _join(separator: str, items: Value) -> Value:
    pieces = [shown(item) for item in items.items or ()]
    return text(separator.join(pieces), joined(items) | {ASSEMBLED})


def _format(receiver: Value, args: Sequence[Value]) -> Value | None:
    """``str.format`` with plain fields only: a field may otherwise reach into objects."""
    out = str(receiver.constant)
    for place, arg in enumerate(args[:_MOST_FIELDS]):
        out = out.replace("{}", shown(arg), 1).replace(f"{{{place}}}", shown(arg))
        if len(out) > LONGEST:
            return None
    return text(out, receiver.labels | joined(*args) | {ASSEMBLED})


def text(content: str, labels: frozenset[str]) -> Value:
    """A text that may have holes."""
    if len(content) > LONGEST:
        return Value(labels=labels)
    known = HOLE not in content
    return Value(constant=content if known else MISSING, text=content, labels=labels)


def binary(kind: ast.operator, left: Value, right: Value) -> Value:
    """The result of an operator; a text keeps the pieces that are known."""
    labels = joined(left, right)
    if isinstance(kind, ast.Div) and (left.text or right.text):  # pathlib
        return Value("pathlib.Path()", text=f"{shown(left)}/{shown(right)}", labels=labels)
    if isinstance(kind, ast.Add) and (left.text or right.text):
        return text(shown(left) + shown(right), labels | {ASSEMBLED})
    if isinstance(kind, ast.Mod) and isinstance(left.constant, str):
        return _percent(left.constant, right, labels)
    try:
        made = _computed(kind, left.constant, right.constant, labels)
    except _ERRORS:
        made = None
    items = (left.items or ())[:_MOST_ITEMS] + (right.items or ())[:_MOST_ITEMS]
    return made or Value(items=items[:_MOST_ITEMS] or None, labels=labels)


def _computed(
    kind: ast.operator, one: object, two: object, labels: frozenset[str]
) -> Value | None:
    if isinstance(one, int) and isinstance(two, int):
        return _integers(kind, one, two, labels)
    if isinstance(kind, ast.Add):
        if isinstance(one, bytes) and isinstance(two, bytes):
            return constant(one + two, labels | {ASSEMBLED})
        if isinstance(one, list) and isinstance(two, list):
            return constant(one + two, labels)
    if isinstance(kind, ast.Mult) and isinstance(one, str | bytes) and isinstance(two, int):
        return constant(one * max(0, min(two, LONGEST // (len(one) + 1))), labels)
    return None


def _integers(kind: ast.operator, one: int, two: int, labels: frozenset[str]) -> Value:
    compute = _ARITHMETIC.get(type(kind))
    if compute is None or one.bit_length() + two.bit_length() > _DIGITS:
        return Value(labels=labels)
    return constant(compute(one, two), labels)


def _percent(template: str, right: Value, labels: frozenset[str]) -> Value:
    pieces = right.items if right.items is not None else (right,)
    out = template
    for piece in pieces[:_MOST_FIELDS]:
        for field in ("%s", "%r", "%d", "%c"):
            if field in out:
                out = out.replace(field, shown(piece), 1)
                break
    return text(out, labels | {ASSEMBLED})


def subscript(base: Value, index: Value, place: slice | None) -> Value:
    """An element or a slice of a known sequence or map."""
    labels = base.labels | index.labels
    try:
        if place is not None and isinstance(base.constant, str | bytes | list):
            return constant(base.constant[place], labels | {ASSEMBLED})
        if base.items is not None and isinstance(index.constant, int):
            return base.items[index.constant]
        if base.known and index.known:
            return constant(base.constant[index.constant], labels)  # type: ignore[index]
    except _ERRORS:
        pass
    return Value(labels=labels)
