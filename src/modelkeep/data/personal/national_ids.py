"""Numbers a state gives to a person, of those kinds that carry check digits.

Only forms whose check lets one random number in ten or fewer pass, most of them with a date
of birth besides.

Sources: the states' published rules: BOE (Spain), INSEE (France), Agenzia delle Entrate
(Italy), GB 11643 (China), PESEL act (Poland), Receita Federal (Brazil), DVV (Finland).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Final

from modelkeep.data.personal.interface import Kind

_SPAIN: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_FINLAND: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CHINA: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ITALY_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        map(
            int,
            (
                "1 0 5 7 9 13 15 17 19 21 1 0 5 7 9 13 15 17 19 21 "
                "2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23"
            ).split(),
        ),
        strict=True,
    )
)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _spain(text: str) -> bool:
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return _SPAIN[int(number) % 23] == text[-1]


def _france(text: str) -> bool:
    digits = text.replace(" ", "")
    body = digits[:-2].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(digits[-2:])


def _italy(text: str) -> bool:
    values = [
        _ITALY_ODD[letter] if place % 2 == 0 else int(letter, 36) - 10 * letter.isalpha()
        for place, letter in enumerate(text[:-1])
    ]
    return chr(ord("A") + sum(values) % 26) == text[-1]


def _china(text: str) -> bool:
    total = sum(w * int(d) for w, d in zip(_CHINA, text[:-1], strict=True))
    born = _is_date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    return born and "10X98765432"[total % 11] == text[-1]


def _poland(text: str) -> bool:
    digits = [int(digit) for digit in text]
    total = sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), digits, strict=True))
    century, month = divmod(int(text[2:4]), 20)
    year = (1900, 2000, 2100, 2200, 1800)[century] + int(text[:2])
    return total % 10 == 0 and _is_date(year, month, int(text[4:6]))


def _brazil(text: str) -> bool:
    digits = [int(digit) for digit in re.sub(r"\D", "", text)]
    for place in (9, 10):
        total = sum((place + 1 - n) * digits[n] for n in range(place))
        if total * 10 % 11 % 10 != digits[place]:
            return False
    return len(set(digits)) > 1


def _finland(text: str) -> bool:
    year = {"+": 1800, "-": 1900, "A": 2000}[text[6]] + int(text[4:6])
    number = int(text[:6] + text[7:10])
    born = _is_date(year, int(text[2:4]), int(text[:2]))
    return born and _FINLAND[number % 31] == text[10]


_FORMS: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    (r"(?:\d{8}|[XYZ]\d{7})[A-HJ-NP-TV-Z]", _spain),
    (r"[12] ?\d{2} ?[01]\d ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _france),
    (r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]", _italy),
    (r"[1-9]\d{5}(?:19|20)\d{9}[0-9X]", _china),
    (r"\d{11}", _poland),
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", _brazil),
    (r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", _finland),
)
_COMPILED: Final = tuple((re.compile(form), check) for form, check in _FORMS)


def is_national_id(text: str) -> bool:
    """Whether a text has the form of a national number and checks by its rule."""
    return any(form.fullmatch(text) and check(text) for form, check in _COMPILED)


KIND: Final = Kind(
    "national id",
    r"\b(?:" + "|".join(form for form, _ in _FORMS) + r")\b",
    is_national_id,
    chance=0.05,
)
