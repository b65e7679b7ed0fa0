"""Python source text, parsed into a tree within bounds and never compiled or run.

Models bring code: modelling files, handlers, pipelines, set-up scripts. The bytes are
decoded as Python decodes them (byte order mark, coding cookie, UTF-8) and parsed by
``ast``. A text is taken for Python by its content only if it parses as a whole and holds
statements that prose, YAML and JSON do not have.

Sources: PEP 263 (source encodings); Python language reference, lexical analysis.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import WIDE_TEXT_FIRST, Budget, Format, Reading, Source

LONGEST: Final = 8 * 2**20
_SNIFFED: Final = 2 * 2**20
_MOST_ERRORS: Final = 50
_MOST_LINES: Final = 2000
_LONGEST_LINE: Final = 100_000
_ROTATED: Final = re.compile(rb"(?:[^\n]*\n)?[ \t]*#[^\n]*coding[:=][ \t]*rot", re.IGNORECASE)
_STATEMENT: Final = re.compile(
    rb"^[ \t]*(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|(?:async[ \t]+)?def[ \t]+\w+"
    rb"|class[ \t]+\w+|@\w+)|\b(?:__import__|exec|eval|compile|getattr)[ \t]*\(",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, eq=False)
class PythonSource:
    """A module's text and tree.

    Attributes:
        text: the source as Python decodes it.
        tree: its tree, or what could be parsed of it.
    """

    text: str
    tree: ast.Module


def decode(raw: bytes) -> str:
    """Decode source as Python does.

    Raises:
        MalformedArtifactError: the encoding is unknown or the bytes are not in it.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return raw.decode(encoding)
    except (SyntaxError, LookupError, ValueError) as error:
        raise MalformedArtifactError(f"not Python source: {error}") from error


def parse(text: str) -> ast.Module:
    """Parse a module; the tree is data, nothing is compiled.

    Raises:
        MalformedArtifactError: the text is not Python of this version.
        LimitExceededError: too long or nested too deep.
    """
    if len(text) > LONGEST:
        raise LimitExceededError(f"Python source of {len(text)} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is not our code that they speak of
            return ast.parse(text)
    except (RecursionError, MemoryError) as error:
        raise LimitExceededError("Python source nested too deep") from error
    except (SyntaxError, ValueError) as error:
        raise MalformedArtifactError(f"not valid Python: {error}") from error


def recover(text: str) -> ast.Module:
    """Parse what can be parsed of a broken module: a payload does not hide behind an error.

    Statements are taken from the top; where one is broken, its lines are tried singly and
    the next one at the margin goes on.
    """
    lines = text.replace("\0", "").splitlines()
    body: list[ast.stmt] = []
    at = 0
    for _ in range(_MOST_ERRORS):
        found, stop = _parse_from(lines, at)
        body += found
        if stop >= len(lines):
            break
        at = stop + 1
        while at < len(lines) and (not lines[at].strip() or lines[at][0] in " \t)]}#"):
            at += 1
        body += _single(lines[stop:at])
    return ast.Module(body, [])


def _parse_from(lines: list[str], at: int) -> tuple[list[ast.stmt], int]:
    """Statements from a line on, and the line of the first that is broken."""
    end = len(lines)
    for _ in range(3):
        try:
            return parse("\n" * at + "\n".join(lines[at:end])).body, end
        except MalformedArtifactError as error:
            cause = error.__cause__
            wrong = (cause.lineno or 1) - 1 if isinstance(cause, SyntaxError) else at
        end = min(max(wrong, at), end - 1)
        while end > at and (not lines[end].strip() or lines[end][0] in " \t)]}#"):
            end -= 1
        if end <= at:
            break
    return [], at


def _single(lines: list[str]) -> list[ast.stmt]:
    body: list[ast.stmt] = []
    for line in lines[:_MOST_LINES]:
        if "(" in line and len(line) < _LONGEST_LINE:
            try:
                body += parse(line.strip()).body
            except MalformedArtifactError:
                continue
    return body


def looks_like(source: Source) -> bool:
    """Whether the text parses, imports or defines something and is not only words."""
    if source.size > _SNIFFED:
        return False
    head = source.read(0, 4096)
    if any(byte in head for byte in b"\1\2\3\4\5\6\7") or not head.strip():
        return False
    raw = source.read(0, source.size)
    if _STATEMENT.search(raw) is None:
        return False
    try:
        tree = parse(decode(raw).replace("\0", ""))
    except MalformedArtifactError:
        return False
    return any(
        isinstance(node, ast.Import | ast.ImportFrom | ast.Call) for node in ast.walk(tree)
    )


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``PythonSource``; of a broken text it has what could be parsed."""
    del budget  # one pass over a bounded text
    if source.size > LONGEST:
        raise LimitExceededError(f"Python source of {source.size} bytes")
    raw = source.read(0, source.size)
    try:
        text = decode(raw)
        reading.document = PythonSource(text, parse(text))
    except MalformedArtifactError:
        text = raw.decode("latin-1")
        if _ROTATED.match(raw):  # Python 2 read such a file; Python 3 refuses it
            text = codecs.decode(text, "rot13")
        reading.document = PythonSource(text, recover(text))
        raise


FORMAT: Final = Format(
    "python",
    looks_like,
    read,
    first=WIDE_TEXT_FIRST,
    suffixes=frozenset({".py", ".pyw", ".pyi"}),
)
