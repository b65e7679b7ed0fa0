"""TOML as a tree: settings, package descriptions and models that are built from settings.

A text is TOML if it opens with a table or a key, has a table or a key that names code, and
parses as a whole; nothing less is taken for it, because INI files and code begin alike.
Names so long that the parser's time would grow with their square are refused.

Source: TOML 1.0.0, read by the ``tomllib`` of the standard library.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import TEXT_FIRST, Budget, Format, Reading, Source, once
from modelkeep.formats.payloads import parts_of_tree
from modelkeep.formats.tree import Tree

_MOST_BYTES: Final = 2 * 2**20
_OPENING: Final = re.compile(
    rb"""(?:\xef\xbb\xbf)?(?:[ \t]*(?:\#[^\n]*)?\r?\n)*[ \t]*
    (?:\[\[?[ \t]*[\w"'][^\[\]\n]*\]\]?[ \t]*(?:\#|\r?\n|$)
    |(?:[\w-]+|"[^"\n]*"|'[^'\n]*')(?:[ \t]*\.[ \t]*[\w"'-]+)*[ \t]*=[ \t]*
    (?:["'{\[\d+-]|true\b|false\b|inf\b|nan\b))""",
    re.VERBOSE,
)
_TELLING: Final = re.compile(
    rb"""^[ \t]*(?:\[\[?[^\[\]\n]+\]\]?[ \t]*(?:\#|\r?$)
    |["']?(?:[\w.]+\.)?(?:_target_|target|class_path|class_name|callable)["']?[ \t]*=)""",
    re.VERBOSE | re.MULTILINE,
)
"""A table, or a key whose value names code."""
_ENDLESS: Final = re.compile(rb"""(?<![\w"'-])(?:[\w"'-]++[ \t]{0,9}\.[ \t]{0,9}){48}""")
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_DEEPEST: Final = 128


def looks_like(source: Source) -> bool:
    """Whether a text opens as TOML does and is TOML to its end."""
    if source.size > _MOST_BYTES or _OPENING.match(source.read(0, 4096)) is None:
        return False
    if _TELLING.search(source.read(0, source.size)) is None:
        return False
    try:
        once(source, _parse)
    except LimitExceededError:
        return True  # a parser without bounds would take it
    except MalformedArtifactError:
        return False
    return True


def _parse(source: Source) -> dict[str, object]:
    raw = source.read(0, source.size).removeprefix(b"\xef\xbb\xbf")
    if _ENDLESS.search(raw) or _depth(raw) > _DEEPEST:
        raise LimitExceededError("TOML nested too deep")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except RecursionError as error:
        raise LimitExceededError("TOML nested too deep") from error
    except ValueError as error:
        raise MalformedArtifactError(f"not valid TOML: {error}") from error


def _depth(raw: bytes) -> int:
    """How many brackets are open at once at most, those in texts counted too."""
    depth = deepest = 0
    for match in _BRACKET.finditer(raw):
        depth = depth + 1 if match[0] in b"[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Tree``."""
    del budget  # one bounded text
    if source.size > _MOST_BYTES:
        raise LimitExceededError(f"TOML document of {source.size} bytes")
    tree = Tree(_parse(source))
    reading.document = tree
    reading.parts += parts_of_tree(tree)


FORMAT: Final = Format(
    "toml", looks_like, read, first=TEXT_FIRST, suffixes=frozenset({".toml"})
)
