"""What ``${...}`` in a configuration stands for, as OmegaConf would fill it in.

A value may be written as pieces that are put together when it is read: ``${a.b}`` is the value
at that place of the document, ``${.a}`` one beside it, ``${..a}`` one above, ``${oc.env:X,d}``
the environment with a default. A name of code so written must be judged as what it becomes.
What the document does not settle stays a hole, marked as such.

Sources: OmegaConf documentation, variable interpolation and built-in resolvers; Hydra
documentation, packages (a file may be mounted below a name that is not written in it).
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.formats.tree import Path

HOLE: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands where a text depends on something outside of the document."""
_INNERMOST: Final = re.compile(r"(?<!\\)\$\{([^${}]*)\}")
_STEP: Final = re.compile(r"[^.\[\]]+")
_MOST_STEPS: Final = 64
_LONGEST: Final = 1000
_ASKS: Final = frozenset({"oc.select", "select"})
_ENVIRONMENT: Final = frozenset({"oc.env", "env"})
_SAME: Final = frozenset({"oc.decode", "oc.create", "oc.deprecated"})


def interpolated(text: str, root: object, path: Path) -> tuple[str, ...]:
    """The texts that a value can become.

    Args:
        text: as written.
        root: the document it stands in.
        path: where it stands in it; relative names start from there.

    Returns:
        One text without interpolations, with ``HOLE`` for what is not settled; more than
        one where a function of the program's own joins its arguments in a way not known.
    """
    found = [text]
    for _ in range(_MOST_STEPS):
        pending = next((one for one in found if _INNERMOST.search(one)), None)
        if pending is None or len(pending) > _LONGEST:
            break
        match = _INNERMOST.search(pending)
        assert match is not None  # noqa: S101 - searched for just above
        found.remove(pending)
        for value in _values(match[1].strip(), root, path):
            made = f"{pending[: match.start()]}{value}{pending[match.end() :]}"
            if made not in found:
                found.append(made)
    return tuple(_INNERMOST.sub(HOLE, one[:_LONGEST]) for one in found)


def _values(inside: str, root: object, path: Path) -> tuple[str, ...]:
    """What one interpolation stands for."""
    resolver, colon, rest = inside.partition(":")
    if not colon:
        return (_looked_up(inside, root, path),)
    arguments = [one.strip().strip("'\"") for one in rest.split(",")]
    if resolver in _ASKS:
        value = _looked_up(arguments[0], root, path)
        return (value if HOLE not in value else arguments[1] if arguments[1:] else HOLE,)
    if resolver in _ENVIRONMENT:
        return (arguments[1] if arguments[1:] else HOLE,)
    if resolver in _SAME:
        return (arguments[0],)
    if arguments[1:]:  # most such functions join what they are given
        return ("".join(arguments), ".".join(arguments))
    return (HOLE,)


def _looked_up(name: str, root: object, path: Path) -> str:
    """The text or number at a place of the document, or ``HOLE``."""
    steps = [step.strip() for step in _STEP.findall(name)]
    dots = len(name) - len(name.lstrip("."))
    if dots:
        return _text(_at(root, [*path[: max(len(path) - dots, 0)], *steps]))
    for start in range(len(steps)):  # a file may be mounted below the first names
        value = _text(_at(root, steps[start:]))
        if value != HOLE:
            return value
    return HOLE


def _at(root: object, steps: list[str | int]) -> object:
    value = root
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, value.get(str(step)))
        elif isinstance(value, list):
            place = int(step) if isinstance(step, int) or step.isdecimal() else -1
            value = value[place] if 0 <= place < len(value) else None
        else:
            return None
    return value


def _text(value: object) -> str:
    if isinstance(value, str):
        return HOLE if value == "???" else value
    return str(value) if isinstance(value, int | float) else HOLE
