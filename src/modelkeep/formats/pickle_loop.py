"""The inner loop of the pickle reader: every opcode, in line, once.

Made by tools/make_pickle_loop.py from CPython's opcode table; change that script, not
this file. ``pickle_machine`` says what the opcodes that matter do.

Source: CPython ``Lib/pickletools.py`` (opcode table, stack effects).
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.pickle_constants import EndsTooSoonError
from modelkeep.formats.pickle_machine import Machine
from modelkeep.formats.pickle_rare import RARE
from modelkeep.formats.pickle_values import TUPLE

WINDOW: Final = 1 << 18
_SLACK: Final = 512  # longest opcode that is read without asking whether it ends


def run(machine: Machine, start: int) -> int:
    """Run one pickle from ``start`` and return the offset behind its STOP.

    Raises:
        MalformedArtifactError: an opcode or argument that the unpickler would refuse.
        LimitExceededError: out of time, or more values than are held.
    """
    source = machine.source
    size = source.size
    values = machine.values
    memo = machine.memo
    far = machine.far
    marks = machine.marks
    pool = values.pool
    fill = values.mappings.add
    extend = values.sequences.add
    memo_append = memo.append
    pool_append = pool.append
    number = int.from_bytes
    stack = machine.stack
    push = stack.append
    at, buf, i, limit, here = start, b"", 0, 0, start + 1
    try:
        while True:
            if i >= limit:
                at += i
                if at >= size:
                    raise EndsTooSoonError
                buf = source.read(at, WINDOW + _SLACK)
                machine.enter(buf, at)
                limit = len(buf) - _SLACK
                if at + len(buf) >= size:
                    limit = len(buf)
                    buf += bytes(_SLACK)
                i = 0
                here = at + 1
            op = buf[i]
            if op >= 0x80:
                if op == 0x8C:  # SHORT_BINUNICODE
                    push(here + i)
                    k = i + 2 + buf[i + 1]
                    if k > limit or not buf[i + 2 : k].isascii():
                        machine.check_text(at + i)
                    i = k
                    if buf[i] == 0x94 and not far and i < limit:
                        memo_append(stack[-1])
                        i += 1
                elif op == 0x94:  # MEMOIZE
                    i += 1
                    if far:
                        machine.memoize()
                    else:
                        memo_append(stack[-1])
                elif op == 0x86:  # TUPLE2
                    i += 1
                    k = TUPLE + len(pool)
                    pool_append(2)
                    pool_append(stack[-2])
                    pool_append(stack.pop())
                    stack[-1] = k
                elif op == 0x87:  # TUPLE3
                    i += 1
                    k = TUPLE + len(pool)
                    pool_append(3)
                    pool_append(stack[-3])
                    pool_append(stack[-2])
                    pool_append(stack.pop())
                    stack.pop()
                    stack[-1] = k
                elif op == 0x85:  # TUPLE1
                    i += 1
                    k = TUPLE + len(pool)
                    pool_append(1)
                    pool_append(stack[-1])
                    stack[-1] = k
                elif op == 0x88:  # NEWTRUE
                    push(here + i)
                    i += 1
                elif op == 0x89:  # NEWFALSE
                    push(here + i)
                    i += 1
                elif op == 0x81:  # NEWOBJ
                    machine.newobj(at + i)
                    i += 1
                elif op == 0x93:  # STACK_GLOBAL
                    machine.stack_global(at + i)
                    i += 1
                elif op == 0x8A:  # LONG1
                    push(here + i)
                    i += 2 + buf[i + 1]
                elif op == 0x95:  # FRAME
                    i += 9
                elif op == 0x8D:  # BINUNICODE8
                    push(here + i)
                    k = i + 9 + number(buf[i + 1 : i + 9], "little")
                    if k > limit or not buf[i + 9 : k].isascii():
                        machine.check_text(at + i)
                    i = k
                elif op == 0x8E:  # BINBYTES8
                    push(here + i)
                    i += 9 + number(buf[i + 1 : i + 9], "little")
                elif op == 0x96:  # BYTEARRAY8
                    push(here + i)
                    i += 9 + number(buf[i + 1 : i + 9], "little")
                elif op == 0x8F:  # EMPTY_SET
                    push(here + i)
                    i += 1
                elif op == 0x90:  # ADDITEMS
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    i += 1
                    k = stack[-1]
                    if k > 0 and items:
                        extend(k, items)
                    elif items:
                        machine.append_made(at + i)
                elif op == 0x91:  # FROZENSET
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    extend(here + i, items)
                    push(here + i)
                    i += 1
                elif op == 0x92:  # NEWOBJ_EX
                    machine.newobj(at + i, keywords=True)
                    i += 1
                elif op == 0x97:  # NEXT_BUFFER
                    push(here + i)
                    i += 1
                elif op == 0x98:  # READONLY_BUFFER
                    stack[-1]
                    i += 1
                else:
                    i = RARE[op](machine, at + i) - at
                    stack = machine.stack
                    push = stack.append
            else:
                if op == 0x68:  # BINGET
                    k = buf[i + 1]
                    i += 2
                    if k < len(memo):
                        push(memo[k])
                    else:
                        machine.get(k)
                elif op == 0x4B:  # BININT1
                    push(here + i)
                    i += 2
                elif op == 0x58:  # BINUNICODE
                    push(here + i)
                    k = i + 5 + number(buf[i + 1 : i + 5], "little")
                    if k > limit or not buf[i + 5 : k].isascii():
                        machine.check_text(at + i)
                    i = k
                elif op == 0x71:  # BINPUT
                    k = buf[i + 1]
                    i += 2
                    if k == len(memo) and not far:
                        memo_append(stack[-1])
                    else:
                        machine.put(k)
                elif op == 0x4A:  # BININT
                    push(here + i)
                    i += 5
                elif op == 0x4D:  # BININT2
                    push(here + i)
                    i += 3
                elif op == 0x47:  # BINFLOAT
                    push(here + i)
                    i += 9
                elif op == 0x6A:  # LONG_BINGET
                    k = number(buf[i + 1 : i + 5], "little")
                    i += 5
                    if k < len(memo):
                        push(memo[k])
                    else:
                        machine.get(k)
                elif op == 0x72:  # LONG_BINPUT
                    k = number(buf[i + 1 : i + 5], "little")
                    i += 5
                    if k == len(memo) and not far:
                        memo_append(stack[-1])
                    else:
                        machine.put(k)
                elif op == 0x74:  # TUPLE
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    i += 1
                    push(values.tuple_of(items))
                elif op == 0x28:  # MARK
                    i += 1
                    marks.append(stack)
                    machine.stack = stack = []
                    push = stack.append
                elif op == 0x7D:  # EMPTY_DICT
                    push(here + i)
                    i += 1
                elif op == 0x5D:  # EMPTY_LIST
                    push(here + i)
                    i += 1
                elif op == 0x75:  # SETITEMS
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    i += 1
                    k = stack[-1]
                    if k > 0 and items:
                        fill(k, items)
                    elif items:
                        machine.fill_made(at + i)
                elif op == 0x65:  # APPENDS
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    i += 1
                    k = stack[-1]
                    if k > 0 and items:
                        extend(k, items)
                    elif items:
                        machine.append_made(at + i)
                elif op == 0x4E:  # NONE
                    push(here + i)
                    i += 1
                elif op == 0x73:  # SETITEM
                    i += 1
                    item = stack.pop()
                    key = stack.pop()
                    k = stack[-1]
                    if k > 0:
                        fill(k, [key, item])
                    else:
                        machine.fill_made(at + i)
                elif op == 0x61:  # APPEND
                    i += 1
                    item = stack.pop()
                    k = stack[-1]
                    if k > 0:
                        extend(k, [item])
                    else:
                        machine.append_made(at + i)
                elif op == 0x52:  # REDUCE
                    machine.reduce(at + i)
                    i += 1
                elif op == 0x62:  # BUILD
                    machine.build(at + i)
                    i += 1
                    k = machine.array_block(at + i, run)
                    if k < 0:
                        k = run(machine.inner(), at + i)
                    i = k - at
                elif op == 0x29:  # EMPTY_TUPLE
                    i += 1
                    push(TUPLE)
                elif op == 0x43:  # SHORT_BINBYTES
                    push(here + i)
                    i += 2 + buf[i + 1]
                elif op == 0x42:  # BINBYTES
                    push(here + i)
                    i += 5 + number(buf[i + 1 : i + 5], "little")
                elif op == 0x51:  # BINPERSID
                    stack[-1] = here + i
                    i += 1
                elif op == 0x55:  # SHORT_BINSTRING
                    push(here + i)
                    i += 2 + buf[i + 1]
                elif op == 0x6C:  # LIST
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    extend(here + i, items)
                    push(here + i)
                    i += 1
                elif op == 0x64:  # DICT
                    items = stack
                    machine.stack = stack = marks.pop()
                    push = stack.append
                    fill(here + i, items)
                    push(here + i)
                    i += 1
                elif op == 0x32:  # DUP
                    i += 1
                    push(stack[-1])
                elif op == 0x30:  # POP
                    machine.drop()
                    i += 1
                    stack = machine.stack
                    push = stack.append
                elif op == 0x31:  # POP_MARK
                    machine.pop_mark()
                    i += 1
                    stack = machine.stack
                    push = stack.append
                elif op == 0x2E:  # STOP
                    stack.pop()
                    return at + i + 1
                else:
                    i = RARE[op](machine, at + i) - at
                    stack = machine.stack
                    push = stack.append
    except IndexError:
        place = at + i
        raise MalformedArtifactError(
            f"broken pickle: the opcode at {place:#x} takes a value from an empty stack"
        ) from None
