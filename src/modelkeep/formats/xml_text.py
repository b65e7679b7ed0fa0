"""XML read with entities refused: what could name code, files or addresses is kept.

Of a model in XML (PMML, OpenVINO IR, property lists) only few elements matter to a
rule; a forest has millions of others, which are counted and let go. Entities that
name a file, an address or each other stop the reader, because expanding them is the attack.

Sources: XML 1.0; expat, which never fetches anything by itself; PMML 4.4; OpenVINO IR v11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    WIDE_TEXT_FIRST,
    Budget,
    Format,
    MemorySource,
    Reading,
    Source,
)

DEEPEST: Final = 512
_CHUNK: Final = 1 << 16
_MOST_BYTES: Final = 512 * 2**20
_MOST_KEPT: Final = 10_000
_MOST_TEXT: Final = 1 << 16
_STARTS: Final = re.compile(
    r"\s*<(?:\?xml[\s-]|!DOCTYPE\s+(?!html\b)|PMML[\s>]|net\s+name=|xsl:|!ENTITY|java[\s>])",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = re.compile(
    rb"\{\{.{0,80}\}\}|\{%.{0,80}%\}|%\(\w+\)s|<%.{0,80}%>", re.DOTALL
)
_AROUND: Final = 128
_NOTABLE_NAMES: Final = frozenset(
    "extension include import script object void java class customlayer kernel source".split()
)
_NOTABLE_ATTRIBUTES: Final = frozenset(
    "href src class library plugin module extension dll entry function implementation "
    "filename type version language".split()
)
_NOTABLE_VALUE: Final = re.compile(r"://|\w\(|javascript:|\.(?:so|dll|dylib|pyd|jar|py)\b")
_PUBLIC: Final = re.compile(r"[-+]//|ISO|PMML ")
_WEB: Final = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}/", re.IGNORECASE)
# Encodings of several bytes per character, which expat leaves to others.
_WIDE: Final = re.compile(
    rb"""^<\?xml[^>]{0,100}encoding\s*=\s*["'](gb2312|gbk|gb18030|big5|euc-jp|euc-kr|shift_jis"""
    rb"""|iso-2022-jp|cp949|cp936|ks_c_5601-1987)["']""",
    re.IGNORECASE,
)
_MOST_DIGITS: Final = 40
_HOLE: Final = 2**20
_MOST_WIDE: Final = 64 * 2**20
_DULL: Final = frozenset(
    "Node SimplePredicate ScoreDistribution DataField MiningField Value Array dim".split()
)


@dataclass(frozen=True, slots=True)
class Element:
    """An element a rule may ask about.

    Attributes:
        name: with its prefix.
        attributes: as written, entities of the standard undone.
        text: the beginning of the text directly in it.
        line: where it starts.
    """

    name: str
    attributes: dict[str, str]
    text: str
    line: int

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]


@dataclass(slots=True)
class XmlDocument:
    """What stays of a document.

    Attributes:
        root: name of the outermost element.
        elements: those that rules ask about.
        entities: entities and document types that reach outside or multiply, each
            ``(line, sentence)``.
        instructions: processing instructions, each ``(line, target, data)``.
    """

    root: str = ""
    elements: list[Element] = field(default_factory=list)
    entities: list[tuple[int, str]] = field(default_factory=list)
    instructions: list[tuple[int, str, str]] = field(default_factory=list)


class _RefusedError(Exception):
    """An entity that will not be expanded."""


def looks_like(source: Source) -> bool:
    """Whether the text starts as XML, and not as a web page or Markdown with tags in it."""
    head = source.read(0, 512)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", "replace")
    elif head[:4] in (b"<\0?\0", b"\0<\0?"):
        text = head.decode("utf-16-le" if head[0] else "utf-16-be", "replace")
    else:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    return _STARTS.match(text) is not None


@dataclass(slots=True)
class _Walk:
    parser: expat.XMLParserType
    budget: Budget
    document: XmlDocument
    open_: list[int | None] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    weights: int = 0
    """Bytes of weights that elements list."""
    weights_end: int = 0
    """Where the last of them ends in the file of weights."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.budget.operations(1)
        if len(self.open_) >= DEEPEST:
            raise LimitExceededError(f"XML nested deeper than {DEEPEST}")
        self.document.root = self.document.root or name
        if name == "data":
            self._weights(attributes)
        kept = None
        if name not in _DULL and _is_notable(name, attributes):
            kept = self._keep(Element(name, attributes, "", self.parser.CurrentLineNumber))
        self.open_.append(kept)

    def _weights(self, attributes: dict[str, str]) -> None:
        """Account for a constant of an OpenVINO network."""
        place = [attributes.get(key, "") for key in ("offset", "size")]
        if all(
            text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS for text in place
        ):
            offset, size = (int(text) for text in place)
            self.weights += size
            self.weights_end = max(self.weights_end, offset + size)

    def _keep(self, element: Element) -> int | None:
        """Keep an element, unless one without text of its own was seen just so before."""
        if element.local.lower() not in _NOTABLE_NAMES:
            mark = hash((element.name, *element.attributes.items()))
            if mark in self.seen:
                return None
            self.seen.add(mark)
        if len(self.document.elements) >= _MOST_KEPT:
            raise LimitExceededError(f"more than {_MOST_KEPT} XML elements to look at")
        self.document.elements.append(element)
        return len(self.document.elements) - 1

    def end(self, _name: str) -> None:
        self.open_.pop()

    def text(self, data: str) -> None:
        at = self.open_[-1] if self.open_ else None
        if at is None or not data.strip():
            return
        kept = self.document.elements[at]
        if len(kept.text) < _MOST_TEXT:
            text = kept.text + data[:_MOST_TEXT]
            self.document.elements[at] = Element(kept.name, kept.attributes, text, kept.line)

    def instruction(self, target: str, data: str) -> None:
        self.budget.entry()
        self.document.instructions.append((self.parser.CurrentLineNumber, target, data))

    def doctype(self, name: str, system: str | None, public: str | None, _inside: int) -> None:
        # A public name is looked up in a catalogue; its address is only a fallback.
        is_public = public is not None and _PUBLIC.match(public) and _WEB.match(system or "")
        if system is not None and not is_public:
            self._note(f"document type {name!r} is fetched from {system!r}")

    def entity(
        self,
        name: str,
        is_parameter: int,
        value: str | None,
        _base: str | None,
        *rest: str | None,
    ) -> None:
        self.budget.entry()
        system = rest[0]
        if value is None:
            self._note(f"entity {name!r} is fetched from {system!r}")
        elif is_parameter or re.search(r"[&%][\w.:#-]+;", value) or len(value) > 4096:
            self._note(f"entity {name!r} expands to others")
        else:
            return
        raise _RefusedError

    def _note(self, sentence: str) -> None:
        self.document.entities.append((self.parser.CurrentLineNumber, sentence))


def _is_notable(name: str, attributes: dict[str, str]) -> bool:
    local = name.rpartition(":")[2]
    if local.lower() in _NOTABLE_NAMES or local.startswith(("java.", "javax.")):
        return True
    return any(
        _NOTABLE_VALUE.search(value)
        for key, value in attributes.items()
        if not key.startswith(("xmlns", "xsi:"))
    ) or any(
        attributes.get(key, "").rpartition(".")[0] not in ("", "opset")
        or attributes.get(key) in ("extension", "Python", "PyOp", "PythonOp")
        for key in _NOTABLE_ATTRIBUTES & attributes.keys()
    )


def _as_utf8(source: Source, encoding: str) -> Source:
    if source.size > _MOST_WIDE:
        raise LimitExceededError(f"{encoding} XML document of {source.size} bytes")
    text = source.read(0, source.size).decode(encoding, "replace")
    return MemorySource(text.encode())


def _is_template(source: Source, at: int) -> bool:
    """Whether what a program fills in stands around the place where the text is no XML."""
    start = max(0, at - _AROUND)
    return _PLACEHOLDER.search(source.read(start, 2 * _AROUND)) is not None


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is an ``XmlDocument``; nothing is fetched or expanded."""
    if source.size > _MOST_BYTES:
        raise LimitExceededError(f"XML document of {source.size} bytes")
    reading.document = document = XmlDocument()
    wide = _WIDE.match(source.read(0, 256))
    if wide is not None:
        source = _as_utf8(source, wide[1].decode("ascii"))
    parser = expat.ParserCreate(None if wide is None else "utf-8")
    parser.buffer_text = True
    walk = _Walk(parser, budget, document)
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.ProcessingInstructionHandler = walk.instruction
    parser.StartDoctypeDeclHandler = walk.doctype
    parser.EntityDeclHandler = walk.entity
    try:
        for at in range(0, source.size, _CHUNK):
            parser.Parse(source.read(at, _CHUNK), False)
            budget.tick()
        parser.Parse(b"", True)
    except _RefusedError as error:
        raise MalformedArtifactError("XML entities are not expanded") from error
    except (expat.ExpatError, ValueError, LookupError) as error:
        if _is_template(source, parser.ErrorByteIndex):
            return  # no parser reads it before it is filled in
        raise MalformedArtifactError(f"not valid XML: {error}") from error
    if walk.weights_end > 2 * walk.weights + _HOLE:
        where = f"weights are said to end at {walk.weights_end}"
        sentence = f"{where}, though {walk.weights} bytes are listed"
        reading.lies.append((0, sentence))


FORMAT: Final = Format(
    "xml", looks_like, read, first=WIDE_TEXT_FIRST, suffixes=frozenset({".xml", ".pmml"})
)
