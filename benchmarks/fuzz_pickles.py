"""Mutate pickles and compare with ``pickletools``: no import or call may stay unseen.

Seeds are the malicious pickles of the development corpus and its real saves. Each mutant gets
a few changes of bytes or of whole opcodes. A second, much simpler machine then walks the
opcodes as CPython's ``pickletools`` tells them, with a stack, marks and a memo, until the
first error. What it sees imported or called, the scanner's reader must have seen as well.
``pickletools`` is only asked for opcodes and arguments: nothing is ever unpickled.

The two read some arguments differently, and the unpickler is what counts: digits of INT,
LONG, GET and PUT are read by ``pickletools`` in fewer spellings, so the second machine stops
where it refuses one; a name that is not ASCII ends it as well. It knows nothing of computed
names or of what a call returns; it never sees more than a loader would reach.

Printed: mutants, disagreements (each shrunk), crashes, the slowest, the rate. Exit status: 0 if
there was no disagreement and no crash, 1 otherwise.

    python benchmarks/fuzz_pickles.py --count 1000000 --keep /tmp/found
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import multiprocessing
import pickletools
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from corpus import benign, build
from modelkeep.core import ModelkeepError
from modelkeep.formats import Budget, Limits, MemorySource, Reading
from modelkeep.formats.pickle_events import Import, PickleDocument
from modelkeep.formats.pickle_stream import read

LONGEST: Final = 1500  # bytes of a seed: short ones leave more time for more of them
HANG_SECONDS: Final = 5.0
GROUPS: Final = ("pickle-", "sklearn", "numpy-pickle", "pandas-scipy", "torch")
Seen = set[tuple[str, ...]]


# The second machine


@dataclass(slots=True)
class Walker:
    """A stack of names, texts and unknowns (``None``), marks, and a memo."""

    seen: Seen = field(default_factory=set)
    stack: list[object] = field(default_factory=list)
    marks: list[list[object]] = field(default_factory=list)
    memo: dict[int, object] = field(default_factory=dict)

    def to_mark(self) -> list[object]:
        """Everything above the topmost mark."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def imported(self, module: object, name: object) -> object:
        """Note an import and return what stands for it."""
        if not isinstance(module, str) or not isinstance(name, str):
            return None
        self.seen.add(("import", module, name))
        return (module, name)

    def used(self, what: object, how: str) -> None:
        """Note that something is called.

        Raises:
            TypeError: it is a constant, which the unpickler refuses to call.
        """
        if isinstance(what, str | int):
            raise TypeError
        if isinstance(what, tuple):
            self.seen.add((how, *what))


def walk(data: bytes) -> Seen:
    """What is imported and called before the first error, in the first pickle."""
    walker = Walker()
    try:
        for opcode, argument, at in pickletools.genops(data):
            step = _STEPS.get(opcode.name)
            if opcode.name in {"GLOBAL", "INST"}:
                argument = _two_lines(data, at or 0)  # noqa: PLW2901 - pickletools joins them
            elif (
                opcode.name == "STRING" and data[(at or 0) + 1 : (at or 0) + 4].find(b"\n") == 1
            ):
                break  # one quote is both quotes to pickletools, and an error to the unpickler
            elif opcode.name in {"INT", "LONG"}:
                _check_number(data, at or 0)
            if opcode.name == "PROTO" and argument > 5:
                break
            if step is not None:
                step(walker, argument)
            else:
                _plain(walker, opcode, argument)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError):
        pass
    return walker.seen


def _check_number(data: bytes, at: int) -> None:
    """The unpickler reads digits as Python source does, so ``007`` is an error to it.

    Raises:
        ValueError: it is one.
    """
    text = data[at + 1 : data.index(b"\n", at)].decode()
    if text not in {"00", "01"}:
        int(text.removesuffix("L"), 0)


def _two_lines(data: bytes, at: int) -> tuple[str, str]:
    module, name = data[at + 1 :].split(b"\n", 2)[:2]
    return module.decode(), name.decode()


def _plain(walker: Walker, opcode: pickletools.OpcodeInfo, argument: object) -> None:
    """Opcodes that only move constants: their stack effects as the table has them."""
    for kind in reversed(opcode.stack_before):
        if kind is pickletools.stackslice:
            continue
        if kind is pickletools.markobject:
            walker.to_mark()
        else:
            walker.stack.pop()
    text = argument if "UNICODE" in opcode.name or "STRING" in opcode.name else None
    constant = text if isinstance(text, str) else 0 if "INT" in opcode.name else None
    walker.stack += [constant] * len(opcode.stack_after)


def _stack_global(walker: Walker, _argument: object) -> None:
    name, module = walker.stack.pop(), walker.stack.pop()
    if isinstance(module, int | tuple) or isinstance(name, int | tuple):
        raise TypeError
    walker.stack.append(walker.imported(module, name))


def _global(walker: Walker, argument: object) -> None:
    module, name = argument  # type: ignore[misc]
    walker.stack.append(walker.imported(module, name))


def _inst(walker: Walker, argument: object) -> None:
    walker.to_mark()
    module, name = argument  # type: ignore[misc]
    walker.used(walker.imported(module, name), "inst")
    walker.stack.append(None)


def _obj(walker: Walker, _argument: object) -> None:
    items = walker.to_mark()
    walker.used(items[0], "obj")
    walker.stack.append(None)


def _call(how: str, arguments: int) -> Callable[[Walker, object], None]:
    def step(walker: Walker, _argument: object) -> None:
        for _ in range(arguments):
            if isinstance(walker.stack.pop(), str | int):
                raise TypeError
        walker.used(walker.stack.pop(), how)
        walker.stack.append(None)

    return step


def _build(walker: Walker, _argument: object) -> None:
    walker.stack.pop()
    target = walker.stack[-1]
    walker.used(target, "build")


def _memoize(walker: Walker, _argument: object) -> None:
    walker.memo[len(walker.memo)] = walker.stack[-1]


def _put(walker: Walker, argument: object) -> None:
    key = int(str(int(argument)))  # type: ignore[call-overload]
    if key < 0:
        raise ValueError
    walker.memo[key] = walker.stack[-1]


def _get(walker: Walker, argument: object) -> None:
    walker.stack.append(walker.memo[int(argument)])  # type: ignore[call-overload]


def _mark(walker: Walker, _argument: object) -> None:
    walker.marks.append(walker.stack)
    walker.stack = []


def _pop(walker: Walker, _argument: object) -> None:
    if walker.stack:
        walker.stack.pop()
    else:
        walker.to_mark()


def _pop_mark(walker: Walker, _argument: object) -> None:
    walker.to_mark()


def _dup(walker: Walker, _argument: object) -> None:
    walker.stack.append(walker.stack[-1])


def _stop(walker: Walker, _argument: object) -> None:
    walker.stack.pop()


_STEPS: Final[dict[str, Callable[[Walker, object], None]]] = {
    "STACK_GLOBAL": _stack_global, "GLOBAL": _global, "INST": _inst, "OBJ": _obj,
    "REDUCE": _call("reduce", 1), "NEWOBJ": _call("newobj", 1), "NEWOBJ_EX": _call("newobj", 2),
    "BUILD": _build, "MEMOIZE": _memoize, "PUT": _put, "BINPUT": _put, "LONG_BINPUT": _put,
    "GET": _get, "BINGET": _get, "LONG_BINGET": _get, "MARK": _mark, "POP": _pop,
    "POP_MARK": _pop_mark, "DUP": _dup, "STOP": _stop,
}  # fmt: skip


# The reader under test


def scanned(data: bytes) -> Seen:
    """What the scanner's reader sees imported and called."""
    reading = Reading()
    with contextlib.suppress(ModelkeepError):
        read(MemorySource(data), Budget(Limits(seconds=HANG_SECONDS)), reading)
    document = reading.document
    seen: Seen = set()
    for event in document.events if isinstance(document, PickleDocument) else ():
        target = event if isinstance(event, Import) else event.target
        if isinstance(target, Import):
            how = "import" if isinstance(event, Import) else event.how
            seen.add((how, str(target.module), str(target.name)))
            seen.add((how, *target.dotted.rpartition(".")[::2]))
    return seen


def unseen(data: bytes) -> Seen:
    """What ``pickletools`` sees and the scanner does not."""
    expected = walk(data)
    if not expected:
        return expected
    found = scanned(data)
    return {what for what in expected - found if (what[0], *_python3(what)) not in found}


def _python3(what: tuple[str, ...]) -> tuple[str, ...]:
    module, _, name = Import(what[1], what[2], 0, "").dotted.rpartition(".")
    return module, name


# Mutation

_PIECES: Final = (
    b"cos\nsystem\n", b"(ios\nsystem\n", b"\x8c\x02os", b"\x8c\x06system", b"Vos\n",
    b"S'system'\n", b"X\x02\0\0\0os", b"U\x02os", b"\x96\x02\0\0\0\0\0\0\0os",
    b"q\x00", b"h\x00", b"h\x01", b"p1\n", b"g1\n", b"r\1\0\0\0", b"j\1\0\0\0", b"\x94",
    b"I1\n", b"L1L\n", b"K\1", b"F1.5\n", b"\x8a\x01\x05", b"G" + bytes(8), b"Px\n",
    b"\x95\x08\0\0\0\0\0\0\0", b"\x80\x04", b"\x80\x02", b"\x82\x01", b"\x85", b"\x81",
    b"\x92", b"\x93", b"\x8f", b"\x90", b"\x91", *(bytes([c]) for c in b"()Ro012tbN}]ldsuaeQ."),
)  # fmt: skip


def _boundaries(data: bytes) -> list[int]:
    places = []
    try:
        for _, _, at in pickletools.genops(data):
            places.append(at or 0)
    except (ValueError, IndexError):
        pass
    return places or [0]


def mutate(chance: random.Random, data: bytes, donors: list[bytes]) -> bytes:
    """One to four changes: of bytes, or of whole opcodes."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 4))):
        whole = chance.random() < 0.6
        places = _boundaries(bytes(out)) if whole else None
        at = chance.choice(places) if places else chance.randrange(len(out) + 1)
        match chance.randrange(7):
            case 0:
                out[at:at] = chance.choice(_PIECES)
            case 1 if places:
                end = min((p for p in places if p > at), default=len(out))
                del out[at:end]
            case 2 if places:
                start = chance.choice(places)
                end = min((p for p in places if p > start), default=len(out))
                out[at:at] = out[start:end]
            case 3 if at < len(out):
                out[at] = chance.randrange(256)
            case 4 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 5:
                donor = chance.choice(donors)
                start = chance.randrange(len(donor))
                out[at:at] = donor[start : start + chance.randint(1, 40)]
            case 6:
                del out[at : at + chance.randint(1, 6)]
    return bytes(out)


def shrink(data: bytes, bad: Callable[[bytes], bool]) -> bytes:
    """The same disagreement in fewer bytes."""
    width = max(1, len(data) // 2)
    while width:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + width :]
            if bad(shorter):
                data = shorter
            else:
                at += width
        width //= 2
    return data


# The run


@dataclass(slots=True)
class Figures:
    """What one process counted."""

    count: int = 0
    compared: int = 0
    disagreements: collections.Counter[str] = field(default_factory=collections.Counter)
    crashes: collections.Counter[str] = field(default_factory=collections.Counter)
    examples: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0


def seeds() -> list[bytes]:
    """Short pickles of the corpus."""
    every = [*build.samples().values(), *benign.samples().values()]
    contents = [s.content for s in every if s.group.startswith(GROUPS)]
    files = [c for c in contents if isinstance(c, bytes)]
    return [c for c in files if 0 < len(c) <= LONGEST and not c.startswith(b"PK")]


def run(seed: int, count: int) -> Figures:
    """Try ``count`` mutants."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    donors, figures = seeds(), Figures()
    for _ in range(count):
        data = mutate(chance, chance.choice(donors), donors)
        start = time.perf_counter()
        try:
            missing = unseen(data)
        except Exception as error:  # noqa: BLE001 - counting these is what the run is for
            key = f"{type(error).__name__}: {str(error)[:60]}"
            figures.crashes[key] += 1
            figures.examples.setdefault(key, data)
            continue
        figures.slowest = max(figures.slowest, time.perf_counter() - start)
        figures.count += 1
        if missing:
            _note(figures, data, missing)
    return figures


def _note(figures: Figures, data: bytes, missing: Seen) -> None:
    kinds = {what[0] for what in missing}
    key = f"{'+'.join(sorted(kinds))} unseen"
    figures.disagreements[key] += 1
    if key not in figures.examples:
        figures.examples[key] = shrink(data, lambda d: kinds <= {w[0] for w in unseen(d)})


def _run(job: tuple[int, int]) -> Figures:
    return run(*job)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="mutants to try")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--keep", type=Path, help="directory for one file of each problem")
    options = parser.parse_args()
    share = options.count // options.jobs
    start = time.perf_counter()
    jobs = [(options.seed + number, share) for number in range(options.jobs)]
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        parts = pool.map(_run, jobs)
    seconds = time.perf_counter() - start
    total, slowest = sum(p.count for p in parts), max(p.slowest for p in parts)
    print(
        f"{total} mutants in {seconds:.0f} s, {total / seconds:.0f}/s, slowest {slowest:.3f} s"
    )
    bad = False
    for title in ("disagreements", "crashes"):
        counts = sum((getattr(p, title) for p in parts), collections.Counter())
        print(f"{title}: {counts.total()}")
        for key, times in counts.most_common():
            bad = True
            example = next(p.examples[key] for p in parts if key in p.examples)
            print(f"  {times:7d} {key}: {example!r:.300}")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{title}-{abs(hash(key)) % 10**6}.pkl").write_bytes(example)
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
