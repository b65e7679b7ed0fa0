"""Real saves: objects of many libraries, pickled, and the names their pickles use.

Nothing is loaded here; the pickles are read with ``pickletools``. Objects that cannot be made
or pickled are left out, because what no save holds needs no place in the table.
"""

from __future__ import annotations

import hashlib
import io
import pickle  # noqa: TID251 - writes what it reads with pickletools; loads nothing
import pickletools
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pickle_objects

LIBRARIES = pickle_objects.LIBRARIES
PROTOCOLS = (0, 2, 4, 5)
Saves = dict[tuple[str, str], int]
_MARK = object()
_GATHERING = {"LIST", "DICT", "FROZENSET", "APPENDS", "SETITEMS", "ADDITEMS", "POP_MARK"}
_NEWOBJ = {"copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__"}


class Name(str):
    """An imported name on the stack."""

    __slots__ = ()


class _Called:
    """What a call returned; ``name`` is the class where it is an instance."""

    def __init__(self, name: str | None) -> None:
        self.name = name


class _Reader:
    """A stack and a memo of names; ``step`` runs one opcode and returns uses of names."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.memo: dict[object, object] = {}

    def to_mark(self) -> list[object]:
        items: list[object] = []
        while self.stack and (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def call(self, callee: object, how: str, arguments: object) -> Iterator[tuple[str, str]]:
        name = callee if isinstance(callee, Name) else None
        made = str(name) if name else None
        if name is not None:
            yield str(name), how
            first = arguments[0] if isinstance(arguments, tuple) and arguments else None
            if str(name) in _NEWOBJ and isinstance(first, Name):
                made = str(first)
                yield made, "newobj"
        self.stack.append(_Called(made))

    def imports(self, code: str, argument: object) -> Iterator[tuple[str, str]]:
        if code == "STACK_GLOBAL":
            name, module = self.stack.pop(), self.stack.pop()
            found = Name(f"{module}.{name}")
        else:
            found = Name(str(argument).replace(" ", ".", 1))
        yield str(found), "import"
        if code == "INST":
            yield from self.call(found, "reduce", tuple(self.to_mark()))
        else:
            self.stack.append(found)

    def calls(self, code: str) -> Iterator[tuple[str, str]]:
        if code == "OBJ":
            callee, *rest = self.to_mark()
            yield from self.call(callee, "reduce", tuple(rest))
            return
        if code == "NEWOBJ_EX":
            self.stack.pop()
        arguments, callee = self.stack.pop(), self.stack.pop()
        yield from self.call(callee, "reduce" if code == "REDUCE" else "newobj", arguments)

    def build(self) -> Iterator[tuple[str, str]]:
        self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, _Called) and target.name:
            yield target.name, "build"

    def remember(self, code: str, argument: object) -> None:
        if code == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif "PUT" in code:
            self.memo[argument] = self.stack[-1]
        else:
            self.stack.append(self.memo[argument])

    def gather(self, code: str) -> None:
        """Opcodes that take values down to the mark, or the last few into a tuple."""
        if code in {"TUPLE1", "TUPLE2", "TUPLE3"}:
            count = int(code[-1])
            items, self.stack[-count:] = tuple(self.stack[-count:]), []
            self.stack.append(items)
            return
        found = tuple(self.to_mark())
        if code in {"TUPLE", "LIST", "DICT", "FROZENSET"}:
            self.stack.append(found if code == "TUPLE" else None)

    def plain(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        if opcode.name in {"APPEND", "SETITEM"}:
            del self.stack[1 - len(opcode.stack_before) :]
        elif opcode.name == "MARK":
            self.stack.append(_MARK)
        elif opcode.name == "DUP":
            self.stack.append(self.stack[-1])
        elif opcode.name != "STOP":
            for _ in opcode.stack_before:
                self.stack.pop()
            text = isinstance(argument, str) and opcode.name != "PERSID"
            self.stack.extend([argument if text else None] * len(opcode.stack_after))

    def step(
        self, opcode: pickletools.OpcodeInfo, argument: object
    ) -> Iterator[tuple[str, str]]:
        code = opcode.name
        if code in {"GLOBAL", "STACK_GLOBAL", "INST"}:
            yield from self.imports(code, argument)
        elif code in {"REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ"}:
            yield from self.calls(code)
        elif code == "BUILD":
            yield from self.build()
        elif code == "MEMOIZE" or code.endswith(("PUT", "GET")):
            self.remember(code, argument)
        elif code.startswith("TUPLE") or code in _GATHERING:
            self.gather(code)
        elif code != "EMPTY_TUPLE":
            self.plain(opcode, argument)
        else:
            self.stack.append(())


def uses(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield each name of a pickle with each of its uses."""
    reader = _Reader()
    for opcode, argument, _ in pickletools.genops(data):
        yield from reader.step(opcode, argument)


def _written(thing: object) -> Iterator[tuple[str, bytes]]:
    """The ways an object is saved: kind of file and its bytes."""
    tensors = pickle_objects.holds_tensors(thing)
    for protocol in PROTOCOLS:
        if tensors and protocol == 0:
            continue  # some of PyTorch's own types end the process when saved so
        data = _attempt(lambda p=protocol: pickle.dumps(thing, p))
        if data is not None:
            yield f"p{protocol}.pkl", data
    torch, joblib = pickle_objects.optional("torch"), pickle_objects.optional("joblib")
    if torch is not None and tensors:
        for kind, zipped in (("pt", True), ("legacy.pt", False)):
            out = io.BytesIO()
            if _attempt(
                lambda o=out, z=zipped: (
                    torch.save(thing, o, _use_new_zipfile_serialization=z) or b"x"
                )
            ):
                yield kind, out.getvalue()
    elif joblib is not None:
        out = io.BytesIO()
        if _attempt(lambda: joblib.dump(thing, out) or b"x"):
            yield "joblib", out.getvalue()


def _attempt(write: Callable[[], bytes]) -> bytes | None:
    try:
        return write()
    except Exception:  # noqa: BLE001 - any object may refuse to be saved in any way
        return None


def pickles(kind: str, data: bytes) -> Iterator[bytes]:
    """The pickles of a saved file that ``pickletools`` can read from end to end."""
    if kind == "pt":
        archive = zipfile.ZipFile(io.BytesIO(data))
        yield from (archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))
    elif kind.endswith(".pkl"):
        yield data


def collect(keep: Path | None = None) -> Saves:
    """Save everything and count how often each name is used in which way.

    Args:
        keep: a folder for the files, to scan them afterwards.
    """
    saves: Saves = {}
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    files = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, thing in pickle_objects.things():
            for kind, data in _written(thing):
                for one in pickles(kind, data):
                    for use in uses(one):
                        saves[use] = saves.get(use, 0) + 1
                if keep is not None:
                    digest = hashlib.sha256(data).hexdigest()[:8]
                    (keep / f"{label}-{digest}.{kind}").write_bytes(data)
                files += 1
    print(f"{files} real saves, {len(saves)} uses of names")
    return saves
