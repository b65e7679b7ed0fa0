"""Values of the pickle machine: whole numbers that say where something came from.

- above zero: the place (plus one) of the opcode that made it. Numbers, text, bytes, lists
  and dictionaries are read again from there in the rare case that somebody asks.
- from ``TUPLE``: a tuple, its items in a pool; from ``CALL``: a call that returns text or
  bytes, worked out only when asked.
- below zero: a symbol: an import, the result of a call, a folded constant.

So a million values cost a few megabytes, and shared structure is never expanded.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError
from modelkeep.formats import pickle_folding
from modelkeep.formats.interface import Source
from modelkeep.formats.pickle_arrays import ArrayType
from modelkeep.formats.pickle_constants import OTHER, SHORT, Blob, Latin1, constant_at
from modelkeep.formats.pickle_events import Import, Result
from modelkeep.formats.pickle_recent import Recent

TUPLE: Final = 1 << 48
CALL: Final = 1 << 56
_SHOWN: Final = 128  # values that one look visits
_FOLDED: Final = 100_000  # the same where text is put together from them
_DEEPEST: Final = 64  # containers and calls within each other that a look enters
_MOST_LOOKED: Final = 4_000_000  # values, and pages of 256 bytes, over all looks


@dataclass(slots=True)
class _Look:
    """What is left of one look at a value, so that shared structure is never expanded."""

    left: int
    limit: int
    depth: int = 0


class Values:
    """What the numbers on the stack stand for."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.pool = array("q", [0])  # the empty tuple
        self.symbols: list[object] = [None]
        self._interned: dict[object, int] = {}
        self.mappings = Recent(remember_dropped=True)
        self.sequences = Recent(remember_dropped=False)
        self._looked = 0

    @property
    def cells(self) -> int:
        """How much is held, in words of 8 bytes, roughly."""
        return len(self.pool) + 32 * len(self.symbols)

    # Making values

    def tuple_of(self, items: list[int]) -> int:
        """The value of a tuple."""
        if not items:
            return TUPLE
        at = len(self.pool)
        self.pool.append(len(items))
        self.pool.extend(items)
        return TUPLE + at

    def call_of(self, callee: int, arguments: int) -> int:
        """The value of a call that is worked out when asked."""
        self.pool.append(callee)
        self.pool.append(arguments)
        return CALL + len(self.pool) - 2

    def symbol(self, key: object, found: object) -> int:
        """The value that stands for a symbol; the same one for the same key."""
        value = self._interned.get(key)
        if value is None:
            value = self._interned[key] = self.new(found)
        return value

    def new(self, found: object) -> int:
        """A value of its own for a symbol."""
        self.symbols.append(found)
        return 1 - len(self.symbols)

    # Looking at values

    def items(self, value: int) -> array[int] | None:
        """Items of a tuple, list, set or dictionary (keys and values in turn)."""
        if TUPLE <= value < CALL:
            at = value - TUPLE
            return self.pool[at + 1 : at + 1 + self.pool[at]]
        found = self.mappings.get(value)
        return self.sequences.get(value) if found is None else found

    def names(self, arguments: int) -> tuple[int, ...]:
        """The symbols among the arguments of a call."""
        if not TUPLE < arguments < CALL:
            return ()
        at = arguments - TUPLE
        return tuple([v for v in self.pool[at + 1 : at + 1 + self.pool[at]] if v < 0])

    def keys(self, state: int) -> tuple[int, ...]:
        """The keys of a state: of a dictionary, or of those in a pair of them."""
        if TUPLE <= state < CALL:
            parts = self.items(state) or ()
            return tuple(k for part in parts[:2] if 0 < part < TUPLE for k in self.keys(part))
        found = self.items(state) if 0 < state < TUPLE else None
        missing = (0,) if self.mappings.has_dropped(state) else ()
        return missing if found is None else (*missing, *found[::2])

    def texts(self, values: tuple[int, ...]) -> tuple[str, ...]:
        """Those of some values that are text.

        With ``?`` for what is no longer remembered, ``?()`` for text that was not worked out.
        """
        found = [self.constant(value) if value else "?" for value in values]
        hidden = ("?()" for k, v in zip(values, found, strict=True) if v is None and k >= CALL)
        return (*(text for text in found if isinstance(text, str)), *hidden)

    def shown(self, arguments: int) -> tuple[object, ...]:
        """Arguments of a call as rules see them."""
        found = self.constant(arguments)
        return found if isinstance(found, tuple) else ()

    def is_persistent(self, value: int) -> bool:
        """Whether a value is what the loading program returns for a persistent id."""
        return 0 < value < TUPLE and self.source.read(value - 1, 1) in (b"P", b"Q")

    def is_hidden(self, value: int) -> bool:
        """Whether a value is not in the stream as it stands, and could not be worked out."""
        return value >= CALL or self.is_persistent(value)

    def constant(self, value: int) -> object:
        """What a value is, as far as the stream alone tells; ``None`` where it does not.

        Raises:
            MalformedArtifactError: the unpickler would refuse the constant.
            LimitExceededError: more was looked at than any honest stream needs.
        """
        return self._constant(value, _Look(_SHOWN, SHORT))

    def _constant(self, value: int, look: _Look) -> object:
        look.left -= 1
        self._looked += 1
        if value < 0:
            found = self.symbols[-value]
            return Result(None) if isinstance(found, ArrayType) else found
        if value >= CALL:
            return self._work_out(value - CALL, look)
        if value >= TUPLE:
            items = self._contents(value, look)
            return None if items is None else tuple(items)
        found = constant_at(self.source, value - 1, look.limit)
        if isinstance(found, str | bytes):
            self._looked += len(found) >> 8
        if self._looked > _MOST_LOOKED:
            raise LimitExceededError("the pickle puts together more text than is followed")
        return self._contents(value, look) if found is OTHER else found

    def _contents(self, value: int, look: _Look) -> list[object] | None:
        items = self.items(value)
        if items is None or look.depth > _DEEPEST:
            return None
        look.depth += 1
        found = [self._constant(item, look) for item in items if look.left > 0]
        look.depth -= 1
        return found

    def _work_out(self, at: int, look: _Look) -> object:
        callee, arguments = self.pool[at], self.pool[at + 1]
        target = self.symbols[-callee]
        if not isinstance(target, Import):
            return None
        if look.limit <= SHORT:  # text is put together from many pieces
            look = _Look(_FOLDED, pickle_folding.MOST, look.depth)
        given = self._contents(arguments, look) if arguments >= TUPLE else None
        match target.dotted, given:
            case "_codecs.encode", [Blob() as text, "latin1" | "latin-1"]:
                return Blob(Latin1(text.source))
        return pickle_folding.fold(target.dotted, tuple(given or ()))

    def mapping(self, state: int) -> dict[str, object]:
        """A dictionary with text keys, as far as it is remembered."""
        items = self.items(state) if 0 < state < TUPLE else None
        if items is None:
            return {}
        pairs = zip(items[:_SHOWN:2], items[1:_SHOWN:2], strict=False)
        found = {}
        for key, value in pairs:
            name = self.constant(key)
            if isinstance(name, str):
                kept = self.symbols[-value] if value < 0 else self.constant(value)
                found[name] = kept
        return found
