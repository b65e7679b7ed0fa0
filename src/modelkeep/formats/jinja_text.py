"""A Jinja template: parsed and folded, never rendered or compiled.

Chat templates are programs that come with a model and run at every request. Some servers
render them without a sandbox, and there ``__globals__`` is two steps away. Templates lie
in files of their own and in strings of other formats; ``template_parts`` finds those.

Source: Jinja 3.1 template language; the chat template extensions of transformers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    MemorySource,
    Part,
    Reading,
    Source,
    part,
)
from modelkeep.formats.jinja_scope import Branch, Event

if TYPE_CHECKING:
    from jinja2 import nodes

_LONGEST: Final = 1 << 20
_SUSPICIOUS: Final = re.compile(
    r"__|\\x|\\u|\\[0-7]|\battr\b|popen|globals|builtins|lipsum|cycler|joiner|\brange\b|subclasses"
    r"|\binclude\b|\bimport\b|\bextends\b|\bmro\b|\*\*|http",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template and what folding its expressions brought up."""

    tree: nodes.Template
    events: tuple[Event, ...]
    branches: tuple[Branch, ...]


def parse(text: str) -> nodes.Template:
    """The syntax tree of a template.

    Raises:
        MalformedArtifactError: not the template language.
        LimitExceededError: too long, or nested too deep.
    """
    if len(text) > _LONGEST:
        raise LimitExceededError(f"template of {len(text)} characters")
    from modelkeep.formats import jinja_parser  # noqa: PLC0415 - see there

    return jinja_parser.parse(text)


def template_parts(value: object) -> list[Part]:
    """The templates in a document of maps and lists, under whatever key.

    What stands under a key named ``chat_template`` is one. Any other string is, if it has the
    marks of the language, parses, and holds something that a rule could speak about.
    """
    return [
        part(
            MemorySource(text.encode("utf-8", "backslashreplace")), where or "template", "jinja"
        )
        for where, text in _strings(value)
        if "chat_template" in where.lower() or _is_worth_reading(text)
    ]


def _strings(root: object) -> Iterator[tuple[str, str]]:
    """Strings with the marks of a template, each with its path."""
    waiting: list[tuple[str, object]] = [("", root)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, str):
            if "{{" in value or "{%" in value:
                yield where, value
        elif isinstance(value, dict):
            if "nbformat" not in value:
                waiting += [
                    (f"{where}.{key}"[-200:].lstrip("."), v) for key, v in value.items()
                ]
        elif isinstance(value, list):
            waiting += [(f"{where}[{place}]"[-200:], v) for place, v in enumerate(value)]


def _is_worth_reading(text: str) -> bool:
    if not _SUSPICIOUS.search(text):
        return False
    try:
        parse(text)
    except LimitExceededError:
        return True
    except MalformedArtifactError:
        return False
    return True


def looks_like(source: Source) -> bool:
    """Whether a text opens with a tag of the language and is a whole template.

    The same braces open templates of other languages; those do not parse.
    """
    head = source.read(0, 256).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head[:2] not in (b"{%", b"{{", b"{#") or b"\0" in head or source.size > _LONGEST:
        return False
    try:
        parse(source.read(0, source.size).decode("utf-8-sig"))
    except LimitExceededError:
        return True
    except (MalformedArtifactError, UnicodeDecodeError):
        return False
    return True


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Template``."""
    budget.entry()
    if source.size > 4 * _LONGEST:
        raise LimitExceededError(f"template of {source.size} bytes")
    text = source.read(0, source.size).decode("utf-8-sig", "backslashreplace")
    tree = parse(text)
    from modelkeep.formats.jinja_branches import branches_of  # noqa: PLC0415 - as the parser
    from modelkeep.formats.jinja_events import events_of  # noqa: PLC0415 - as the parser

    events: list[Event] = []
    try:
        for event in events_of(tree):
            events.append(event)  # noqa: PERF402  what was found before a limit stays
    finally:
        reading.document = Template(tree, tuple(events), tuple(branches_of(tree)))


FORMAT: Final = Format(
    "jinja",
    looks_like,
    read,
    first=b"{ \t\r\n\xef",
    suffixes=frozenset({".jinja", ".jinja2", ".j2"}),
)
