"""JSON text within bounds: depth is checked before any parser sees it."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Source

_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)

_CONSTANT: Final = re.compile(rb'("(?:[^"\\]++|\\.)*+"?)|NaN|-?Infinity', re.DOTALL)


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
    """Whether the first byte that is no blank opens an object or array of text."""
    head = source.read(0, 256).lstrip()
    return head[:1] in (b"{", b"[") and b"\0" not in head


def check(source: Source, budget: Budget) -> None:
    """Walk a JSON document to its end without building it in memory.

    Raises:
        MalformedArtifactError: not JSON.
        LimitExceededError: longer or deeper than the limits.
    """
    if source.size > budget.limits.member_bytes:
        raise LimitExceededError(f"JSON document of {source.size} bytes")
    text = source.read(0, source.size)
    check_depth(text, 64)
    if b"NaN" in text or b"Infinity" in text:  # no JSON, but what Python writes
        text = _CONSTANT.sub(lambda found: found[1] or b"0", text)
    try:
        text.decode("utf-8")
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedArtifactError(f"not valid JSON: {error}") from error
