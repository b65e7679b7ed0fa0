"""One pass over the cells of a data set: texts, and whole numbers as texts.

Arrow's RE2 tells which texts can hold anything at all; only those are looked at one by one.
Time grows with the length of the text, whatever it holds.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from modelkeep.data.cells import Block, Cells
from modelkeep.data.interface import Arrow
from modelkeep.data.personal import addresses, cards, emails, ibans, national_ids, phones
from modelkeep.data.personal.interface import Held, Kind, Span, mask
from modelkeep.data.personal.secrets import find_secrets
from modelkeep.models.extras import need

KINDS: Final = (
    cards.KIND,
    ibans.KIND,
    emails.KIND,
    phones.KIND,
    addresses.KIND,
    national_ids.KIND,
)
_SHOWN: Final = 5
_SECRETS: Final = (
    r"PRIVATE KEY|A[KS]IA|gh[pousr]_|github_pat_|npm_|hf_|T3BlbkFJ|sk-ant-|AIza|xox"
    r"|hooks\.slack\.com|k_live_|pypi-AgEI|AccountKey=|WANDB_API_KEY"
)
_COMPILED: Final = {kind.name: re.compile(kind.pattern, re.ASCII) for kind in KINDS}
_SIGMAS: Final = 4


class Finder:
    """Takes the blocks of tables and texts, and says what they hold."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._candidates: Counter[tuple[str, str, str]] = Counter()
        self._spans: dict[tuple[str, str, str], list[Span]] = {}
        self._rows: Counter[str] = Counter()

    def add(self, path: str, _style: str, block: Block) -> None:
        """Take in a block of a table."""
        first = self._rows[path]
        self._rows[path] += block.rows
        for name, cells in zip(block.names, block.cells, strict=True):
            texts = _texts(cells)
            if texts is not None:
                self._column(path, name, first, texts)

    def add_text(self, path: str, text: str) -> None:
        """Take in a file of text as one cell."""
        self._column(path, "", 0, need("pyarrow", "looking for personal data").array([text]))

    def _column(self, path: str, column: str, first: int, texts: Arrow) -> None:
        compute = need("pyarrow.compute", "looking for personal data")
        for kind in KINDS:
            hits = compute.indices_nonzero(compute.match_substring_regex(texts, kind.pattern))
            for row, text in zip(hits.to_pylist(), texts.take(hits).to_pylist(), strict=True):
                for start, end, real in _matches(kind, text):
                    place = (path, column, kind.name)
                    self._candidates[place] += 1
                    if real:
                        self._note(place, Span(first + row, start, end, mask(text[start:end])))
        hits = compute.indices_nonzero(compute.match_substring_regex(texts, _SECRETS))
        for row, text in zip(hits.to_pylist(), texts.take(hits).to_pylist(), strict=True):
            for start, end, name in find_secrets(text):
                place = (path, column, f"secret: {name}")
                self._candidates[place] += 1
                hidden = mask(text[start:end], hide=True)
                self._note(place, Span(first + row, start, end, hidden))

    def _note(self, place: tuple[str, str, str], span: Span) -> None:
        self._counts[place] += 1
        kept = self._spans.setdefault(place, [])
        if len(kept) < _SHOWN:
            kept.append(span)

    def held(self) -> list[Held]:
        """What was found, by file, column and kind."""
        chances = {kind.name: kind.chance for kind in KINDS}
        return [
            Held(
                *place,
                count,
                self._candidates[place],
                _by_chance(count, self._candidates[place], chances.get(place[2], 0.0)),
                self._spans[place],
            )
            for place, count in sorted(self._counts.items())
        ]


def _matches(kind: Kind, text: str) -> Iterator[tuple[int, int, bool]]:
    for match in _COMPILED[kind.name].finditer(text):
        yield match.start(), match.end(), kind.is_real(match.group())


def _by_chance(count: int, candidates: int, chance: float) -> bool:
    """Whether random numbers of the form would give as many; a few are never put aside."""
    expected = candidates * chance
    return expected >= 1 and count <= expected + _SIGMAS * math.sqrt(expected)


def _texts(cells: Cells) -> Arrow | None:
    """Texts and whole numbers as texts; nothing of other columns."""
    types, plain = need("pyarrow.types", "looking for personal data"), cells.plain
    if types.is_large_string(plain.type):
        return plain
    if types.is_integer(plain.type):
        return plain.cast(need("pyarrow", "looking for personal data").large_string())
    return None
