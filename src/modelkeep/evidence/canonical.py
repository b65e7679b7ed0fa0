"""Canonical JSON (RFC 8785) for every byte that is signed or hashed.

What holds no fractions and no foreign keys is written alike by msgspec, sixty times as
fast; the rest (how a fraction is written, how UTF-16 sorts) is the reference encoder's.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
import rfc8785

from modelkeep.core import EvidenceError
from modelkeep.core.clock import FORM, timestamp

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_WHOLE: Final = 2**53 - 1  # the largest whole number that JSON carries exactly


def encode(value: object) -> bytes:
    """Serialise plain JSON data canonically.

    Raises:
        EvidenceError: a number that is not finite or too large for JSON, or a
            value that JSON does not have.
    """
    try:
        if _is_plain(value):
            return _ENCODER.encode(value)
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # its stub knows no `object`
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise EvidenceError(f"cannot be written as canonical JSON: {error}") from error


def _is_plain(value: object) -> bool:
    """Whether a value is made of texts, exact whole numbers and objects with ASCII keys."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_WHOLE <= value <= _WHOLE  # type: ignore[operator]  # an int
    if kind is dict:
        return all(
            type(key) is str and key.isascii() and _is_plain(inner)
            for key, inner in value.items()  # type: ignore[attr-defined]  # a dict
        )
    if kind is list or kind is tuple:
        return all(_is_plain(inner) for inner in value)  # type: ignore[attr-defined]
    return False


def parse_timestamp(text: str) -> dt.datetime:
    """Read what ``timestamp`` wrote.

    Raises:
        EvidenceError: any other form.
    """
    try:
        moment = dt.datetime.strptime(text, FORM).replace(tzinfo=dt.UTC)
    except (ValueError, TypeError) as error:
        raise EvidenceError(f"not a UTC time: {text!r}") from error
    if timestamp(moment) != text:  # strptime forgives missing zeros and foreign digits
        raise EvidenceError(f"not a UTC time: {text!r}")
    return moment
