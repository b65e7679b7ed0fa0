"""What a pickle's imports and calls come to, noted as events.

A call is noted once per callee, way and names among its arguments. Calls that only build
text are left to be worked out when somebody asks; calls that look a name up are
imports; bytes that are given to a loader become a stream of their own.

Sources: CPython ``Lib/pickle.py`` (``find_class``, extension registry);
arXiv 2508.19774 (load paths and gadgets that scanners miss).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modelkeep.core.text import printable
from modelkeep.formats import pickle_folding
from modelkeep.formats.interface import Budget, MemorySource, Part, part
from modelkeep.formats.pickle_arrays import array_type
from modelkeep.formats.pickle_constants import Blob
from modelkeep.formats.pickle_events import Event, How, Import, Result, Use
from modelkeep.formats.pickle_policy import executed, is_handed_out
from modelkeep.formats.pickle_values import CALL, TUPLE, Values

_PAIR: Final = 2
_FILLING: Final = frozenset({"append", "extend", "add", "?"})  # what opcodes call to fill
_PLAIN: Final = (bool, int, float, str, bytes)
_FEW: Final = 60  # attributes of which all values are looked at


@dataclass(frozen=True, slots=True)
class _Bound:
    """A method of a constant such as ``"".join``, or a getter with its names."""

    dotted: str
    owner: object


class Calls:
    """Imports and calls of one pickle."""

    def __init__(
        self, values: Values, budget: Budget, emit: Callable[[Event], None], parts: list[Part]
    ) -> None:
        self.values = values
        self.budget = budget
        self.emit = emit
        self.parts = parts
        self._seen: set[object] = set()
        self._executed: set[tuple[int, ...]] = set()
        self._planted: set[int] = set()
        self._extensions: dict[int, tuple[str, str]] = {}

    def import_(
        self, module: object, name: object, offset: int, opcode: str, *, computed: bool = False
    ) -> int:
        """Note an import and return its value."""
        key = (module, name, opcode, computed)
        if key in self._seen:
            return self.values.symbol(key, None)
        self._seen.add(key)
        found = Import(
            printable(module) if isinstance(module, str) else None,
            printable(name) if isinstance(name, str) else None,
            offset,
            opcode,
            computed,
        )
        self.emit(found)
        return self.values.symbol(key, found)

    def extension(self, code: int, offset: int) -> int:
        """Note an import through the registry, which the stream itself may have filled."""
        module, name = self._extensions.get(code, (None, None))
        opcode = f"EXT code {code}"
        return self.import_(module, name, offset, opcode, computed=module is not None)

    def build(self, value: int, state: int, offset: int) -> None:
        """Note the state given to an import or to what a call returned."""
        target = self.values.symbols[-value]
        keys = self.values.keys(state)
        if not isinstance(target, Import | Result):
            return
        if (value, keys) in self._seen and keys not in self._executed:
            return
        self._seen.add((value, keys))
        texts = self.values.texts(keys)
        if self._plants(state, texts):
            self._planted.add(value)
        told = tuple(
            self._executed_text(key, state, keys, texts) for key in executed() if key in texts
        )
        if told:
            self._executed.add(keys)
        self.emit(Use(target, "build", offset, told, texts))

    def _plants(self, state: int, texts: tuple[str, ...]) -> bool:
        """Whether a state may replace a method that opcodes call to fill an instance."""
        given = _FILLING.intersection(texts)
        kept = self.values.mapping(state) if given else {}
        return not all(isinstance(kept.get(key), _PLAIN) for key in given)

    def fill(self, value: int, offset: int, *, appends: bool) -> None:
        """Note what is put into an import, or by a method that BUILD gave to an instance."""
        target = self.values.symbols[-value]
        if not isinstance(target, Import | Result) or (value, "fill") in self._seen:
            return
        if isinstance(target, Import) or (appends and value in self._planted):
            self._seen.add((value, "fill"))
            self.emit(Use(target, "fill", offset))

    def _executed_text(
        self, key: str, state: int, keys: tuple[int, ...], texts: tuple[str, ...]
    ) -> str:
        """The text of an attribute that is run, ``?`` where another could take its place."""
        plain = len(keys) == len(texts) <= _FEW and texts.count(key) == 1
        text = self.values.mapping(state).get(key) if plain else None
        return text if isinstance(text, str) else "?"

    def _unknown(self) -> int:
        return self.values.symbol("unknown", Result(None))

    def call(self, callee: int, arguments: int, how: How, offset: int) -> int:
        """What a call returns; noted once per callee, way and names among its arguments."""
        values = self.values
        if callee >= 0:
            # PyTorch's old format names the classes of modules so, and only restores them.
            if how != "newobj" and values.is_persistent(callee):
                self.emit(Use(Result(None), how, offset))
            return self._unknown()
        target = values.symbols[-callee]
        if isinstance(target, _Bound):
            self._note_getter(target, callee, how, offset)
            return self._call_bound(target, arguments)
        if not isinstance(target, Import | Result):
            return self._unknown()
        key = (callee, how, values.names(arguments))
        if key not in self._seen:
            self._seen.add(key)
            self.emit(Use(target, how, offset, self._shown(target, arguments)))
        found = None
        if isinstance(target, Import):
            found = self._known_call(target.dotted, callee, arguments, offset)
        if found is not None:
            return found
        return values.symbol(("result", callee, how), Result(target, how))

    def _shown(self, target: Import | Result, arguments: int) -> tuple[object, ...]:
        """Arguments as rules see them; what a loader reads is a result unless it is known."""
        shown = self.values.shown(arguments)
        if isinstance(target, Import) and is_handed_out(target.dotted) and len(shown) == 1:
            items = self.values.items(arguments)
            if items and shown[0] is None and self.values.is_hidden(items[0]):
                return (Result(None),)
        return shown

    def _note_getter(self, target: _Bound, callee: int, how: How, offset: int) -> None:
        """Note that what ``attrgetter`` or ``methodcaller`` returned is called."""
        module, _, name = target.dotted.rpartition(".")
        if module == "operator" and (callee, how) not in self._seen:
            self._seen.add((callee, how))
            self.emit(Use(Result(Import(module, name, offset, how)), how, offset))

    def _known_call(self, dotted: str, callee: int, arguments: int, offset: int) -> int | None:
        """Calls whose outcome is followed further."""
        values = self.values
        if dotted in pickle_folding.TEXT:
            return values.call_of(callee, arguments)
        if dotted == "numpy.dtype":
            made = array_type(values.shown(arguments))
            if made is None:
                return None
            # A structure is changed by its state, also where the memo refers to it.
            return values.new(made) if made.structured else values.symbol(made, made)
        if dotted in pickle_folding.NAMES:
            return self._look_up(dotted, arguments, offset)
        if dotted in pickle_folding.LOADERS:
            self._load(dotted, arguments, offset)
        elif dotted == "copyreg.add_extension":
            self._register(values.shown(arguments))
        elif dotted.removeprefix("_") in ("operator.attrgetter", "operator.methodcaller"):
            dotted = dotted.removeprefix("_")
            shown = values.shown(arguments)
            return values.symbol(("getter", dotted, shown[:1]), _Bound(dotted, shown))
        return None

    def _look_up(self, dotted: str, arguments: int, offset: int) -> int | None:
        values = self.values
        shown = values.shown(arguments)
        found = pickle_folding.fold(dotted, shown)
        if isinstance(found, Import):
            built = any(item >= CALL for item in values.items(arguments) or ())
            return self.import_(
                found.module, found.name, offset, found.opcode, computed=found.computed or built
            )
        if len(shown) == _PAIR and isinstance(shown[0], str | bytes):
            owner, name = shown
            bound = _Bound(f"builtins.{type(owner).__name__}.{name}", owner)
            return values.symbol(("bound", bound.dotted, owner), bound)
        return None

    def _call_bound(self, target: _Bound, arguments: int) -> int:
        values = self.values
        shown = values.shown(arguments)
        if target.dotted.startswith("operator."):
            names = target.owner if isinstance(target.owner, tuple) else ()
            return self._call_getter(target.dotted, names, shown)
        found = pickle_folding.fold(target.dotted, (target.owner, *shown))
        return values.new(found) if isinstance(found, str | bytes | list) else self._unknown()

    def _call_getter(
        self, dotted: str, names: tuple[object, ...], shown: tuple[object, ...]
    ) -> int:
        """``attrgetter("a.b")(x)`` is ``x.a.b``; ``methodcaller("a")(x)`` calls ``x.a``."""
        match names, shown:
            case (str() as name, *_), (Import() as holder, *_):
                full = f"{holder.name}.{name}" if holder.name else name
                opcode = dotted.removeprefix("operator.")
                value = self.import_(holder.module, full, holder.offset, opcode)
                if opcode == "attrgetter":
                    return value
                return self.call(value, TUPLE, "reduce", holder.offset)
        return self._unknown()

    def _register(self, shown: tuple[object, ...]) -> None:
        match shown:
            case (str() as module, str() as name, int() as code):
                self._extensions[code] = (module, name)

    def _load(self, dotted: str, arguments: int, offset: int) -> None:
        """Hand out the bytes a loader would be given as a stream of its own."""
        items = self.values.items(arguments)
        if not items:
            return
        content = self.values.constant(items[0])
        known = pickle_folding.LOADERS[dotted]
        name = f"{dotted}@{offset:#x}"
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogatepass")
        if isinstance(content, bytes):
            self.budget.entry()
            self.parts.append(part(MemorySource(content), name, known))
        elif isinstance(content, Blob):
            self.budget.entry()
            self.parts.append(part(content.source, name, known))
