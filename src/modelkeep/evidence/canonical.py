"""Canonical JSON (RFC 8785) for every byte that is signed or hashed."""

from __future__ import annotations

import datetime as dt

import rfc8785

from modelkeep.core import EvidenceError
from modelkeep.core.clock import FORM, timestamp


def encode(value: object) -> bytes:
    """Serialise plain JSON data canonically.

    Raises:
        EvidenceError: a number that is not finite or too large for JSON, or a
            value that JSON does not have.
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # its stub knows no `object`
    except (rfc8785.CanonicalizationError, ValueError, RecursionError) as error:
        raise EvidenceError(f"cannot be written as canonical JSON: {error}") from error


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
