"""Tensors of a torch checkpoint, read without executing its pickle.

A checkpoint of a state dict needs few opcodes: texts, numbers, tuples, dictionaries, names,
and calls of a handful of functions that stand for a tensor. Those are worked out as data.
Names stay texts and calls stay records; what is none of the expected ones is an error that
says where. Nothing is imported, called or built, whatever the file says.

Sources: PyTorch ``torch/serialization.py`` (zip layout), ``torch/_utils.py``
(``_rebuild_tensor_v2``); CPython ``pickletools``.
"""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from modelkeep.core import InputError, MalformedArtifactError

_MOST: Final = 1_000_000  # opcodes
_LARGEST: Final = 64 << 20  # bytes of the pickle
_WRAPPERS: Final = ("state_dict", "model_state_dict", "model", "weights")
_DICTIONARIES: Final = ("collections.OrderedDict", "builtins.dict")
_TENSOR: Final = "torch._utils._rebuild_tensor_v2"
_PARAMETER: Final = "torch._utils._rebuild_parameter"
# Name of a storage: the format's name of its numbers, and bytes of one.
STORAGES: Final = {
    "torch.DoubleStorage": ("F64", 8),
    "torch.FloatStorage": ("F32", 4),
    "torch.HalfStorage": ("F16", 2),
    "torch.BFloat16Storage": ("BF16", 2),
    "torch.LongStorage": ("I64", 8),
    "torch.IntStorage": ("I32", 4),
    "torch.ShortStorage": ("I16", 2),
    "torch.CharStorage": ("I8", 1),
    "torch.ByteStorage": ("U8", 1),
    "torch.BoolStorage": ("BOOL", 1),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as the checkpoint describes it.

    Attributes:
        key: name of its storage in the archive.
        kind: numbers, as safetensors names them.
        width: bytes of one number.
        offset: of its first number in the storage, in numbers.
        shape: its dimensions.
        stride: steps between neighbours, in numbers.
    """

    key: str
    kind: str
    width: int
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many numbers it has."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    @property
    def is_contiguous(self) -> bool:
        """Whether its numbers lie one behind the other in order."""
        step = 1
        for length, stride in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if length > 1 and stride != step:
                return False
            step *= length
        return True


@dataclass(frozen=True, slots=True)
class _Name:
    dotted: str


@dataclass(frozen=True, slots=True)
class _Storage:
    kind: str
    width: int
    key: str


class _Mark:
    """Where a group of values on the stack begins."""


class _Reader:
    """The stack and memo of one pickle, of data only."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:  # noqa: ANN401 - any data
        """The value the pickle describes.

        Raises:
            MalformedArtifactError: not a pickle.
            InputError: an opcode or a call that no state dict needs.
        """
        at = 0
        try:
            for number, (opcode, argument, place) in enumerate(pickletools.genops(self._data)):
                at = place or 0
                if number > _MOST:
                    raise InputError(f"data.pkl: more than {_MOST} opcodes")
                if opcode.name == "STOP":
                    return self._stack.pop()
                self._take(opcode.name, argument, at)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
            raise MalformedArtifactError(f"data.pkl, offset {at}: {error!r}") from error
        raise MalformedArtifactError("data.pkl ends before its end")

    def _take(self, name: str, argument: Any, at: int) -> None:  # noqa: ANN401
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self._stack.append(argument)
        elif name in _MEMO:
            self._remember(name, argument)
        elif name in _BUILDERS:
            _BUILDERS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise InputError(f"data.pkl, offset {at}: {name} is not needed by a state dict")

    def _remember(self, name: str, argument: Any) -> None:  # noqa: ANN401
        if name.endswith("GET"):
            self._stack.append(self._memo[int(argument)])
        else:
            key = len(self._memo) if name == "MEMOIZE" else int(argument)
            self._memo[key] = self._stack[-1]

    def _group(self) -> list[Any]:
        """Values above the last mark."""
        at = max(i for i, value in enumerate(self._stack) if isinstance(value, _Mark))
        group = self._stack[at + 1 :]
        del self._stack[at:]
        return group

    def tuple_(self, count: int | None) -> None:
        """Make a tuple of the last values."""
        group = self._group() if count is None else self._stack[-count:]
        if count is not None:
            del self._stack[-count:]
        self._stack.append(tuple(group))

    def set_items(self, pairs: list[Any]) -> None:
        """Put pairs into the dictionary on top."""
        target = self._stack[-1]
        if not isinstance(target, dict):
            raise InputError("data.pkl fills something that is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str | int):
                raise InputError("data.pkl: a key that is no text")
            target[key] = value

    def pair(self, _: object) -> None:
        """One pair, from the stack."""
        value, key = self._stack.pop(), self._stack.pop()
        self.set_items([key, value])

    def pairs(self, _: object) -> None:
        """All pairs above the mark."""
        self.set_items(self._group())

    def append_one(self, _: object) -> None:
        """Put the last value onto the list below it."""
        self._append([self._stack.pop()])

    def append_all(self, _: object) -> None:
        """Put the values above the mark onto the list below it."""
        self._append(self._group())

    def _append(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise InputError("data.pkl appends to something that is no list")
        self._stack[-1].extend(values)

    def name(self, argument: Any) -> None:  # noqa: ANN401
        """A name, as text; looked up nowhere."""
        module, _, last = str(argument).partition(" ")
        self._stack.append(_Name(f"{module}.{last}"))

    def stacked_name(self, _: object) -> None:
        """A name whose halves lie on the stack."""
        last, module = self._stack.pop(), self._stack.pop()
        self._stack.append(_Name(f"{module}.{last}"))

    def persistent(self, _: object) -> None:
        """A storage of the archive."""
        said = self._stack.pop()
        word, storage, key = said[0], said[1], said[2]
        if word != "storage" or storage.dotted not in STORAGES:
            raise InputError(f"data.pkl: a storage of a kind that is not read ({said!r})")
        self._stack.append(_Storage(*STORAGES[storage.dotted], str(key)))

    def call(self, _: object) -> None:
        """A call: of one of three functions, as the data it stands for."""
        arguments, callee = self._stack.pop(), self._stack.pop()
        dotted = callee.dotted if isinstance(callee, _Name) else type(callee).__name__
        if dotted in _DICTIONARIES and arguments == ():
            self._stack.append({})
        elif dotted == _TENSOR:
            storage, offset, shape, stride = arguments[:4]
            self._stack.append(
                Stored(storage.key, storage.kind, storage.width, int(offset),
                       tuple(map(int, shape)), tuple(map(int, stride)))
            )  # fmt: skip
        elif dotted == _PARAMETER and isinstance(arguments[0], Stored):
            self._stack.append(arguments[0])
        else:
            raise InputError(
                f"data.pkl calls {dotted}, which no state dict needs",
                "Save `model.state_dict()` rather than the model.",
            )

    def state(self, _: object) -> None:
        """State of a dictionary, such as ``_metadata``, which says nothing of tensors."""
        said = self._stack.pop()
        if not isinstance(self._stack[-1], dict) or not isinstance(said, dict):
            raise InputError("data.pkl gives state to something that is no dictionary")


_CONSTANTS: Final[dict[str, Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_LIST": list, "MARK": _Mark,
}  # fmt: skip
_LITERALS: Final = frozenset(
    "BININT BININT1 BININT2 INT LONG LONG1 LONG4 BINFLOAT BINUNICODE SHORT_BINUNICODE "
    "BINUNICODE8 UNICODE".split()
)
_MEMO: Final = frozenset("BINPUT LONG_BINPUT PUT MEMOIZE BINGET LONG_BINGET GET".split())
_BUILDERS: Final[dict[str, Any]] = {
    "TUPLE": lambda r, _: r.tuple_(None), "TUPLE1": lambda r, _: r.tuple_(1),
    "TUPLE2": lambda r, _: r.tuple_(2), "TUPLE3": lambda r, _: r.tuple_(3),
    "SETITEM": _Reader.pair, "SETITEMS": _Reader.pairs,
    "APPEND": _Reader.append_one,
    "APPENDS": _Reader.append_all,
    "GLOBAL": _Reader.name, "STACK_GLOBAL": _Reader.stacked_name,
    "BINPERSID": _Reader.persistent, "REDUCE": _Reader.call, "BUILD": _Reader.state,
}  # fmt: skip


def read_state(archive: zipfile.ZipFile) -> tuple[str, dict[str, Stored]]:
    """Tensors by name, and the folder of the archive they lie in.

    Raises:
        InputError: no checkpoint, or more in it than a state dict.
        MalformedArtifactError: its pickle cannot be read.
    """
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise InputError("not a torch checkpoint: it has no data.pkl of its own")
    folder = names[0].removesuffix("data.pkl")
    order = f"{folder}byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise InputError("the checkpoint's numbers are not little-endian")
    if archive.getinfo(names[0]).file_size > _LARGEST:
        raise InputError(f"data.pkl is larger than {_LARGEST} bytes")
    found = _Reader(archive.read(names[0])).read()
    for key in _WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
            break
    if not isinstance(found, dict) or not found:
        raise InputError("the checkpoint holds no state dict")
    for name, value in found.items():
        if not isinstance(value, Stored) or not isinstance(name, str):
            raise InputError(
                f"{name}: is no tensor", "Save `model.state_dict()` and nothing else."
            )
    return folder, found


def tensors(path: Path) -> Iterator[tuple[str, Stored, IO[bytes]]]:
    """Each tensor with its storage, opened.

    Raises:
        InputError: no checkpoint, or a tensor that its storage does not hold.
        MalformedArtifactError: the archive or its pickle cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            folder, found = read_state(archive)
            for name, tensor in sorted(found.items()):
                try:
                    info = archive.getinfo(f"{folder}data/{tensor.key}")
                except KeyError as error:
                    raise InputError(f"{name}: its storage is missing") from error
                _require_inside(name, tensor, info.file_size)
                with archive.open(info) as storage:
                    yield name, tensor, storage
    except (zipfile.BadZipFile, OSError) as error:
        raise MalformedArtifactError(f"{path}: {error}") from error


def _require_inside(name: str, tensor: Stored, size: int) -> None:
    dimensions = (tensor.offset, *tensor.shape, *tensor.stride)
    if len(tensor.shape) != len(tensor.stride) or min(dimensions) < 0:
        raise InputError(f"{name}: dimensions that cannot be")
    last = sum(
        (length - 1) * stride
        for length, stride in zip(tensor.shape, tensor.stride, strict=True)
    )
    if tensor.count and (tensor.offset + last + 1) * tensor.width > size:
        raise InputError(f"{name}: reaches beyond its storage")
    if not tensor.is_contiguous:
        raise InputError(
            f"{name}: its numbers do not lie in order",
            "Save it after `.contiguous()`.",
        )
