"""JSON text within bounds: any encoding, any number of documents, no value lost.

Parsers differ in what they make of odd JSON: byte order marks and UTF-16, a key given
twice, comments, one document behind another, bytes behind the last. The reader takes the
most tolerant view of each, so that nothing a loader would accept goes unseen. Texts
that hold pickles, archives or further JSON are handed out as parts.

Source: RFC 8259; CPython's ``json``, which accepts UTF-8, UTF-16 and UTF-32.
"""

from __future__ import annotations

import json
import re
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import (
    Budget,
    Format,
    Reading,
    Source,
    cut,
    part,
)
from modelkeep.formats.json_walk import number, walk
from modelkeep.formats.payloads import parts_of_tree
from modelkeep.formats.tree import Tree

DEEPEST: Final = 256
_PARSED_BYTES: Final = 350 * 2**20  # what a parsed tree may take; else the text is walked
_TRANSCODED_BYTES: Final = 64 * 2**20
_MOST_LIES: Final = 20
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
# What can follow the brackets at the start of a document, and not of Markdown, INI or Jinja.
_OPENING: Final = re.compile(
    r"""(?:\[\s*+)*+(?:\]\s*+(?:[,\]\[{]|$)|"(?:[^"\\]++|\\.)*+(?:$|"\s*+(?:[,\]]|$))
    |(?:-?\d[\d.eE+-]*+|true|false|null|NaN|-?Infinity)\s*+(?:[,\]]\s*+(?![a-zA-Z:(])|$)
    |\{\s*+(?:"|\}\s*+(?:[,\]\[{]|$)|//|/\*|$)|//|/\*|$)""",
    re.VERBOSE | re.DOTALL,
)


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
    """Whether the text opens an object or array and goes on as one."""
    head = source.read(0, 4096)
    encoding = json.detect_encoding(head[:4])
    text = head.decode(encoding, "replace").lstrip(" \t\r\n\ufeff")
    if text[:1] not in ("{", "[") or "\0" in text:
        return False
    if not encoding.startswith("utf-8") and len(text) < 2:
        return False  # two bytes of a binary file are no proof of UTF-16
    return _OPENING.match(text) is not None


def parse(text: bytes, most: int = DEEPEST) -> Tree:
    """Parse one strict document; no value of a key given twice is lost.

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
            if key in merged and merged[key] != value:
                tree.hidden.append((key, merged[key]))
            merged[key] = value
        return merged

    try:
        tree.value = json.loads(
            text.decode("utf-8", "surrogatepass"),
            object_pairs_hook=keep_pairs,
            parse_int=number,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedArtifactError(f"not valid JSON: {error}") from error
    return tree


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Tree``; several documents become a list of them.

    A key given twice in one object with two different values is a lie: no writer does it.
    """
    if source.size > budget.limits.member_bytes:
        raise LimitExceededError(f"JSON document of {source.size} bytes")
    text = _utf8(source.read(0, source.size))
    try:
        tree = _tree(text, budget)
    except LimitExceededError:
        raise
    except MalformedArtifactError:
        _keep_beginning(source, text, reading)
        raise
    reading.document = tree
    kept = tree.hidden[:_MOST_LIES]
    reading.lies += [(0, f"key {key!r} stands twice in one object") for key, _ in kept]
    reading.parts += parts_of_tree(tree)


def _tree(text: bytes, budget: Budget) -> Tree:
    """Strictly if its tree is small, else or failing that token by token."""
    if _parsed_bytes(text) > _PARSED_BYTES:
        return walk(text, budget, depth=DEEPEST)
    try:
        return parse(text)
    except LimitExceededError:
        raise
    except MalformedArtifactError:
        return walk(text, budget, depth=DEEPEST)


def _parsed_bytes(text: bytes) -> int:
    """Most memory that Python's parser would take, roughly."""
    containers = 90 * text.count(b"[") + 250 * text.count(b"{")
    return 2 * len(text) + 60 * text.count(b",") + containers


def _utf8(data: bytes) -> bytes:
    """The text as UTF-8, without a byte order mark.

    Raises:
        MalformedArtifactError: not text of the encoding it starts as.
    """
    encoding = json.detect_encoding(data[:4])
    if encoding == "utf-8":
        return data
    if encoding == "utf-8-sig":
        return data[3:]
    if len(data) > _TRANSCODED_BYTES:
        raise LimitExceededError(f"{encoding} JSON document of {len(data)} bytes")
    try:
        return data.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise MalformedArtifactError(f"not valid JSON: {error}") from error


def _keep_beginning(source: Source, text: bytes, reading: Reading) -> None:
    """Keep the first document of a text that goes on as something else."""
    if len(text) != source.size or _parsed_bytes(text) > _PARSED_BYTES:
        return
    whole = text.decode("utf-8", "surrogateescape")
    start = len(whole) - len(whole.lstrip(" \t\r\n"))
    try:
        value, stop = json.JSONDecoder(parse_int=number).raw_decode(whole, start)
    except (ValueError, RecursionError):
        return
    end = len(whole[:stop].encode("utf-8", "surrogateescape"))
    reading.document = Tree(value)
    reading.parts += parts_of_tree(Tree(value))
    reading.parts.append(part(cut(source, end, source.size - end), f"[{end:#x}]"))


FORMAT: Final = Format(
    "json",
    looks_like,
    read,
    first=b" \t\r\n{[\0\xef\xfe\xff",
    suffixes=frozenset({".json", ".jsonl", ".ndjson"}),
)
