"""Every stream of a file: the file, members in it, pickles behind pickles.

One reader runs once per stream; all rules see what it made. A reader that stops
early leaves what it reached and an error: the findings stay, the verdict of the
file becomes INCONCLUSIVE. Members are unpacked one at a time and handed out before
the archive they lie in, because only then it is known which of them are damaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from modelkeep.core import LimitExceededError, Location, MalformedArtifactError
from modelkeep.core.text import printable
from modelkeep.formats import Budget, MemorySource, Part, Reading, Source, formats, sniff


@dataclass(slots=True)
class Stream:
    """One stream and what its reader made of it.

    Attributes:
        format: the reader's name, ``text``, ``empty``, ``tensor data`` or ``unread:...``.
        reading: what the reader made of it.
        error: why the reader stopped, or ``None``.
        holder: the stream it lies in, ``None`` for a file.
    """

    location: Location
    source: Source
    format: str
    reading: Reading = field(default_factory=Reading)
    error: MalformedArtifactError | None = None
    holder: Stream | None = None

    @property
    def document(self) -> object:
        """What rules look at."""
        return self.reading.document


def streams(source: Source, path: str, budget: Budget) -> Iterator[Stream]:
    """Yield every stream of a file, inner ones first."""
    yield from _streams(source, Location(path), budget, 0)


def _streams(
    source: Source,
    location: Location,
    budget: Budget,
    depth: int,
    holder: Stream | None = None,
) -> Iterator[Stream]:
    stream = Stream(location, source, "unread:unknown binary content", holder=holder)
    try:
        if depth > budget.limits.depth:
            raise LimitExceededError(f"nested deeper than {budget.limits.depth}")
        budget.entry()
        stream.format, *others = sniff(source, _name(location))
    except MalformedArtifactError as error:
        stream.error = error
        yield stream
        return
    # What else the bytes pass for is read too: a loader may see that.
    for other in others:
        yield from _read(Stream(location, source, other, holder=holder), budget, depth)
    yield from _read(stream, budget, depth)


def _name(location: Location) -> str:
    """What the bytes are called; what a packed file holds is called like it without ``.gz``."""
    names = [location.path, *(location.member or "").split("!")]
    name = names.pop() or names.pop()
    while names and "." not in name:
        name = names.pop().rpartition(".")[0]
    return name


def _read(stream: Stream, budget: Budget, depth: int) -> Iterator[Stream]:
    """Run the reader of a stream's format; its parts come first."""
    known = formats().get(stream.format)
    try:
        if known is not None:
            known.read(stream.source, budget, stream.reading)
    except MalformedArtifactError as error:
        stream.error = error
    for part in stream.reading.parts:
        yield from _inner(part, stream, budget, depth)
    yield stream


def _inner(part: Part, holder: Stream, budget: Budget, depth: int) -> Iterator[Stream]:
    location = holder.location
    inner = f"{location.member}!{part.member}" if location.member else part.member
    place = Location(location.path, printable(inner))
    try:
        source = part.open()
    except MalformedArtifactError as error:
        yield Stream(place, MemorySource(b""), "unread:damaged member", error=error)
        return
    if part.known is not None:
        stream = Stream(place, source, part.known, holder=holder)
        yield from _read(stream, budget, depth + 1)
    else:
        yield from _streams(source, place, budget, depth + 1, holder)
