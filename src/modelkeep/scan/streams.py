"""Every stream of a file: the file, members in it, pickles behind pickles.

One reader runs once per stream; all rules see what it made. A reader that stops
early leaves what it reached and an error: the findings stay, the verdict of the
file becomes INCONCLUSIVE. Members are unpacked one at a time and handed out before
the archive they lie in, because only then it is known which of them are damaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from modelkeep.core import LimitExceededError, Location, MalformedArtifactError
from modelkeep.formats import (
    Budget,
    MemorySource,
    Source,
    cut,
    json_text,
    npy,
    onnx_model,
    pickle_stream,
    safetensors,
    sniff,
    ubjson,
    zip_archive,
)


@dataclass(slots=True)
class Stream:
    """One stream and what its reader made of it.

    Attributes:
        format: reader's name, ``text``, ``empty``, ``tensor data`` or ``unread:...``.
        document: ``PickleDocument``, ``ZipDocument``, ``safetensors.Header``,
            ``npy.Header``, a list of ONNX operators and external tensors, or ``None``.
        error: why the reader stopped, or ``None``.
    """

    location: Location
    source: Source
    format: str
    document: object = None
    error: MalformedArtifactError | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A stream inside another, opened when its turn comes.

    Attributes:
        open: hands out the bytes.
        member: its name.
        known: its format where that is not to be sniffed.
    """

    open: Callable[[], Source]
    member: str
    known: str | None = None


@dataclass(slots=True)
class PickleDocument:
    """What the pickles of a stream would import and do, each once, and where they end."""

    events: list[pickle_stream.Event] = field(default_factory=list)
    end: int = 0
    _seen: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, event: pickle_stream.Event, budget: Budget) -> None:
        """Keep an event unless the same was seen before.

        Raises:
            LimitExceededError: more distinct ones than the budget has entries.
        """
        if isinstance(event, pickle_stream.End):
            self.end = event.offset
            return
        key = (
            ("import", event.dotted, event.opcode)
            if isinstance(event, pickle_stream.Import)
            else ("use", event.target.dotted, event.how)
        )
        if key not in self._seen:
            budget.entry()
            self._seen.add(key)
            self.events.append(event)


@dataclass(slots=True)
class ZipDocument:
    """Both views of a zip, and members whose bytes are not what they say."""

    archive: zip_archive.Archive
    damage: list[tuple[int, str]] = field(default_factory=list)


def streams(source: Source, path: str, budget: Budget) -> Iterator[Stream]:
    """Yield every stream of a file, inner ones first."""
    yield from _streams(source, Location(path), budget, 0)


def _streams(
    source: Source, location: Location, budget: Budget, depth: int
) -> Iterator[Stream]:
    stream = Stream(location, source, "unread:unknown binary content")
    try:
        if depth > budget.limits.depth:
            raise LimitExceededError(f"nested deeper than {budget.limits.depth}")
        budget.entry()
        stream.format, *others = sniff(source)
    except MalformedArtifactError as error:
        stream.error = error
        yield stream
        return
    # What else the bytes pass for is read too: a loader may see that.
    for other in others:
        yield from _read(Stream(location, source, other), budget, depth)
    yield from _read(stream, budget, depth)


def _read(stream: Stream, budget: Budget, depth: int) -> Iterator[Stream]:
    """Run the reader of a stream's format; its parts come first."""
    parts: list[Part] = []
    try:
        _parse(stream, budget, parts)
    except MalformedArtifactError as error:
        stream.error = error
    for part in parts:
        yield from _inner(part, stream.location, budget, depth)
    yield stream


def _inner(part: Part, location: Location, budget: Budget, depth: int) -> Iterator[Stream]:
    inner = f"{location.member}!{part.member}" if location.member else part.member
    place = Location(location.path, inner)
    try:
        source = part.open()
    except MalformedArtifactError as error:
        yield Stream(place, MemorySource(b""), "unread:damaged member", error=error)
        return
    if part.known is not None:
        yield Stream(place, source, part.known)
    else:
        yield from _streams(source, place, budget, depth + 1)


def _parse(stream: Stream, budget: Budget, parts: list[Part]) -> None:
    source = stream.source
    if stream.format == "pickle":
        _parse_pickles(stream, budget, parts)
    elif stream.format == "zip":
        _parse_zip(stream, budget, parts)
    elif stream.format == "safetensors":
        stream.document = safetensors.read_header(source, budget)
    elif stream.format == "npy":
        _parse_npy(stream, budget, parts)
    elif stream.format == "onnx":
        found: list[object] = []
        stream.document = found
        for item in onnx_model.walk(source, budget):
            found.append(item)  # noqa: PERF402 - what was found before an error must stay
    elif stream.format == "json":
        json_text.check(source, budget)
    elif stream.format == "ubjson":
        ubjson.check(source, budget)


def _parse_npy(stream: Stream, budget: Budget, parts: list[Part]) -> None:
    header = npy.read_header(stream.source, budget)
    stream.document = header
    if header.objects:
        rest = cut(stream.source, header.data, stream.source.size - header.data)
        parts.append(Part(_hander(rest), "objects"))


def _parse_pickles(stream: Stream, budget: Budget, parts: list[Part]) -> None:
    """Read pickle after pickle, as a file of several dumps holds them."""
    document = PickleDocument()
    stream.document = document
    source, start = stream.source, 0
    while True:
        for event in pickle_stream.events(source, budget, start):
            document.add(event, budget)
        rest = cut(source, document.end, source.size - document.end)
        if not rest.size or not pickle_stream.looks_like(rest):
            break
        budget.entry()
        start = document.end
    if rest.size:
        kind = sniff(rest)[0]
        is_format = not kind.startswith("unread:") and kind != "text"
        parts.append(Part(_hander(rest), "trailing", None if is_format else kind))


def _parse_zip(stream: Stream, budget: Budget, parts: list[Part]) -> None:
    archive = zip_archive.open_archive(stream.source, budget)
    document = ZipDocument(archive)
    stream.document = document
    names = [member.name for member in archive.members]
    roots = {n.removesuffix("data.pkl") for n in names if n.rpartition("/")[2] == "data.pkl"}
    parts += [
        Part(_opener(document, member, budget), member.name, _role(member.name, roots))
        for member in archive.members
        if not member.is_folder
    ]
    parts += [Part(_hander(gap), f"[{gap.start:#x}]") for gap in archive.hidden]


def _opener(
    document: ZipDocument, member: zip_archive.Member, budget: Budget
) -> Callable[[], Source]:
    def open_member() -> Source:
        data, problem = zip_archive.member_source(document.archive, member, budget)
        if problem is not None:
            document.damage.append((member.header, problem))
        return data

    return open_member


def _hander(source: Source) -> Callable[[], Source]:
    return lambda: source


def _role(name: str, torch_roots: set[str]) -> str | None:
    """Members PyTorch reads as raw storage: any bytes, so sniffing them would guess."""
    folder, slash, last = name.rpartition("data/")
    is_storage = bool(slash) and folder in torch_roots and last.isdecimal()
    return "tensor data" if is_storage else None
