"""How each name of a pickle is used, and how bad that would be: what the rules share.

Three tiers. Proven safe in this use: silent. A class of somebody's own that is only
restored: the file needs that code, which is said and never fails it. Anything that is
called and not proven safe, and any name of a package the table knows that has no entry
there and is more than restored: a finding.

Sources: PickleBall, arXiv 2508.15987; CPython ``pickle.py`` and ``copyreg.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import Severity
from modelkeep.formats.pickle_events import Import, PickleDocument, Result, Use
from modelkeep.formats.pickle_policy import (
    Standing,
    inner_uses,
    is_class,
    is_handed_out,
    is_lookup,
    is_standard,
    standing,
)

_RESTORES: Final = frozenset({"newobj", "build"})


@dataclass(frozen=True, slots=True)
class Named:
    """One use of one name.

    Attributes:
        name: dotted, as Python 3 calls it.
        how: ``import`` where nothing else is done with it.
        offset: of the opcode that does it.
        chain: the opcodes, for people.
        severity: ``None`` where the use is proven safe.
    """

    name: str
    how: str
    offset: int
    chain: str
    severity: Severity | None
    standing: Standing


def names(document: PickleDocument, allow: Collection[str] = ()) -> list[Named]:
    """Every name once, with the worst of its uses, in the order they first stand.

    Args:
        document: what the pickle would do.
        allow: names the user trusts for every use.
    """
    key = ("names", len(document.events), frozenset(allow))
    known = document.notes.get(key)
    if not isinstance(known, list):
        known = document.notes[key] = _names(document, allow)
    return known


def _names(document: PickleDocument, allow: Collection[str]) -> list[Named]:
    first: dict[str, Import] = {}
    used: dict[str, list[tuple[str, int, str]]] = {}
    for event in document.events:
        if isinstance(event, Import):
            first.setdefault(event.dotted, event)
        elif isinstance(event, Use):
            if isinstance(event.target, Import) and is_lookup(event.target.dotted):
                used.setdefault(event.target.dotted, [])  # judged by what it finds
            for name, how, via in _uses(event):
                used.setdefault(name, []).append((how, event.offset, via))
    found = []
    for name, event in first.items():
        if name in allow or not event.resolved:
            continue
        ways = used.get(name)
        if ways is None:
            ways = [("import", event.offset, "")]
        found += _worst(event, [_named(event, *way) for way in ways])
    return found


def _worst(event: Import, ways: list[Named]) -> list[Named]:
    ranked = [way.severity.rank if way.severity else -1 for way in ways]
    worst = [ways[ranked.index(max(ranked))]] if ways else []
    return [Named(w.name, w.how, event.offset, w.chain, w.severity, w.standing) for w in worst]


def _named(event: Import, how: str, offset: int, via: str) -> Named:
    name = event.dotted
    chain = event.opcode + (f" -> {how.upper()}" if how != "import" else "")
    known = standing(name, how)
    return Named(
        name,
        how,
        offset,
        chain + (f" by {via}" if via else ""),
        _severity(name, how, known),
        known,
    )


def _uses(use: Use) -> Iterator[tuple[str, str, str]]:
    """Name, use and by whom: of what is called and of arguments it would call in turn."""
    target = use.target
    if isinstance(target, Result):
        callee = target.callee
        if use.how == "build" and isinstance(callee, Import) and not inner_uses(callee.dotted):
            yield callee.dotted, "build", ""
        return
    name = target.dotted
    if is_lookup(name) or use.how in {"build", "fill"}:
        return  # to write into an import is a rule of its own
    if is_handed_out(name) and not any(isinstance(a, Import | Result) for a in use.arguments):
        yield name, "handed out", ""  # the bytes it loads are a stream that is scanned
        return
    how: str = use.how
    if how in {"obj", "inst"} and not use.arguments and is_class(name):
        how = "newobj"  # without arguments these do not call the class
    elif len(use.arguments) == 1 and not isinstance(use.arguments[0], Result):
        how = "single" if standing(name, "single") is Standing.SAFE else how
    yield name, how, ""
    for argument, inner in zip(use.arguments, inner_uses(name), strict=False):
        if isinstance(argument, Import) and inner:
            yield argument.dotted, inner, name


def _severity(name: str, how: str, known: Standing) -> Severity | None:
    if known is Standing.SAFE:
        return None
    if known is Standing.DANGEROUS:
        return Severity.CRITICAL
    if known is Standing.UNKNOWN:
        restored = how == "import" or how in _RESTORES or is_class(name)
        return Severity.INFO if restored else Severity.HIGH
    if is_standard(name):
        return Severity.HIGH
    restored = how == "import" or how in _RESTORES  # neither calls a function
    return Severity.INFO if restored else Severity.HIGH
