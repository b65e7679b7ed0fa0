"""JSON text within bounds: depth is checked before any parser sees it."""

from __future__ import annotations

import json
import re
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.jinja_text import template_parts
from modelkeep.formats.tree import Tree

_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def check_depth(text: bytes, most: int) -> None:
    """Refuse text nested deeper than ``most``.

    Raises:
        LimitExceededError: an array or object opens at depth ``most + 1``.
    """
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in b"[{":
            depth += 1
            if depth > most:
                raise LimitExceededError(f"JSON nested deeper than {most}")
        elif first in b"]}":
            depth -= 1


def looks_like(source: Source) -> bool:
    """Whether the first byte that is no blank opens an object or array of text."""
    head = source.read(0, 256).lstrip()
    # Braces doubled, or with a percent sign, open templates and never an object.
    is_template = head[:2] in (b"{{", b"{%", b"{#")
    return head[:1] in (b"{", b"[") and b"\0" not in head and not is_template


def parse(text: bytes, most: int = 64) -> Tree:
    """Parse a document; no value of a key given twice is lost.

    Args:
        text: JSON, with the ``NaN`` and ``Infinity`` that Python writes.
        most: deepest nesting.

    Raises:
        MalformedArtifactError: not JSON.
        LimitExceededError: nested deeper than ``most``.
    """
    check_depth(text, most)
    tree = Tree()

    def keep_pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
        merged: dict[str, object] = {}
        for key, value in pairs:
            if key in merged:
                tree.hidden.append((key, merged[key]))
            merged[key] = value
        return merged

    try:
        tree.value = json.loads(text.decode("utf-8"), object_pairs_hook=keep_pairs)
    except (ValueError, RecursionError) as error:
        raise MalformedArtifactError(f"not valid JSON: {error}") from error
    return tree


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Tree``; a key given twice in one object is a lie."""
    if source.size > budget.limits.member_bytes:
        raise LimitExceededError(f"JSON document of {source.size} bytes")
    text = source.read(0, source.size)
    tree = parse(text)
    reading.document = tree
    if any(mark in text for mark in (b"{{", b"{%", b"u007b", b"u007B")):
        for value in (tree.value, *({key: value} for key, value in tree.hidden)):
            reading.parts += template_parts(value)
    reading.lies += [(0, f"key {key!r} stands twice in one object") for key, _ in tree.hidden]


FORMAT: Final = Format("json", looks_like, read)
