"""Pickle opcodes that are rare enough to be read one by one.

Each entry takes the machine and the offset of its opcode, and returns the offset behind it.
Text arguments are decoded as the unpickler decodes them: integers in any base, memo keys
with leading zeros, on which ``pickletools`` stops.

Source: CPython ``Lib/pickletools.py`` (opcode table), ``Modules/_pickle.c`` (arguments).
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.pickle_constants import LINE_LIMIT, check_line
from modelkeep.formats.pickle_machine import Machine

Handler = Callable[[Machine, int], int]
_HIGHEST_PROTOCOL: Final = 5
_SIGNED_LENGTH: Final = struct.Struct("<i")
_NAMES: Final = {ord(info.code): info.name for info in pickletools.opcodes}


def _line(machine: Machine, at: int, name: str) -> tuple[object, int]:
    line = machine.line(at)
    return check_line(name, line), at + len(line) + 1


def _push_line(machine: Machine, at: int) -> int:
    """INT, LONG, FLOAT, STRING, UNICODE and PERSID: a value written as a line of text."""
    name = _NAMES[machine.source.read(at, 1)[0]]
    end = machine.end_of_line(at + 1) + 1
    # Protocol 0 writes whole arrays as text; only lines that a name could be are checked.
    if name != "PERSID" and end - at <= LINE_LIMIT:
        check_line(name, machine.line(at + 1))
    machine.stack.append(at + 1)
    return end


def _get(machine: Machine, at: int) -> int:
    key, end = _line(machine, at + 1, "GET")
    machine.get(int(str(key)))
    return end


def _put(machine: Machine, at: int) -> int:
    key, end = _line(machine, at + 1, "PUT")
    machine.put(int(str(key)))
    return end


def _global(machine: Machine, at: int) -> int:
    module, middle = _line(machine, at + 1, "GLOBAL")
    name, end = _line(machine, middle, "GLOBAL")
    machine.stack.append(machine.calls.import_(module, name, at, "GLOBAL"))
    return end


def _inst(machine: Machine, at: int) -> int:
    module, middle = _line(machine, at + 1, "INST")
    name, end = _line(machine, middle, "INST")
    machine.inst(str(module), str(name), at)
    return end


def _obj(machine: Machine, at: int) -> int:
    machine.obj(at)
    return at + 1


def _extension(width: int) -> Handler:
    def read(machine: Machine, at: int) -> int:
        code = int.from_bytes(machine.source.read(at + 1, width), "little")
        machine.extension(code, at)
        return at + 1 + width

    return read


def _proto(machine: Machine, at: int) -> int:
    version = machine.source.read(at + 1, 1)
    if not version or version[0] > _HIGHEST_PROTOCOL:
        raise MalformedArtifactError(f"broken pickle: protocol {version!r}")
    return at + 2


def _signed_length(machine: Machine, at: int) -> int:
    """BINSTRING and LONG4, whose length may be written as a negative number."""
    raw = machine.source.read(at + 1, 4)
    if len(raw) < _SIGNED_LENGTH.size:
        return at + 1 + _SIGNED_LENGTH.size  # behind the end, where the loop says so
    length: int = _SIGNED_LENGTH.unpack(raw)[0]
    if length < 0:
        raise MalformedArtifactError(f"broken pickle: length {length} at {at:#x}")
    machine.stack.append(at + 1)
    return at + 5 + length


def _unknown(machine: Machine, at: int) -> int:
    code = machine.source.read(at, 1)
    raise MalformedArtifactError(f"broken pickle: no opcode {code!r} at {at:#x}")


_BY_NAME: Final[dict[str, Handler]] = {
    **dict.fromkeys(("INT", "LONG", "FLOAT", "STRING", "UNICODE", "PERSID"), _push_line),
    "GET": _get,
    "PUT": _put,
    "GLOBAL": _global,
    "INST": _inst,
    "OBJ": _obj,
    "EXT1": _extension(1),
    "EXT2": _extension(2),
    "EXT4": _extension(4),
    "PROTO": _proto,
    "BINSTRING": _signed_length,
    "LONG4": _signed_length,
}
RARE: Final[tuple[Handler, ...]] = tuple(
    _BY_NAME.get(_NAMES.get(code, ""), _unknown) for code in range(256)
)
"""A handler for every byte; bytes that are no opcode raise."""
