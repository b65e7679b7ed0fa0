"""What operators, filters and methods of a template make of constants, within bounds.

Names in an attack are put together at run time: joined, reversed, formatted, replaced. Doing
the same to the constants gives the name. Only plain text, numbers, lists and maps are computed,
by a fixed list of operations, and never anything large: ``HUGE`` says that it would be.

Source: the lists of filters and the expression language in the Jinja 3.1 documentation.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final


class Mark:
    """A value that is not a constant."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UNKNOWN: Final = Mark("unknown")
BUILT: Final = Mark("built")
"""Text made of unknown pieces and such that occur in names of internals."""
HUGE: Final = Mark("huge")
"""A constant that nobody needs and that takes all memory or time."""

MOST_CHARACTERS: Final = 1 << 18
LONGEST_RANGE: Final = 100_000
_MOST_BITS: Final = 1 << 16
_WIDE: Final = re.compile(r"\d{4}")
_FAILURES: Final = (
    TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError,
)  # fmt: skip
_FRAGMENTS: Final = frozenset(
    """
    class mro base bases subclasses globals builtins import init getitem getattribute code
    func gi_frame cr_frame tb_frame f_globals f_builtins popen reduce
    """.split()
)


def is_fragment(value: object) -> bool:
    """Whether a constant is a piece that names of internals are put together from."""
    if not isinstance(value, str) or not value:
        return False
    bare = value.strip("_").lower()
    return "__" in value or not bare or bare in _FRAGMENTS or bare[::-1] in _FRAGMENTS


def is_flat(value: object) -> bool:
    """Whether a value is a scalar or holds nothing but scalars.

    A list of the same list twice, forty times over, has 2**40 leaves: nothing that
    walks through a value may see it.
    """
    if isinstance(value, dict):
        return all(_is_scalar(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(_is_scalar(v) for v in value)
    return _is_scalar(value)


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def text_of(value: object) -> object:
    """A value as text, if it is small."""
    if isinstance(value, str | Mark):
        return value
    if not is_flat(value):
        return UNKNOWN
    try:
        return bounded(str(value))
    except ValueError:  # more digits than Python writes
        return UNKNOWN


def join_text(pieces: Sequence[object]) -> object:
    """What ``~`` makes: the pieces as text, one after the other."""
    if any(isinstance(piece, Mark) for piece in pieces):
        built = any(piece is BUILT or is_fragment(piece) for piece in pieces)
        return BUILT if built else UNKNOWN
    texts = [text_of(piece) for piece in pieces]
    plain = [text for text in texts if isinstance(text, str)]
    if len(plain) < len(texts):
        return HUGE if HUGE in texts else UNKNOWN
    return "".join(plain) if sum(map(len, plain)) <= MOST_CHARACTERS else HUGE


def binary(name: str, left: object, right: object) -> object:
    """An operator on two values."""
    if isinstance(left, Mark) or isinstance(right, Mark):
        return join_text((left, right)) if name in ("add", "mod") else UNKNOWN
    if name == "add" and isinstance(left, str) and isinstance(right, str):
        return join_text((left, right))
    function = _OPERATORS.get(name)
    if function is None or not (name == "add" or (is_flat(left) and is_flat(right))):
        return UNKNOWN
    try:
        return bounded(function(left, right))
    except _FAILURES:
        return UNKNOWN


def _product(left: object, right: object) -> object:
    if isinstance(left, int) and isinstance(right, int):
        return left * right if max(abs(left), abs(right)) < 1 << 64 else UNKNOWN
    for many, times in ((left, right), (right, left)):
        if isinstance(many, str | list | tuple) and isinstance(times, int):
            return many * times if len(many) * times <= MOST_CHARACTERS else HUGE
    return UNKNOWN


def _power(left: object, right: object) -> object:
    if not isinstance(left, int) or not isinstance(right, int) or right < 0:
        return UNKNOWN
    if abs(left) > 1 and left.bit_length() * right > _MOST_BITS:
        return HUGE
    return left**right


def _remainder(left: object, right: object) -> object:
    if isinstance(left, str):
        values = right if isinstance(right, tuple) else (right,)
        wide = any(isinstance(v, int) and abs(v) > 999 for v in values)
        if ("*" in left and wide) or _is_long(left, values):
            return HUGE
        return bounded(left % right)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left % right
    return UNKNOWN


def _is_long(pattern: str, values: Sequence[object]) -> bool:
    """Whether filling in a format may make more text than is computed."""
    fields = pattern.count("%") + pattern.count("{")
    widest = max((_sized(text_of(value)) for value in values), default=0)
    return bool(_WIDE.search(pattern)) or fields * (widest + 999) > 8 * MOST_CHARACTERS


def bounded(value: object) -> object:
    """The value if it is small and plain."""
    if isinstance(value, str | list | tuple) and len(value) > MOST_CHARACTERS:
        return HUGE
    return value


def span(arguments: Sequence[object]) -> object:
    """What ``range`` makes of constants."""
    numbers = [number for number in arguments if type(number) is int]
    if len(numbers) != len(arguments) or not 1 <= len(numbers) <= 3:
        return UNKNOWN
    if any(abs(number) >= 1 << 62 for number in numbers):
        return HUGE
    try:
        values = range(*numbers)
    except ValueError:
        return UNKNOWN
    return (
        list(values)
        if len(values) <= 1024
        else HUGE
        if len(values) > LONGEST_RANGE
        else UNKNOWN
    )


def item(value: object, key: object) -> object:
    """A subscript of a constant."""
    if isinstance(value, Mark) or not (_is_scalar(key) or isinstance(key, slice)):
        return UNKNOWN
    try:
        return value[key]  # type: ignore[index]
    except _FAILURES:
        return UNKNOWN


_TEXT_METHODS: Final = frozenset(
    """
    capitalize casefold center count endswith expandtabs find format index isalpha isdigit
    islower isspace isupper join ljust lower lstrip partition removeprefix removesuffix replace
    rfind rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper
    zfill
    """.split()
)
_METHODS: Final[tuple[tuple[type, frozenset[str]], ...]] = (
    (str, _TEXT_METHODS),
    (list, frozenset("append copy extend insert pop reverse".split())),
    (dict, frozenset("copy get items keys pop update values".split())),
)


_STORING: Final = frozenset("append extend insert update".split())


def method(value: object, name: str, arguments: Sequence[object]) -> object:
    """A method of text, a list or a map, with constants."""
    if isinstance(value, Mark) or any(isinstance(a, Mark) for a in arguments):
        return join_text((value, *arguments)) if name in _TEXT_METHODS else UNKNOWN
    refused = _refused(value, name, arguments)
    if refused is not None:
        return refused
    try:
        result = getattr(value, name)(*arguments)
    except _FAILURES:
        return UNKNOWN
    return list(result) if name in ("items", "keys", "values") else bounded(result)


def _refused(value: object, name: str, arguments: Sequence[object]) -> Mark | None:
    """Why a method is not called, or ``None``."""
    if not any(type(value) is kind and name in names for kind, names in _METHODS):
        return UNKNOWN
    if name not in _STORING and not all(map(is_flat, arguments)):
        return UNKNOWN
    if isinstance(value, str):
        return _grows(value, name, arguments)
    too_long = _sized(value) + sum(map(_sized, arguments)) > MOST_CHARACTERS
    return HUGE if too_long else None


def _sized(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 1


def _grows(value: str, name: str, arguments: Sequence[object]) -> Mark | None:
    """Whether a method makes more text than it is worth computing."""
    numbers = [a for a in arguments if isinstance(a, int)]
    if name in ("center", "ljust", "rjust", "zfill", "expandtabs"):
        times = value.count("\t") if name == "expandtabs" else 1
        return HUGE if any(n * times > MOST_CHARACTERS for n in numbers) else None
    if name == "format":
        if _is_long(value, arguments):
            return HUGE
        return UNKNOWN if re.search(r"{[^}]*[.\[{]", value) else None
    texts = [a for a in arguments if isinstance(a, str)]
    if name == "replace" and len(texts) == 2:
        grown = len(value) + (value.count(texts[0]) + 1) * len(texts[1])
        return HUGE if grown > MOST_CHARACTERS else None
    if name == "join" and arguments and isinstance(arguments[0], str | list | tuple):
        grown = len(arguments[0]) * len(value) + sum(len(str(a)) for a in arguments[0])
        return HUGE if grown > MOST_CHARACTERS else None
    return None


def filtered(name: str, value: object, arguments: Sequence[object]) -> object:
    """A filter on a value."""
    if isinstance(value, Mark) or any(isinstance(a, Mark) for a in arguments):
        return _filtered_unknown(name, value, arguments)
    if name in _RENAMED_METHODS:
        return method(text_of(value), _RENAMED_METHODS[name], arguments)
    if name in _SHAPING:
        return _SHAPING[name](value, arguments)
    function = _FILTERS.get(name)
    if function is None or not (is_flat(value) or name in ("first", "last", "list", "reverse")):
        return UNKNOWN
    try:
        return bounded(function(value))
    except _FAILURES:
        return UNKNOWN


def _format(value: object, arguments: Sequence[object]) -> object:
    return binary("mod", value, tuple(arguments)) if isinstance(value, str) else UNKNOWN


def _join(value: object, arguments: Sequence[object]) -> object:
    if not isinstance(value, str | list | tuple | dict):
        return UNKNOWN
    return _joined(list(value), str(arguments[0]) if arguments else "")


def _map(value: object, arguments: Sequence[object]) -> object:
    if not arguments or not isinstance(value, str | list | tuple):
        return UNKNOWN
    name, rest = arguments[0], arguments[1:]
    return [filtered(name, v, rest) for v in value] if isinstance(name, str) else UNKNOWN


_SHAPING: Final[Mapping[str, Callable[[object, Sequence[object]], object]]] = {
    "format": _format, "join": _join, "map": _map,
}  # fmt: skip


def _joined(values: Sequence[object], between: str) -> object:
    pieces: list[object] = []
    for value in values:
        pieces += [between, value]
    return join_text(pieces[1:]) if pieces else ""


def _filtered_unknown(name: str, value: object, arguments: Sequence[object]) -> object:
    if name in ("replace", "format", "join", "string", "reverse", "lower", "upper", "trim"):
        return join_text((value, *arguments))
    return BUILT if value is BUILT and name in ("list", "first", "last", "safe") else UNKNOWN


_RENAMED_METHODS: Final = {
    "lower": "lower", "upper": "upper", "capitalize": "capitalize", "title": "title",
    "replace": "replace", "center": "center", "trim": "strip",
}  # fmt: skip
_FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "string": str, "list": list, "int": int, "float": float, "length": len, "count": len,
    "abs": abs, "first": lambda v: next(iter(v)), "last": lambda v: list(v)[-1],
    "reverse": lambda v: v[::-1], "sort": sorted, "unique": lambda v: list(dict.fromkeys(v)),
    "safe": str, "escape": str, "e": str, "forceescape": str, "default": lambda v: v,
    "d": lambda v: v, "items": lambda v: list(v.items()),
    "dictsort": lambda v: sorted(v.items()), "min": min, "max": max,
    "select": lambda v: [x for x in v if x],
}  # fmt: skip
_OPERATORS: Final[Mapping[str, Callable[..., object]]] = {
    "add": operator.add, "sub": operator.sub, "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mul": _product, "pow": _power, "mod": _remainder,
}  # fmt: skip
