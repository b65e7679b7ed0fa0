"""Real saves: objects of many libraries, pickled, and the names their pickles use.

Nothing is loaded here; the pickles are read with ``pickletools``. Objects that cannot be made
or pickled are left out, because what no save holds needs no place in the table.
"""

from __future__ import annotations

import hashlib
import io
import pickle
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
_NEWOBJ = {"copyreg._reconstructor", "copy_reg._reconstructor", "copyreg.__newobj__"}


class _Called:
    """What a call returned; ``name`` is the class where it is an instance."""

    def __init__(self, name: str | None) -> None:
        self.name = name


def uses(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield each name of a pickle with each of its uses."""
    stack: list[object] = []
    memo: dict[object, object] = {}

    def to_mark() -> list[object]:
        items: list[object] = []
        while stack and (item := stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def call(callee: object, how: str, arguments: object) -> Iterator[tuple[str, str]]:
        name = callee if isinstance(callee, Name) else None
        made = str(name) if name else None
        if name is not None:
            yield str(name), how
            first = arguments[0] if isinstance(arguments, tuple) and arguments else None
            if str(name) in _NEWOBJ and isinstance(first, Name):
                made = str(first)
                yield made, "newobj"
        stack.append(_Called(made))

    for opcode, argument, _ in pickletools.genops(data):
        code = opcode.name
        if code in {"GLOBAL", "INST"}:
            found = Name(str(argument).replace(" ", ".", 1))
            yield str(found), "import"
            if code == "INST":
                yield from call(found, "reduce", tuple(to_mark()))
            else:
                stack.append(found)
        elif code == "STACK_GLOBAL":
            name, module = stack.pop(), stack.pop()
            stack.append(Name(f"{module}.{name}"))
            yield str(stack[-1]), "import"
        elif code == "REDUCE":
            arguments, callee = stack.pop(), stack.pop()
            yield from call(callee, "reduce", arguments)
        elif code in {"NEWOBJ", "NEWOBJ_EX"}:
            if code == "NEWOBJ_EX":
                stack.pop()
            arguments, callee = stack.pop(), stack.pop()
            yield from call(callee, "newobj", arguments)
        elif code == "OBJ":
            callee, *rest = to_mark()
            yield from call(callee, "reduce", tuple(rest))
        elif code == "BUILD":
            stack.pop()
            target = stack[-1]
            if isinstance(target, _Called) and target.name:
                yield target.name, "build"
        elif code in {"PUT", "BINPUT", "LONG_BINPUT"}:
            memo[argument] = stack[-1]
        elif code == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif code in {"GET", "BINGET", "LONG_BINGET"}:
            stack.append(memo[argument])
        elif code == "MARK":
            stack.append(_MARK)
        elif code in {"TUPLE1", "TUPLE2", "TUPLE3"}:
            count = int(code[-1])
            items, stack[-count:] = tuple(stack[-count:]), []
            stack.append(items)
        elif code == "TUPLE":
            stack.append(tuple(to_mark()))
        elif code in {"APPENDS", "SETITEMS", "ADDITEMS"}:
            to_mark()
        elif code in {"APPEND", "SETITEM"}:
            del stack[-len(opcode.stack_before) + 1 :]
        elif code in {"LIST", "DICT", "FROZENSET"}:
            to_mark()
            stack.append(None)
        elif code == "POP_MARK":
            to_mark()
        elif code == "DUP":
            stack.append(stack[-1])
        elif code != "STOP":
            for _ in opcode.stack_before:
                stack.pop()
            text = isinstance(argument, str) and "UNICODE" in code or "STRING" in code
            stack.extend([argument if text else None] * len(opcode.stack_after))


class Name(str):
    """An imported name on the stack."""

    __slots__ = ()


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
