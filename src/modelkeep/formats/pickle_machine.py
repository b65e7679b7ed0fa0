"""The machine behind ``pickle_stream``: what each opcode that matters would do.

It keeps a stack, a memo and values (``pickle_values``), notes imports, calls and states
as events, and hands out bytes that flow into a loader as streams of their own.
``pickle_loop`` drives it. Nothing is imported, called or built.

Sources: CPython ``Modules/_pickle.c`` (stack fences, memo, fill opcodes),
``Lib/pickle.py`` (``find_class``, extension registry).
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Part, Source
from modelkeep.formats.pickle_arrays import ArrayType, end_of_block, is_array_wrapper
from modelkeep.formats.pickle_calls import Calls
from modelkeep.formats.pickle_constants import check_text, end_of_line, line_at
from modelkeep.formats.pickle_events import Event, Result, Use, is_plausible
from modelkeep.formats.pickle_values import TUPLE, Values

_MARKS: Final = 1_000_000
_COPIES: Final = 1000  # arrays for whose sake the memo is copied


Run = Callable[["Machine", int], int]


class NotInMemoError(MalformedArtifactError):
    """A memo slot is read that was never set."""

    def __init__(self, key: int) -> None:
        super().__init__(f"pickle reads memo slot {key}, which is not set")


class Machine:
    """State of one pickle while its opcodes run."""

    def __init__(
        self, source: Source, budget: Budget, emit: Callable[[Event], None], parts: list[Part]
    ) -> None:
        self.source = source
        self.budget = budget
        self.emit = emit
        self.parts = parts
        self.values = Values(source)
        self.calls = Calls(self.values, budget, emit, parts)
        self.stack: list[int] = []
        self.marks: list[list[int]] = []
        self.memo = array("q")
        self.far: dict[int, int] = {}
        self._state = 0
        self._depth = 0
        self._copies = 0
        self._window = b""
        self._window_at = 0

    # Stack and memo

    def enter(self, window: bytes, at: int) -> None:
        """Called with each window of bytes before its opcodes run.

        Raises:
            LimitExceededError: out of time, or more symbols than are held.
        """
        self._window, self._window_at = window, at
        self.budget.tick()
        cells = len(self.memo) + 4 * len(self.stack) + 16 * len(self.far) + self.values.cells
        if cells > self.budget.limits.values or len(self.marks) > _MARKS:
            raise LimitExceededError("the pickle holds more values than are followed")

    def line(self, at: int) -> bytes:
        """The bytes up to the next newline.

        Raises:
            MalformedArtifactError: there is none.
        """
        start = at - self._window_at
        end = self._window.find(b"\n", start) if 0 <= start < len(self._window) else -1
        return self._window[start:end] if end >= 0 else line_at(self.source, at)

    def end_of_line(self, at: int) -> int:
        """Where the next newline stands.

        Raises:
            MalformedArtifactError: there is none.
        """
        start = at - self._window_at
        found = self._window.find(b"\n", start) if 0 <= start < len(self._window) else -1
        return self._window_at + found if found >= 0 else end_of_line(self.source, at)

    def check_text(self, at: int) -> None:
        """Make sure that the text pushed by the opcode at ``at`` is UTF-8.

        Raises:
            MalformedArtifactError: it is not.
        """
        check_text(self.source, at)

    def pop(self) -> int:
        """Take the top value.

        Raises:
            MalformedArtifactError: the stack is empty.
        """
        if not self.stack:
            raise MalformedArtifactError("pickle takes a value from an empty stack")
        return self.stack.pop()

    def top(self) -> int:
        """Look at the top value.

        Raises:
            MalformedArtifactError: the stack is empty.
        """
        if not self.stack:
            raise MalformedArtifactError("pickle looks at an empty stack")
        return self.stack[-1]

    def pop_mark(self) -> list[int]:
        """Take all values down to the mark.

        Raises:
            MalformedArtifactError: there is no mark.
        """
        if not self.marks:
            raise MalformedArtifactError("pickle has no mark to go back to")
        items = self.stack
        self.stack = self.marks.pop()
        return items

    def drop(self) -> None:
        """POP: the top value, or the mark where nothing lies above it."""
        if self.stack:
            self.stack.pop()
        elif self.marks:
            self.stack = self.marks.pop()
        else:
            raise MalformedArtifactError("pickle takes a value from an empty stack")

    def put(self, key: int) -> None:
        """Store the top value in a memo slot.

        Raises:
            MalformedArtifactError: nothing to store, or no such slot.
        """
        value = self.top()
        if key < 0:
            raise MalformedArtifactError(f"pickle stores memo slot {key}")
        if key < len(self.memo):
            self.memo[key] = value
        elif key == len(self.memo) and key not in self.far:
            self.memo.append(value)
        else:
            self.far[key] = value

    def memoize(self) -> None:
        """Store the top value in the slot numbered like the count of slots set."""
        self.put(len(self.memo) + len(self.far))

    def get(self, key: int) -> None:
        """Push the value of a memo slot.

        Raises:
            MalformedArtifactError: the slot is not set.
        """
        value = self.far.get(key)
        if value is None:
            if not 0 <= key < len(self.memo):
                raise NotInMemoError(key)
            value = self.memo[key]
        self.stack.append(value)

    def fill_made(self, offset: int) -> None:
        """Put items into an import or into what a call returned."""
        self.calls.fill(self.top(), offset, appends=False)

    def append_made(self, offset: int) -> None:
        """The same by calling its ``append``, ``extend`` or ``add``."""
        self.calls.fill(self.top(), offset, appends=True)

    def inner(self) -> Machine:
        """A machine for a pickle within this one, as a wrapper of objects brings it.

        Raises:
            LimitExceededError: too many within each other.
        """
        if self._depth >= self.budget.limits.depth:
            raise LimitExceededError(f"pickles nested deeper than {self._depth}")
        machine = Machine(self.source, self.budget, self.emit, self.parts)
        machine._depth = self._depth + 1
        return machine

    # Imports

    def stack_global(self, offset: int) -> None:
        """Import the two texts on the stack."""
        name, module = self.pop(), self.pop()
        halves = [self.values.constant(half) for half in (module, name)]
        module_text, name_text = (half if isinstance(half, str) else None for half in halves)
        literal = 0 < name < TUPLE and 0 < module < TUPLE
        computed = not literal and module_text is not None and name_text is not None
        self.stack.append(
            self.calls.import_(
                module_text, name_text, offset, "STACK_GLOBAL", computed=computed
            )
        )

    def extension(self, code: int, offset: int) -> None:
        """Import through the extension registry, which the stream itself may have filled."""
        self.stack.append(self.calls.extension(code, offset))

    # Calls

    def reduce(self, offset: int) -> None:
        """Call with the tuple on the stack."""
        arguments = self.pop()
        self.stack.append(self.calls.call(self.pop(), arguments, "reduce", offset))

    def newobj(self, offset: int, *, keywords: bool = False) -> None:
        """Make an instance without initialising it."""
        if keywords:
            self.pop()
        arguments = self.pop()
        self.stack.append(self.calls.call(self.pop(), arguments, "newobj", offset))

    def obj(self, offset: int) -> None:
        """Call the class below the arguments.

        Raises:
            MalformedArtifactError: there is none.
        """
        items = self.pop_mark()
        if not items:
            raise MalformedArtifactError("pickle OBJ without a class")
        arguments = self.values.tuple_of(items[1:])
        self.stack.append(self.calls.call(items[0], arguments, "obj", offset))

    def inst(self, module: str, name: str, offset: int) -> None:
        """Import a class and call it with the values down to the mark."""
        arguments = self.values.tuple_of(self.pop_mark())
        callee = self.calls.import_(module, name, offset, "INST")
        self.stack.append(self.calls.call(callee, arguments, "inst", offset))

    # State

    def build(self, offset: int) -> None:
        """Give the value below the state on the stack its state."""
        state = self.pop()
        value = self.top()
        self._state = state
        if value >= 0:
            return
        values = self.values
        target = values.symbols[-value]
        if isinstance(target, ArrayType):
            if target.structured:
                values.symbols[-value] = target.with_state(values.shown(state))
        else:
            self.calls.build(value, state, offset)

    def array_block(self, at: int, run: Run) -> int:
        """Where the stream goes on behind a ``BUILD`` that ends at ``at``; -1: a pickle there.

        joblib takes what stands there for numbers; a plain unpickler takes it for opcodes,
        so it is run as opcodes too.

        Raises:
            MalformedArtifactError: an array is there that does not say how long it is.
        """
        value = self.stack[-1] if self.stack else 0
        target = self.values.symbols[-value] if value < 0 else None
        if not isinstance(target, Result) or not is_array_wrapper(target):
            return at
        self._run_numbers(at, run)
        end = end_of_block(self.values.mapping(self._state), self.source, at)
        return -1 if end is None else end

    def _run_numbers(self, at: int, run: Run) -> None:
        """Note what the numbers of an array do as opcodes; nearly always they break at once."""
        events: list[Event] = []
        other = Machine(self.source, self.budget, events.append, [])
        other.stack = [self.stack[-1]]
        other.values = self.values
        other.calls = Calls(self.values, self.budget, events.append, other.parts)
        try:
            run(other, at)
        except NotInMemoError:
            self._copies += 1
            if self._copies > _COPIES:
                raise LimitExceededError(
                    "more arrays refer to the memo than are followed"
                ) from None
            other.stack, other.marks = list(self.stack), [list(mark) for mark in self.marks]
            other.memo, other.far = self.memo[:], dict(self.far)
            with contextlib.suppress(MalformedArtifactError):
                run(other, at)
        except MalformedArtifactError:
            pass
        if any(isinstance(e, Use) and is_plausible(e.target) for e in events):
            for event in events:
                self.emit(event)
            self.parts += other.parts
