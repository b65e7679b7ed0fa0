"""A pickle stream seen as data: nothing in it is ever loaded or called.

The reader runs the stream on a stack and a memo of symbols, the way the
unpickler would, but an import pushes the *name* of what would be imported and a
call pushes a note that something would have been called. What a stream did
before it broke stays reported: a payload in front of a syntax error runs all the same.

Sources: CPython ``Lib/pickletools.py`` (opcode table, stack effects),
``Lib/pickle.py`` (``find_class``, extension registry, Python 2 name mapping);
PyTorch ``serialization.py`` (magic number of its old format).
"""

from __future__ import annotations

import pickletools
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    Reading,
    Source,
    cut,
    part,
)
from modelkeep.formats.pickle_events import Event, Import, PickleDocument, Use, is_plausible
from modelkeep.formats.pickle_loop import run
from modelkeep.formats.pickle_machine import Machine
from modelkeep.formats.remains import behind_zeros

_CONVINCED: Final = 3  # windows without an error after which bytes are a pickle
_CODES: Final = bytes(ord(info.code) for info in pickletools.opcodes)
_TORCH_MAGIC: Final = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Read pickle after pickle, as a file of several dumps holds them.

    The document is a ``PickleDocument``. Bytes behind the last pickle are a part, and so
    are bytes that a call in the stream would load.
    """
    document = PickleDocument()
    reading.document = document
    at = 0
    while True:
        machine = Machine(source, budget, lambda e: document.add(e, budget), reading.parts)
        at = document.end = run(machine, at)
        rest = cut(source, at, source.size - at)
        if not rest.size or not looks_like(rest):
            break
        budget.entry()
    start = behind_zeros(source, at, budget)
    rest = cut(source, start, source.size - start)
    if rest.size:
        known = "tensor data" if is_old_torch(source) else None
        reading.parts.append(part(rest, "trailing", known))


def is_old_torch(source: Source) -> bool:
    """Whether the pickles are PyTorch's old format, behind which its tensors' numbers lie."""
    return source.read(0, len(_TORCH_MAGIC)) == _TORCH_MAGIC


def end_of_first(source: Source) -> int | None:
    """The offset behind the first pickle's STOP, ``None`` where it breaks before."""
    try:
        return run(Machine(source, Budget(), lambda _: None, []), 0)
    except MalformedArtifactError:
        return None


def looks_like(source: Source) -> bool:
    """Whether the bytes are a pickle, by content.

    With the magic of protocols 2 to 5, one more opcode is enough. Without it the stream
    must use a name it imports, or run without an error to its STOP or for three windows.
    """
    head = source.read(0, 4)
    if not head or head[0] not in _CODES or head == b"PK\x03\x04":
        return False  # a zip's magic is a persistent id to the unpickler, on which it stops
    if head[0] == 0x80 and len(head) > 1 and head[1] <= 5:
        return len(head) == 2 or head[2] in _CODES
    return _runs(source)


def gets_somewhere(source: Source) -> bool:
    """Whether an unpickler would get to the use of a name, or run bytes that are one pickle.

    Stricter than ``looks_like``, for values that may be any bytes: with a protocol's magic a
    name that is imported is enough; without it something must be done with the name,
    or nothing but zeros may follow the STOP.
    """
    head = source.read(0, 3)
    if len(head) < 3 or head[0] not in _CODES:
        return False
    marked = head[0] == 0x80 and head[1] <= 5
    if marked and head[2] not in _CODES:
        return False
    probe = _Probe(source, Budget(), _stop_at_import if marked else _stop_at_use, [])
    try:
        end = run(probe, 0)
    except _UseSeenError:
        return marked or probe.windows <= _CONVINCED
    except MalformedArtifactError:
        return False
    return marked or not source.read(end, source.size - end).strip(b"\0")


def _runs(source: Source) -> bool:
    try:
        run(_Probe(source, Budget(), _stop_at_use, []), 0)
    except _UseSeenError:
        return True
    except MalformedArtifactError:
        return False  # also a name that goes on for megabytes
    return True


class _UseSeenError(Exception):
    """Not an error: the stream has shown that it is a pickle."""


class _Probe(Machine):
    """Runs a few windows; one jump behind a long value alone convinces nobody."""

    windows = 0

    def enter(self, window: bytes, at: int) -> None:
        """Called with each window of bytes before its opcodes run."""
        super().enter(window, at)
        self.windows += 1
        if self.windows > _CONVINCED:
            raise _UseSeenError


def _stop_at_use(event: Event) -> None:
    """A name alone may be two lines of a text; something done with it is not."""
    if isinstance(event, Use) and is_plausible(event.target):
        raise _UseSeenError
    if isinstance(event, Import) and " " in event.dotted:  # no module: the unpickler ends here
        raise MalformedArtifactError(f"a pickle that imports {event.dotted!r}")


def _stop_at_import(event: Event) -> None:
    """A name that an unpickler would import, behind the magic of a protocol."""
    if not isinstance(event, Import) or " " not in event.dotted:
        raise _UseSeenError
    raise MalformedArtifactError(f"a pickle that imports {event.dotted!r}")


FORMAT: Final = Format("pickle", looks_like, read, first=_CODES)
