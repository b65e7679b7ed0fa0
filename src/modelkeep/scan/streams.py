"""Every stream of a file: the file, members in it, pickles behind pickles.

One reader runs once per stream; all rules see what it made. A reader that stops
early leaves what it reached and an error: the findings stay, the verdict of the
file becomes INCONCLUSIVE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from modelkeep.core import LimitExceededError, Location, MalformedArtifactError
from modelkeep.formats import (
    Budget,
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

Part = tuple[Source, str, str | None]  # bytes, member name, format if not to be sniffed


@dataclass(slots=True)
class Stream:
    """One stream and what its reader made of it.

    Attributes:
        format: reader's name, ``text``, ``empty``, ``tensor data`` or ``unread:...``.
        document: ``PickleDocument``, ``zip_archive.Archive``,
            ``safetensors.Header``, ``npy.Header``, a list of ONNX operators and
            external tensors, or ``None``.
        error: why the reader stopped, or ``None``.
    """

    location: Location
    source: Source
    format: str
    document: object = None
    error: MalformedArtifactError | None = None


@dataclass(slots=True)
class PickleDocument:
    """Events of the pickles of a stream, and where they end."""

    events: list[pickle_stream.Event] = field(default_factory=list)
    end: int = 0


@dataclass(slots=True)
class ZipDocument:
    """Both views of a zip, and members whose bytes are not what they say."""

    archive: zip_archive.Archive
    damage: list[tuple[int, str]] = field(default_factory=list)


def streams(source: Source, path: str, budget: Budget) -> Iterator[Stream]:
    """Yield every stream of a file, outermost first."""
    yield from _streams(source, Location(path), budget, 0)


def _streams(
    source: Source, location: Location, budget: Budget, depth: int
) -> Iterator[Stream]:
    stream = Stream(location, source, "unread:unknown binary content")
    if depth > budget.limits.depth:
        stream.error = LimitExceededError(f"nested deeper than {budget.limits.depth}")
        yield stream
        return
    stream.format = sniff(source)
    parts: list[Part] = []
    try:
        budget.entry()
        _parse(stream, budget, parts)
    except MalformedArtifactError as error:
        stream.error = error
    yield stream
    for part, member, known in parts:
        inner = f"{location.member}!{member}" if location.member else member
        place = Location(location.path, inner)
        if known is not None:
            yield Stream(place, part, known)
        else:
            yield from _streams(part, place, budget, depth + 1)


def _parse(stream: Stream, budget: Budget, parts: list[Part]) -> None:
    source = stream.source
    if stream.format == "pickle":
        _parse_pickles(stream, budget, 0, parts)
    elif stream.format == "zip":
        _parse_zip(stream, budget, parts)
    elif stream.format == "safetensors":
        stream.document = safetensors.read_header(source, budget)
    elif stream.format == "npy":
        header = npy.read_header(source, budget)
        stream.document = header
        if header.objects:
            parts.append((cut(source, header.data, source.size - header.data), "objects", None))
    elif stream.format == "onnx":
        found: list[object] = []
        stream.document = found
        for item in onnx_model.walk(source, budget):
            found.append(item)  # noqa: PERF402 - what was found before an error must stay
    elif stream.format == "json":
        json_text.read_json(source, budget)
    elif stream.format == "ubjson":
        ubjson.check(source, budget)


def _parse_pickles(stream: Stream, budget: Budget, start: int, parts: list[Part]) -> None:
    """Read pickle after pickle, as a file of several dumps holds them."""
    document = PickleDocument()
    stream.document = document
    source = stream.source
    while True:
        for event in pickle_stream.events(source, budget, start):
            document.events.append(event)
            if isinstance(event, pickle_stream.End):
                document.end = event.offset
        rest = cut(source, document.end, source.size - document.end)
        if not rest.size or not pickle_stream.looks_like(rest):
            break
        budget.entry()
        start = document.end
    if rest.size:
        parts.append((rest, "trailing", _role_of_tail(rest)))


def _role_of_tail(rest: Source) -> str | None:
    """A tail that is itself a format is read; anything else is reported, not read."""
    kind = sniff(rest)
    return kind if kind.startswith("unread:") or kind == "text" else None


def _parse_zip(stream: Stream, budget: Budget, parts: list[Part]) -> None:
    archive = zip_archive.open_archive(stream.source, budget)
    document = ZipDocument(archive)
    stream.document = document
    names = {member.name for member in archive.members}
    torch_root = next(
        (n.removesuffix("data.pkl") for n in names if n.endswith("data.pkl")), None
    )
    trouble: MalformedArtifactError | None = None
    for member in archive.members:
        if member.name.endswith("/"):
            continue
        try:
            data, problem = zip_archive.member_source(archive, member, budget)
        except MalformedArtifactError as error:
            trouble = error
            continue
        if problem is not None:
            document.damage.append((member.header, problem))
        parts.append((data, member.name, _role(member.name, torch_root)))
    parts += [(part, f"[{part.start:#x}]", None) for part in archive.hidden]
    if trouble is not None:
        raise trouble


def _role(name: str, torch_root: str | None) -> str | None:
    """Members PyTorch reads as raw storage: any bytes, so sniffing them would guess."""
    if torch_root is None or not name.startswith(f"{torch_root}data/"):
        return None
    return "tensor data" if name.removeprefix(f"{torch_root}data/").isdigit() else None
