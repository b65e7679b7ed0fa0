"""YAML read as parser events: what would be constructed is noted, never made.

A YAML tag can ask its parser to import a module and call a function. The reader
takes PyYAML's scanner and parser without its constructor, so that no tag can do
anything, and notes each tag with its line. Aliases of texts are followed; aliases of
lists and maps are not, because they are read where they are defined and would
otherwise multiply. The front matter of a Markdown page is YAML, its body is not.

Source: YAML 1.1 and 1.2; PyYAML's events and its ``!!python/...`` tags.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import json_text
from modelkeep.formats.interface import WIDE_TEXT_FIRST, Budget, Format, Reading, Source
from modelkeep.formats.json_text import parse
from modelkeep.formats.payloads import parts_of_tree
from modelkeep.formats.tree import Tree

_MOST_BYTES: Final = 8 * 2**20  # the parser reads about 350 KiB a second
_TRIED_BYTES: Final = 128 * 2**10
_ITEM: Final = re.compile(r"""\s*(?:-(?:\s|$)|["']?[\w.$/-]+["']?\s*:(?:\s|$)|[\]}])""")
_OPENING: Final = re.compile(r"(?:%YAML|%TAG|---(?:\s|$)|!!|!<|&\w+ !)")
# Keys of configurations that build objects: worth trying even in a single line.
_TARGET: Final = re.compile(
    r"""(?:^|[\s{,"'])(?:_target_|class_path|_component_)["']?\s*:|!!\w+[/.]|!<tag:"""
)
_FENCE: Final = re.compile(r"^(?:---|\.\.\.)[ \t\r]*$", re.MULTILINE)
_CODE_TAG: Final = re.compile(r"tag:yaml\.org,2002:(?:python|java|js|ruby|perl)|^!ruby")
_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def looks_like(source: Source) -> bool:
    """Whether it reads as YAML to a person and to the parser."""
    if json_text.looks_like(source) or not _is_plausible(source.read(0, 4096)):
        return False  # JSON is YAML, and has a reader of its own
    text = source.read(0, _TRIED_BYTES)
    is_cut = len(text) < source.size
    if is_cut:
        text = text[: text.rfind(b"\n") + 1]
    if _is_page(text):
        return True
    from modelkeep.formats.yaml_events import InvalidYamlError, fill  # noqa: PLC0415 - see there

    tree = Tree()
    try:
        for _ in fill(text, tree):
            pass
    except InvalidYamlError as error:
        ends_open = is_cut and error.line is not None and error.line >= text.count(b"\n")
        return ends_open or _asks_for_code(tree)
    except LimitExceededError:
        return _asks_for_code(tree)
    return True


def _asks_for_code(tree: Tree) -> bool:
    return any(_CODE_TAG.search(tag) for _, tag in tree.tags)


def _is_plausible(head: bytes, fewest: int = 1) -> bool:
    """Whether most lines are ``key: value`` or ``- item``, or the start says YAML."""
    text = head.decode("utf-16" if head.startswith(_MARKS) else "utf-8", "replace")
    text = text.removeprefix("\ufeff")
    if "\0" in text or "\ufffd" in text[:-4]:
        return False
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if not lines:
        return False
    if _OPENING.match(lines[0]) or _TARGET.search(text):
        return True
    items = sum(_ITEM.match(line) is not None for line in lines)
    if items == len(lines) >= fewest:
        return True
    return items >= 2 and items * 10 >= len(lines) * 7 and _ITEM.match(lines[0]) is not None


def _is_page(text: bytes) -> bool:
    """Whether it is a Markdown page with front matter: only that is YAML."""
    if not text.startswith((b"---\n", b"---\r\n", b"\xef\xbb\xbf---")):
        return False
    page = text.decode("utf-8", "replace")
    fences = _FENCE.finditer(page)
    next(fences, None)
    fence = next(fences, None)
    if fence is None:
        return False
    body = page[fence.end() :][:4096]
    return bool(body.strip()) and not _is_plausible(body.encode(), 2) and "!!" not in body


def parse_yaml(text: bytes) -> Tree:
    """Read a whole document as data.

    Raises:
        MalformedArtifactError: it is too large, or no YAML.
    """
    if len(text) > _MOST_BYTES:
        raise LimitExceededError(f"YAML of more than {_MOST_BYTES} bytes")
    from modelkeep.formats.yaml_events import fill  # noqa: PLC0415 - see there

    tree = Tree()
    for _ in fill(text, tree):
        pass
    return tree


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Tree`` with its tags; several documents become a list.

    A key given twice is no lie here, because people write YAML by hand.
    """
    if source.size > _MOST_BYTES:
        raise LimitExceededError(f"YAML document of {source.size} bytes")
    from modelkeep.formats.yaml_events import InvalidYamlError, fill  # noqa: PLC0415 - see there

    text = source.read(0, source.size)
    reading.document = tree = Tree()
    try:
        for step, _ in enumerate(fill(text, tree)):
            if not step % 256:
                budget.tick()
    except InvalidYamlError:
        if not _is_page(text) and not _is_json(text):
            raise
    finally:
        reading.parts += parts_of_tree(tree)


def _is_json(text: bytes) -> bool:
    """Whether a parser of YAML that is no JSON parser stumbled over a tab in JSON."""
    try:
        parse(text)
    except MalformedArtifactError:
        return False
    return True


FORMAT: Final = Format(
    "yaml", looks_like, read, first=WIDE_TEXT_FIRST, suffixes=frozenset({".yaml", ".yml"})
)
