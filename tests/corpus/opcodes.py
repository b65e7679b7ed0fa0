"""Write pickles opcode by opcode, as no pickler would; nothing here is ever loaded."""

from __future__ import annotations

import struct
from dataclasses import dataclass

STOP, MARK, POP, POP_MARK, DUP, REDUCE, BUILD = b".", b"(", b"0", b"1", b"2", b"R", b"b"
NONE, TRUE, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT = b"N", b"\x88", b")", b"]", b"}"
TUPLE, TUPLE1, TUPLE2, TUPLE3 = b"t", b"\x85", b"\x86", b"\x87"
APPEND, APPENDS, SETITEM, SETITEMS, LIST, DICT, OBJ = b"a", b"e", b"s", b"u", b"l", b"d", b"o"
NEWOBJ, NEWOBJ_EX, STACK_GLOBAL, MEMOIZE = b"\x81", b"\x92", b"\x93", b"\x94"


class Code(bytes):
    """Opcodes that leave one value on the stack."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Name:
    """A name to import."""

    module: str
    name: str


SYSTEM = Name("os", "system")


def proto(version: int) -> bytes:
    """The opcode that announces a protocol."""
    return b"\x80" + bytes([version])


def framed(body: bytes) -> bytes:
    """A frame around opcodes."""
    return b"\x95" + struct.pack("<Q", len(body)) + body


def unicode8(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def unicode32(text: str) -> bytes:
    """BINUNICODE."""
    raw = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def unicode64(text: str) -> bytes:
    """BINUNICODE8."""
    raw = text.encode()
    return b"\x8d" + struct.pack("<Q", len(raw)) + raw


def unicode_line(text: str) -> bytes:
    """UNICODE, one line of raw-unicode-escape."""
    return b"V" + text.encode("raw_unicode_escape") + b"\n"


def string_line(text: str) -> bytes:
    """STRING, one quoted line."""
    return b"S" + repr(text).encode() + b"\n"


def string8(text: str) -> bytes:
    """SHORT_BINSTRING."""
    return b"U" + bytes([len(text)]) + text.encode()


def string32(text: str) -> bytes:
    """BINSTRING."""
    return b"T" + struct.pack("<i", len(text)) + text.encode()


TEXTS = (unicode8, unicode32, unicode64, unicode_line, string_line, string8, string32)


def binary(data: bytes) -> bytes:
    """SHORT_BINBYTES or BINBYTES."""
    if len(data) < 256:
        return b"C" + bytes([len(data)]) + data
    return b"B" + struct.pack("<I", len(data)) + data


def global_(module: str, name: str) -> bytes:
    """GLOBAL, two lines."""
    return f"c{module}\n{name}\n".encode()


def stack_global(module: str, name: str) -> bytes:
    """Two strings and STACK_GLOBAL, as protocol 4 writes them."""
    return unicode8(module) + MEMOIZE + unicode8(name) + MEMOIZE + STACK_GLOBAL + MEMOIZE


def name(what: Name, protocol: int = 2) -> Code:
    """Import a name."""
    made = stack_global if protocol >= 4 else global_
    return Code(made(what.module, what.name))


def value(of: object, protocol: int = 2) -> Code:
    """The opcodes of a constant, a name or opcodes at hand."""
    if isinstance(of, Code | Name):
        return of if isinstance(of, Code) else name(of, protocol)
    if isinstance(of, tuple | list | dict):
        return _container(of, protocol)
    return Code(_constant(of, protocol))


def _constant(of: object, protocol: int) -> bytes:
    if of is None or isinstance(of, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[of]
    if isinstance(of, str):
        writers = {0: string_line, 1: unicode32, 2: unicode32, 3: unicode32}
        return writers.get(protocol, unicode8 if len(of) < 250 else unicode32)(of)
    if isinstance(of, bytes):
        return binary(of)
    if isinstance(of, int):
        return b"J" + struct.pack("<i", of) if protocol else f"I{of}\n".encode()
    if isinstance(of, float):
        return b"G" + struct.pack(">d", of)
    raise TypeError(f"no opcodes for {of!r}")


def _container(of: tuple | list | dict, protocol: int) -> Code:
    if isinstance(of, tuple):
        if not of:
            return Code(EMPTY_TUPLE)
        items = b"".join(value(item, protocol) for item in of)
        return Code(MARK + items + TUPLE)
    if isinstance(of, list):
        items = b"".join(value(item, protocol) for item in of)
        return Code(EMPTY_LIST + MARK + items + APPENDS if of else EMPTY_LIST)
    items = b"".join(value(k, protocol) + value(v, protocol) for k, v in of.items())
    return Code(EMPTY_DICT + MARK + items + SETITEMS if of else EMPTY_DICT)


def call(what: Name | Code, *arguments: object, protocol: int = 2) -> Code:
    """Call something: REDUCE."""
    return Code(value(what, protocol) + value(arguments, protocol) + REDUCE)


def instance(what: Name | Code, *arguments: object, protocol: int = 2) -> Code:
    """Make an instance: NEWOBJ."""
    return Code(value(what, protocol) + value(arguments, protocol) + NEWOBJ)


def build(target: Code, state: object, protocol: int = 2) -> Code:
    """Give a state: BUILD."""
    return Code(target + value(state, protocol) + BUILD)


def pickle_of(*bodies: bytes, protocol: int = 2) -> bytes:
    """A whole pickle; of several bodies all but the last are popped."""
    body = POP.join(bodies) + STOP
    if protocol >= 4:
        body = framed(body)
    return (proto(protocol) if protocol >= 2 else b"") + body


def system(command: str = "true", protocol: int = 2) -> Code:
    """The inert payload: ``os.system("true")``."""
    return call(SYSTEM, command, protocol=protocol)


def payload(protocol: int = 2) -> bytes:
    """A whole pickle that would call ``os.system("true")``."""
    return pickle_of(system(protocol=protocol), protocol=protocol)
