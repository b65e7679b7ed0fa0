"""Rewrite a pickle opcode by opcode so that a loader still does what it did.

A pickle has no branches: what stands before an opcode decides what it does. So the memo
can be renumbered, strings written by other opcodes, a name imported by another opcode, and
anything that leaves the stack as it was put between two opcodes. What stands behind the last
opcode that calls something can be cut off or damaged: a loader has run the call by then.
"""

from __future__ import annotations

import pickletools
import random
import struct
from dataclasses import dataclass
from typing import Final

from corpus.opcodes import (
    STACK_GLOBAL,
    unicode8,
    unicode32,
    unicode64,
    unicode_line,
)

CALLS: Final = frozenset({"REDUCE", "OBJ", "INST", "NEWOBJ", "NEWOBJ_EX", "BUILD"})
_PUTS: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_GETS: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_TEXTS: Final = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
_JUNK: Final = (
    b"N0", b"K\x070", b"(1", b"]0", b"}0", b")0", b"(K\x01K\x02t0", b"X\x01\0\0\0a0", b"\x880",
    b"(N(N11", b"J\0\0\0\x800", b"(lp4000\n0", b"\x8f0", b"C\x03cos0", b"U\x02os0", b"G" + bytes(8) + b"0",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Op:
    """One opcode: its name, its bytes, its argument."""

    name: str
    raw: bytes
    argument: object


def opcodes(data: bytes) -> list[Op] | None:
    """The opcodes of the first pickle, without frames; ``None`` if they cannot be told."""
    starts: list[tuple[str, object, int]] = []
    try:
        for opcode, argument, at in pickletools.genops(data):
            starts.append((opcode.name, argument, at or 0))
    except (ValueError, IndexError, struct.error, UnicodeError):
        return None
    ends = [at for _, _, at in starts[1:]] + [starts[-1][2] + 1]
    made = (
        Op(name, data[at:end], argument)
        for (name, argument, at), end in zip(starts, ends, strict=True)
    )
    return [op for op in made if op.name != "FRAME"]


def last_call(ops: list[Op]) -> int:
    """How many opcodes there are up to the last that calls something; all if none does."""
    places = [at for at, op in enumerate(ops) if op.name in CALLS]
    return places[-1] + 1 if places else len(ops)


def renumber(ops: list[Op], chance: random.Random) -> list[bytes]:
    """Give every memo entry another key, written by another opcode."""
    keys: dict[int, int] = {}
    seen: set[int] = set()
    fresh = chance.randrange(300, 900)
    out = []
    for op in ops:
        if op.name in _PUTS:
            key = len(seen) if op.name == "MEMOIZE" else int(str(op.argument))
            seen.add(key)
            keys[key] = fresh
            out.append(_put(fresh, chance))
            fresh += chance.randrange(1, 4)
        elif op.name in _GETS and int(str(op.argument)) in keys:
            key = keys[int(str(op.argument))]
            short = f"g{key}\n".encode()
            out.append(chance.choice([short, b"j" + struct.pack("<I", key)]))
        else:
            out.append(op.raw)
    return out


def _put(key: int, chance: random.Random) -> bytes:
    return chance.choice([f"p{key}\n".encode(), b"r" + struct.pack("<I", key)])


def respell(ops: list[Op], chance: random.Random) -> list[bytes]:
    """Write texts by other opcodes, and imports by two texts and STACK_GLOBAL."""
    out = []
    for op in ops:
        if op.name in _TEXTS and isinstance(op.argument, str) and chance.random() < 0.7:
            out.append(_text(op.argument, chance) or op.raw)
        elif op.name == "GLOBAL" and chance.random() < 0.7:
            module, _, name = str(op.argument).partition(" ")
            texts = [_text(part, chance) for part in (module, name)]
            out.append(b"".join(t for t in texts if t) + STACK_GLOBAL if all(texts) else op.raw)
        else:
            out.append(op.raw)
    return out


def _text(text: str, chance: random.Random) -> bytes | None:
    if not text.isascii() or "\n" in text or "\\" in text or len(text) > 200:
        return None
    return chance.choice([unicode8, unicode32, unicode64, unicode_line])(text)


def pad(pieces: list[bytes], chance: random.Random) -> list[bytes]:
    """Put opcodes that change nothing between others, up to the last call."""
    out = []
    for piece in pieces:
        out.append(piece)
        while chance.random() < 0.25:
            out.append(chance.choice(_JUNK))
    return out


def rewrite(data: bytes, chance: random.Random) -> bytes | None:
    """A pickle that does the same in other opcodes, or ``None`` where that cannot be proven."""
    ops = opcodes(data)
    if ops is None or ops[-1].name != "STOP":
        return None
    used = {op.name for op in ops}
    behind = data[_end(data) :]
    kind = chance.randrange(5)
    if kind == 0 and used & _PUTS:
        pieces = renumber(ops, chance)
    elif kind == 1:
        pieces = respell(ops, chance)
    elif kind == 2:
        return None if behind else _damaged(ops, chance)
    else:
        pieces = [op.raw for op in ops]
    # Junk of one kind has a memo key of its own, which would move those of MEMOIZE.
    if "MEMOIZE" not in used and ops[0].name == "PROTO":
        pieces = [pieces[0], *pad(pieces[1:-1], chance), pieces[-1]]
    elif "MEMOIZE" in used:
        pieces = [*pieces[:-1], *chance.choices(_JUNK[:10], k=3), pieces[-1]]
    return b"".join(pieces) + behind


def _end(data: bytes) -> int:
    return max(at or 0 for _, _, at in pickletools.genops(data)) + 1


def _damaged(ops: list[Op], chance: random.Random) -> bytes:
    """Cut off or damage what stands behind the last call."""
    keep = last_call(ops)
    if keep == len(ops):
        return b"".join(op.raw for op in ops) + chance.randbytes(9)
    head = b"".join(op.raw for op in ops[:keep])
    tail = bytearray(b"".join(op.raw for op in ops[keep:]))
    kind = chance.randrange(4)
    if kind == 0:
        return head
    if kind == 1:
        return head + chance.randbytes(chance.randrange(1, 30))
    for _ in range(chance.randrange(1, 4)):
        tail[chance.randrange(len(tail))] = chance.randrange(256)
    return head + bytes(tail) + (b"" if kind == 2 else chance.randbytes(4))
