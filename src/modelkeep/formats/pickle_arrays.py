"""Raw numbers between the opcodes of a pickle, as joblib writes them.

joblib pickles a wrapper in place of each array and puts the array's bytes right
behind the wrapper's ``BUILD``. Whoever reads on there takes numbers for opcodes; whoever
stops there misses what follows. The length is worked out from the wrapper's state.

Sources: joblib ``numpy_pickle.py`` (``NumpyArrayWrapper.read_array``);
NumPy ``descriptor.c`` (state of a dtype).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Source
from modelkeep.formats.pickle_events import Import, Result

_WRAPPERS: Final = frozenset(
    {
        "joblib.numpy_pickle.NumpyArrayWrapper",
        "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper",
    }
)
_CODE: Final = re.compile(
    r"[<>|=]?(?P<kind>[?bBhHiIlLqQefdgFDGpPcmMSUVaOrniuft])(?P<size>\d{0,9})"
)
_SIZES: Final = {
    "?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8,
    "e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "p": 8, "P": 8, "m": 8, "M": 8,
}  # fmt: skip
_HAS_OBJECTS: Final = 0x01  # flag in the state of a structured dtype
_STRUCTURED: Final = 8  # items of such a state


@dataclass(frozen=True, slots=True)
class ArrayType:
    """What ``numpy.dtype(code)`` makes: bytes per item, ``None`` if it holds objects."""

    code: str
    item: int | None

    @property
    def dotted(self) -> str:
        """Its name among the arguments of a call."""
        return "numpy.dtype()"

    @property
    def structured(self) -> bool:
        """Whether it has fields, which only its state tells."""
        return "V" in self.code

    def with_state(self, state: tuple[object, ...]) -> ArrayType:
        """The type after its ``BUILD``: only there a structure says that it holds objects."""
        flags = state[7] if len(state) >= _STRUCTURED else 0
        if isinstance(flags, int) and flags & _HAS_OBJECTS:
            return replace(self, item=None)
        return self


def array_type(arguments: tuple[object, ...]) -> ArrayType | None:
    """The type a call of ``numpy.dtype`` makes, ``None`` where its code is not plain."""
    code = arguments[0] if arguments else None
    if not isinstance(code, str):
        return None
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    kind, size = found["kind"], found["size"]
    if kind == "O":
        return ArrayType(code, None)
    if size:
        return ArrayType(code, int(size) * (4 if kind == "U" else 1))
    known = _SIZES.get(kind)
    return None if known is None else ArrayType(code, known)


def is_array_wrapper(instance: Result) -> bool:
    """Whether joblib reads an array behind the state of this instance."""
    return isinstance(instance.callee, Import) and instance.callee.dotted in _WRAPPERS


def end_of_block(state: dict[str, object], source: Source, at: int) -> int | None:
    """Offset behind the numbers of an array; ``None`` where a pickle stands there instead.

    Args:
        state: of the wrapper; ``dtype`` is an ``ArrayType``, ``shape`` a tuple of numbers.
        source: the bytes.
        at: the first byte behind the wrapper's ``BUILD``.

    Raises:
        MalformedArtifactError: the state does not say how long the block is.
    """
    kind, shape = state.get("dtype"), state.get("shape")
    if not isinstance(kind, ArrayType) or not isinstance(shape, tuple):
        raise MalformedArtifactError(f"array at {at:#x} does not say how long it is")
    if kind.item is None:
        return None
    if isinstance(state.get("numpy_array_alignment_bytes"), int):
        at += 1 + (source.read(at, 1) or b"\0")[0]
    length = kind.item
    for extent in shape:
        if not isinstance(extent, int) or extent < 0:
            raise MalformedArtifactError(f"array at {at:#x} does not say how long it is")
        length *= extent
    if at + length > source.size:
        raise MalformedArtifactError(f"array at {at:#x} needs {length} bytes, the file ends")
    return at + length
