"""Jupyter notebooks: JSON whose cells hold code that people run from top to bottom.

The code of all cells becomes one Python stream, because cells share their names. Lines
for the shell (``!``, ``%%bash``) and markup in outputs are handed to the rules apart.

Sources: nbformat documentation, versions 3 and 4; IPython documentation, magics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

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
from modelkeep.formats.json_text import parse
from modelkeep.formats.tree import Tree

_HEAD: Final = 1 << 20
_TAIL: Final = 1 << 16
_SHELL_CELL: Final = re.compile(
    r"^\s*%%\s*(?:!|bash|sh|script|system|sx|cmd|perl|ruby)\b|^\s*%%!"
)
_PYTHON_CELL: Final = re.compile(r"^\s*%%(?:time|timeit|capture|prun|memit|python3?|pypy)\b")
_SHELL_LINE: Final = re.compile(
    r"^\s*(?:[\w, ]+=\s*)?(?:%(?:time|timeit|prun|memit|capture)\s+)?"
    r"(?:!!?|%(?:system|sx|sc)\s|%%!|%(?=pip\b|conda\b|mamba\b|uv\b))(.*)$"
)
_SHOWN_CELL: Final = re.compile(r"^\s*%%(javascript|js|html|svg|markdown)\b", re.IGNORECASE)
_WRITING_CELL: Final = re.compile(r"^\s*%%(writefile|file)\s+(?:-a\s+|--append\s+)?([^\n]+)")
_LINE_MAGIC: Final = re.compile(
    r"^[ \t]*(?:[\w, ]+=[ \t]*)?(?:%(?:time|timeit)[ \t]+)?%(\w+)[ \t]+([^\n]+)"
    r"|run_line_magic\(\s*['\"](\w+)['\"]\s*,\s*f?['\"]([^'\"\n]*)",
    re.MULTILINE,
)
_DISPLAYED: Final = re.compile(
    r"\b(Javascript|HTML|display_javascript|display_html|run_cell_magic)\s*\("
)
_MAGIC: Final = re.compile(r"^\s*(?:[\w, ]+=\s*)?%|^\s*\?|\?{1,2}\s*$")


@dataclass(frozen=True, slots=True)
class Notebook:
    """What a notebook would run and show.

    Attributes:
        tree: the whole document.
        shell: commands for the shell, each ``(cell, command)``.
        markup: HTML and scripts among outputs and cells, each ``(cell, text)``.
        magics: commands to the notebook itself, each ``(cell, name, argument)``.
    """

    tree: Tree
    shell: tuple[tuple[int, str], ...]
    markup: tuple[tuple[int, str], ...]
    magics: tuple[tuple[int, str, str], ...] = ()


def looks_like(source: Source) -> bool:
    """Whether a JSON object names cells and the notebook format."""
    head = source.read(0, _HEAD)
    if head.lstrip()[:1] != b"{":
        return False
    text = head + source.read(max(len(head), source.size - _TAIL), _TAIL)
    return (b'"cells"' in text or b'"worksheets"' in text) and b'"nbformat"' in text


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Notebook``; its code is a part named ``cells``."""
    if source.size > budget.limits.member_bytes:
        raise LimitExceededError(f"notebook of {source.size} bytes")
    tree = parse(source.read(0, source.size))
    if not isinstance(tree.value, dict):
        raise MalformedArtifactError("a notebook is an object")
    code: list[str] = []
    shell: list[tuple[int, str]] = []
    markup: list[tuple[int, str]] = []
    magics: list[tuple[int, str, str]] = []
    for place, cell in enumerate(_cells(tree)):
        budget.entry()
        text = _text(cell.get("source", cell.get("input")))
        if cell.get("cell_type") == "code":
            code += _split(place, text, shell)
            magics += [(place, name, argument) for name, argument in _magics(text)]
            markup += [(place, shown) for shown in _displayed(text)]
            reading.parts += _written(text)
            markup += [(place, shown) for shown in _outputs(cell)]
        elif cell.get("cell_type") in {"markdown", "html", "raw"}:
            markup.append((place, text))
    reading.document = Notebook(tree, tuple(shell), tuple(markup), tuple(magics))
    if code:
        joined = "\n".join(code).encode("utf-8", "backslashreplace")
        reading.parts.append(part(MemorySource(joined), "cells", "python cells"))


def _cells(tree: Tree) -> Iterator[dict[str, object]]:
    """Cells of every version; lists that a later key replaced count as well."""
    root = tree.value
    assert isinstance(root, dict)  # noqa: S101 - looked at by the caller
    lists = [root.get("cells")]
    sheets = root.get("worksheets")
    lists += (
        [s.get("cells") for s in sheets if isinstance(s, dict)]
        if isinstance(sheets, list)
        else []
    )
    lists += [value for key, value in tree.hidden if key == "cells"]
    for cells in lists:
        if isinstance(cells, list):
            yield from (cell for cell in cells if isinstance(cell, dict))


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(piece for piece in value if isinstance(piece, str))
    return value if isinstance(value, str) else ""


def _split(place: int, text: str, shell: list[tuple[int, str]]) -> list[str]:
    """The Python lines of a cell; what goes to a shell is put aside."""
    if _SHELL_CELL.match(text):
        shell.append((place, text.partition("\n")[2]))
        return []
    lines = text.splitlines()
    if text.lstrip().startswith("%%"):
        if not _PYTHON_CELL.match(text):
            return []
        lines = lines[1:]
    kept: list[str] = []
    for line in lines:
        command = _SHELL_LINE.match(line)
        if command:
            shell.append((place, command[1].strip()))
        elif not _MAGIC.search(line):
            kept.append(line)
            continue
        kept.append(line[: len(line) - len(line.lstrip())] + "pass")
    return kept


def _magics(text: str) -> Iterator[tuple[str, str]]:
    """Magics with their arguments, whether written as lines or as calls."""
    writing = _WRITING_CELL.match(text)
    if writing:
        yield writing[1], writing[2].strip().strip("\"'")
        return
    for match in _LINE_MAGIC.finditer(text):
        yield (match[1] or match[3]), (match[2] or match[4]).strip().strip("\"'")


def _displayed(text: str) -> Iterator[str]:
    """Markup that a cell shows, and code of a cell that makes some."""
    shown = _SHOWN_CELL.match(text)
    if shown:
        mark = "<script>" if shown[1].lower() in {"javascript", "js"} else ""
        yield mark + text.partition("\n")[2]
    elif made := _DISPLAYED.search(text):
        yield ("" if made[1].lower().endswith("html") else "<script>") + text


def _written(text: str) -> Iterator[Part]:
    """The file that a cell writes, read as what its name says."""
    writing = _WRITING_CELL.match(text)
    if writing:
        name = re.split(r"[/\\]", writing[2].strip().strip("\"'"))[-1]
        body = text[writing.end() :].lstrip("\n").encode("utf-8", "backslashreplace")
        yield part(MemorySource(body), name or "file")


def _outputs(cell: dict[str, object]) -> Iterator[str]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        data = output.get("data", output) if isinstance(output, dict) else None
        for kind, value in data.items() if isinstance(data, dict) else []:
            if kind in {"text/html", "application/javascript", "image/svg+xml", "html"}:
                mark = "<script>" if kind == "application/javascript" else ""
                yield mark + _text(value)


FORMAT: Final = Format(
    "notebook", looks_like, read, first=b"{ \t\r\n", suffixes=frozenset({".ipynb"})
)
