"""Write src/modelkeep/formats/pickle_loop.py: the inner loop of the pickle reader.

One Python function with all opcodes in line is two to three times as fast as a call per
opcode, and nobody wants to read or mend such a function. So it is made: from
CPython's own opcode table (codes, argument shapes, stack effects) and a few lines for
each opcode that does more than push a value. The order below is the order of the tests in
the loop, likeliest first.

python tools/make_pickle_loop.py           writes the file
python tools/make_pickle_loop.py --check   exits 1 if it differs
"""

from __future__ import annotations

import argparse
import pickletools
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/modelkeep/formats/pickle_loop.py"
INFO = {info.name: info for info in pickletools.opcodes}
WIDTH = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
HEAD = '''"""The inner loop of the pickle reader: every opcode, in line, once.

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
'''
TAIL = """
    except IndexError:
        place = at + i
        raise MalformedArtifactError(
            f"broken pickle: the opcode at {place:#x} takes a value from an empty stack"
        ) from None
"""
RENEW = "stack = machine.stack\npush = stack.append"
INTO = "i += 1\nk = stack[-1]\nif k > 0 and items:"
CLOSE = "items = stack\nmachine.stack = stack = marks.pop()\npush = stack.append"

# What opcodes do beyond pushing a value; ``i`` still points at the opcode.
BODY = {
    "MEMOIZE": "i += 1\nif far:\n    machine.memoize()\nelse:\n    memo_append(stack[-1])",
    "BINGET": "k = buf[i + 1]\ni += 2\nif k < len(memo):\n    push(memo[k])\nelse:\n"
    "    machine.get(k)",
    "LONG_BINGET": 'k = number(buf[i + 1 : i + 5], "little")\ni += 5\nif k < len(memo):\n'
    "    push(memo[k])\nelse:\n    machine.get(k)",
    "BINPUT": "k = buf[i + 1]\ni += 2\nif k == len(memo) and not far:\n"
    "    memo_append(stack[-1])\nelse:\n    machine.put(k)",
    "LONG_BINPUT": 'k = number(buf[i + 1 : i + 5], "little")\ni += 5\n'
    "if k == len(memo) and not far:\n    memo_append(stack[-1])\nelse:\n    machine.put(k)",
    "EMPTY_TUPLE": "i += 1\npush(TUPLE)",
    "TUPLE1": "i += 1\nk = TUPLE + len(pool)\npool_append(1)\npool_append(stack[-1])\n"
    "stack[-1] = k",
    "TUPLE2": "i += 1\nk = TUPLE + len(pool)\npool_append(2)\npool_append(stack[-2])\n"
    "pool_append(stack.pop())\nstack[-1] = k",
    "TUPLE3": "i += 1\nk = TUPLE + len(pool)\npool_append(3)\npool_append(stack[-3])\n"
    "pool_append(stack[-2])\npool_append(stack.pop())\nstack.pop()\nstack[-1] = k",
    "MARK": "i += 1\nmarks.append(stack)\nmachine.stack = stack = []\npush = stack.append",
    "TUPLE": f"{CLOSE}\ni += 1\npush(values.tuple_of(items))",
    "LIST": f"{CLOSE}\nextend(here + i, items)\npush(here + i)\ni += 1",
    "DICT": f"{CLOSE}\nfill(here + i, items)\npush(here + i)\ni += 1",
    "FROZENSET": f"{CLOSE}\nextend(here + i, items)\npush(here + i)\ni += 1",
    "APPENDS": f"{CLOSE}\n{INTO}\n    extend(k, items)\n"
    "elif items:\n    machine.append_made(at + i)",
    "SETITEMS": f"{CLOSE}\n{INTO}\n    fill(k, items)\n"
    "elif items:\n    machine.fill_made(at + i)",
    "ADDITEMS": f"{CLOSE}\n{INTO}\n    extend(k, items)\n"
    "elif items:\n    machine.append_made(at + i)",
    "APPEND": "i += 1\nitem = stack.pop()\nk = stack[-1]\nif k > 0:\n    extend(k, [item])\n"
    "else:\n    machine.append_made(at + i)",
    "SETITEM": "i += 1\nitem = stack.pop()\nkey = stack.pop()\nk = stack[-1]\nif k > 0:\n"
    "    fill(k, [key, item])\nelse:\n    machine.fill_made(at + i)",
    "REDUCE": "machine.reduce(at + i)\ni += 1",
    "NEWOBJ": "machine.newobj(at + i)\ni += 1",
    "NEWOBJ_EX": "machine.newobj(at + i, keywords=True)\ni += 1",
    "STACK_GLOBAL": "machine.stack_global(at + i)\ni += 1",
    "BUILD": "machine.build(at + i)\ni += 1\nk = machine.array_block(at + i, run)\nif k < 0:\n"
    "    k = run(machine.inner(), at + i)\ni = k - at",
    "DUP": "i += 1\npush(stack[-1])",
    "POP": f"machine.drop()\ni += 1\n{RENEW}",
    "POP_MARK": f"machine.pop_mark()\ni += 1\n{RENEW}",
    "BINPERSID": "stack[-1] = here + i\ni += 1",
    "FRAME": "i += 9",
    "READONLY_BUFFER": "stack[-1]\ni += 1",
    "STOP": "stack.pop()\nreturn at + i + 1",
}
ORDER = """
SHORT_BINUNICODE MEMOIZE BINGET BININT1 BINUNICODE BINPUT BININT BININT2 BINFLOAT LONG_BINGET
LONG_BINPUT TUPLE2 TUPLE3 TUPLE1 TUPLE MARK EMPTY_DICT EMPTY_LIST SETITEMS APPENDS NONE
NEWTRUE NEWFALSE SETITEM APPEND REDUCE BUILD NEWOBJ EMPTY_TUPLE STACK_GLOBAL LONG1
SHORT_BINBYTES BINBYTES BINPERSID FRAME SHORT_BINSTRING BINUNICODE8 BINBYTES8 BYTEARRAY8
EMPTY_SET ADDITEMS FROZENSET LIST DICT NEWOBJ_EX DUP POP POP_MARK NEXT_BUFFER READONLY_BUFFER
STOP
""".split()


def body(name: str) -> str:
    """The lines of an opcode; those that only push a value are made from the table."""
    if name in BODY:
        return BODY[name]
    info = INFO[name]
    if [item.name for item in info.stack_before] or len(info.stack_after) != 1:
        raise SystemExit(f"{name} does more than push a value: give it lines of its own")
    if info.arg is None:
        return "push(here + i)\ni += 1"
    if info.arg.n > 0:
        return f"push(here + i)\ni += {1 + info.arg.n}"
    width = WIDTH[info.arg.n]
    length = "buf[i + 1]" if width == 1 else f'number(buf[i + 1 : i + {1 + width}], "little")'
    if "UNICODE" in name:
        return text(name, width, length)
    return f"push(here + i)\ni += {1 + width} + {length}"


def text(name: str, width: int, length: str) -> str:
    """The lines of an opcode that pushes text, which must be UTF-8."""
    lines = f"push(here + i)\nk = i + {1 + width} + {length}\n"
    lines += f"if k > limit or not buf[i + {1 + width} : k].isascii():\n"
    lines += "    machine.check_text(at + i)\ni = k"
    if name == "SHORT_BINUNICODE":  # nearly always stored in the memo at once
        lines += "\nif buf[i] == 0x94 and not far and i < limit:\n"
        lines += "    memo_append(stack[-1])\n    i += 1"
    return lines


def branches(names: list[str], indent: int) -> Iterator[str]:
    """An if-chain over opcodes."""
    for place, name in enumerate(names):
        word = "if" if place == 0 else "elif"
        yield f"{' ' * indent}{word} op == {ord(INFO[name].code):#04x}:  # {name}"
        yield textwrap.indent(body(name), " " * (indent + 4))
    yield f"{' ' * indent}else:"
    yield f"{' ' * (indent + 4)}i = RARE[op](machine, at + i) - at"
    yield textwrap.indent(RENEW, " " * (indent + 4))


def made() -> str:
    """The file's text, formatted."""
    high = [name for name in ORDER if INFO[name].code >= "\x80"]
    low = [name for name in ORDER if INFO[name].code < "\x80"]
    lines = [HEAD.rstrip("\n"), " " * 12 + "if op >= 0x80:", *branches(high, 16)]
    lines += [" " * 12 + "else:", *branches(low, 16)]
    text = "\n".join(lines) + TAIL
    ruff = Path(sys.executable).with_name("ruff")
    done = subprocess.run(  # noqa: S603 - the linter of this environment, on our own text
        [ruff, "format", "--stdin-filename", TARGET, "-"],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def main() -> int:
    """Write or compare; returns 1 if the file is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = made()
    if parser.parse_args().check:
        same = TARGET.is_file() and TARGET.read_text("utf-8") == text
        print("" if same else f"out of date: {TARGET.name} (run tools/make_pickle_loop.py)")
        return int(not same)
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
