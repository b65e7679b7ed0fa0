"""Small changes of one word that a reader hardly notices.

Characters are swapped, dropped, doubled, hit beside their key, or replaced by one that looks
the same; whole words are replaced only by synonyms that the user gives. Nothing is downloaded.

Sources: Gao et al., DeepWordBug, 2018 (swap, substitute, delete, insert); Eger et al., NAACL
2019 (characters that look alike); Unicode Technical Standard 39 (confusables).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ALIKE: Final = str.maketrans("aceiopsxyjABEHKMOPTX01", "асеіорѕхујАВЕНКМОРТХОl")  # noqa: RUF001 - look-alikes are what this is about


def _beside(letter: str) -> Iterator[str]:
    """Keys left and right of a letter's, and above and below it."""
    for number, row in enumerate(_ROWS):
        at = row.find(letter)
        if at < 0:
            continue
        yield from row[max(0, at - 1) : at] + row[at + 1 : at + 2]
        for other in _ROWS[max(0, number - 1) : number] + _ROWS[number + 1 : number + 2]:
            yield from other[at : at + 1]


NEIGHBOURS: Final[Mapping[str, tuple[str, ...]]] = {
    letter: tuple(_beside(letter)) for row in _ROWS for letter in row
}


def edits(word: str, synonyms: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every way to change a word once, without the word itself, each once.

    Args:
        word: as it stands in the text.
        synonyms: by lower-case word.
    """
    found = dict.fromkeys((*synonyms.get(word.lower(), ()), *_characters(word)))
    found.pop(word, None)
    return tuple(found)


def _characters(word: str) -> Iterator[str]:
    for at, letter in enumerate(word):
        before, after = word[:at], word[at + 1 :]
        alike = letter.translate(_ALIKE)
        if alike != letter:
            yield before + alike + after
        for key in NEIGHBOURS.get(letter.lower(), ()):
            yield before + (key.upper() if letter.isupper() else key) + after
        if len(word) > 1:
            yield before + after
        yield before + letter + letter + after
        if after:
            yield before + after[0] + letter + after[1:]
            yield before + letter + " " + after
