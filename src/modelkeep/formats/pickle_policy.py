"""Which names a pickle may use, and how: allow tables as data, and how to ask them.

A name is denied unless listed, and listed for a use: a class that may be restored by
``NEWOBJ`` and ``BUILD`` need not be safe to call, and a function that may be held need
not be. ``pickle_policy.json`` lists them per module; ``tools/make_pickle_policy.py``
writes it from real saves of each library and from what the library's source reaches.

A dotted name is judged where it ends. ``torch.nn.os.system`` is ``os.system`` whatever
it is reached through, and an attribute of a listed class is not the class.

Sources: PickleBall, arXiv 2508.15987 (policies per library and use); CPython ``pickle.py``
(``find_class`` looks dotted names up one attribute after another).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Final

import msgspec

_CACHED: Final = 1 << 14  # answers that are kept
_LONGEST: Final = 64  # components of a name that are looked at
_MAIN: Final = frozenset({"__main__", "__mp_main__"})
_CYTHON: Final = "__pyx_unpickle_"  # generated; makes an instance and gives it its state
_USES: Final = {  # where a use has to be listed
    "import": ("hold", "new", "call", "single", "state"),
    "newobj": ("new", "call", "state"),
    "build": ("new", "call", "state"),
    "handed out": ("load",),
    "single": ("single", "call"),
}


class Standing(enum.Enum):
    """What is known about a name."""

    SAFE = "safe"
    """Read in its library's source: using it so reaches no sink."""
    UNKNOWN = "unknown"
    """From a package that the table does not know: code of its own is needed."""
    UNLISTED = "unlisted"
    """From a package that the table knows, and not proven safe."""
    DANGEROUS = "dangerous"
    """Reaches a sink: starts programs, loads code, opens files or sockets."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table as it is stored; lists of names are texts with blanks between them.

    Attributes:
        versions: of the libraries it was made from.
        standard: modules of the standard library, of every Python since 2.7.
        packages: other packages whose unlisted functions are denied.
        dangerous: modules, classes and functions that reach a sink, with all below them.
        walks: what names a module wherever it stands in a dotted name.
        aliases: customary short names of modules.
        lookups: functions that return what their constant arguments name.
        inner: functions that use their arguments, and how they use each one.
        modules: per module: names to ``hold``, classes to restore (``new``), names to ``call``,
            to ``load`` bytes that are constants, because those are scanned, and to call with
            a ``single`` argument; classes that run a text of their ``state``.
        executed: attributes with such a text, and an expression for all that savers write.
    """

    versions: dict[str, str]
    standard: str
    packages: str
    dangerous: str
    walks: str
    aliases: dict[str, str]
    lookups: str
    inner: dict[str, list[str]]
    executed: dict[str, str]
    modules: dict[str, dict[str, str]]


class _Policy:
    """The table, made ready for questions."""

    __slots__ = ("_modules", "_split", "aliases", "dangerous", "executed", "inner", "lookups",
                 "packages", "standard", "walks")  # fmt: skip

    def __init__(self, table: _Table) -> None:
        self.standard = frozenset(table.standard.split())
        self.packages = frozenset(table.packages.split()) | self.standard
        self.dangerous = frozenset(table.dangerous.split())
        self.walks = frozenset(table.walks.split())
        self.aliases = table.aliases
        self.lookups = frozenset(table.lookups.split())
        self.inner = {name: tuple(uses) for name, uses in table.inner.items()}
        self.executed = {key: re.compile(text) for key, text in table.executed.items()}
        self._modules = table.modules
        self._split: dict[str, dict[str, frozenset[str]]] = {}

    def listed(self, module: str, name: str) -> frozenset[str]:
        """The uses for which a name is listed."""
        uses = self._split.get(module)
        if uses is None:
            lists = self._modules.get(module, {})
            uses = {use: frozenset(names.split()) for use, names in lists.items()}
            if uses:
                self._split[module] = uses
        return frozenset(use for use, names in uses.items() if name in names)


@cache
def _policy() -> _Policy:
    text = resources.files("modelkeep.formats").joinpath("pickle_policy.json").read_bytes()
    return _Policy(msgspec.json.decode(text, type=_Table))


@lru_cache(_CACHED)
def standing(dotted: str, how: str = "import") -> Standing:
    """What is known about a dotted name.

    Args:
        dotted: module and name, as Python 3 calls it.
        how: ``import``, or what is done with it: ``reduce``, ``newobj``, ``build``,
            ``handed out`` (called with bytes that are scanned as a stream of their own),
            ``single`` (called with one argument that no call returned)...
    """
    module, _, name = dotted.rpartition(".")
    uses = _policy().listed(module, name)
    if not uses.isdisjoint(_USES.get(how, ("call",))):
        return Standing.SAFE
    if uses and "load" not in uses:
        return Standing.UNLISTED
    parts = dotted.split(".")
    found = _unlisted(parts)
    if found is Standing.UNLISTED and _ends_in_a_listed_place(parts, how):
        return Standing.SAFE
    restores = name.startswith(_CYTHON) and found is Standing.UNLISTED
    return Standing.SAFE if restores and not is_standard(dotted) else found


def _unlisted(parts: list[str]) -> Standing:
    """The worst of the places that a name without an entry passes through."""
    policy = _policy()
    if len(parts) > _LONGEST or _is_dangerous(parts):
        return Standing.DANGEROUS
    for at in range(1, len(parts)):
        part = parts[at].lstrip("_")
        part = policy.aliases.get(part, part)
        last = at == len(parts) - 1
        if part in policy.walks:
            return Standing.DANGEROUS
        if not last and _is_dangerous([*part.split("."), *parts[at + 1 :]], below=True):
            return Standing.DANGEROUS
        if _is_dunder(parts[at]) and not (parts[at] == "__init__" and not last):
            return Standing.DANGEROUS
    return Standing.UNLISTED if package_known(parts[0]) else Standing.UNKNOWN


def _ends_in_a_listed_place(parts: list[str], how: str) -> bool:
    """Whether a name leads from one known package into another, to a listed name there."""
    packages = _policy().packages
    return any(
        parts[at] in packages and standing(".".join(parts[at:]), how) is Standing.SAFE
        for at in range(1, len(parts) - 1)
    )


def _is_dangerous(parts: list[str], *, below: bool = False) -> bool:
    """Whether a name lies in a dangerous place, ``below``: one of at least two components."""
    dangerous = _policy().dangerous
    start = 2 if below else 1
    return any(".".join(parts[:end]) in dangerous for end in range(start, len(parts) + 1))


def _is_dunder(part: str) -> bool:
    return len(part) > 4 and part.startswith("__") and part.endswith("__")


def package_known(dotted: str) -> bool:
    """Whether the table knows the package a name comes from, so that unlisted means denied."""
    root = dotted.partition(".")[0]
    return root not in _MAIN and root in _policy().packages


def is_standard(dotted: str) -> bool:
    """Whether a name comes from the standard library of any Python since 2.7."""
    return dotted.partition(".")[0] in _policy().standard


def is_class(dotted: str) -> bool:
    """Whether a name is written as classes are: ``CapWords``, underscores in front or not."""
    return dotted.rpartition(".")[2].lstrip("_")[:1].isupper()


def is_lookup(dotted: str) -> bool:
    """Whether calling it returns what its arguments name, as ``getattr`` does."""
    return dotted in _policy().lookups


def is_handed_out(dotted: str) -> bool:
    """Whether savers call it to load constant bytes, which are a stream of their own."""
    module, _, name = dotted.rpartition(".")
    return "load" in _policy().listed(module, name)


def inner_uses(dotted: str) -> tuple[str, ...]:
    """How a function uses each of its arguments: ``reduce``, ``newobj``, ``import`` or nothing.

    ``copyreg._reconstructor`` makes an instance of its first argument, for example.
    """
    return _policy().inner.get(dotted, ())


def runs_its_state(dotted: str) -> bool:
    """Whether instances of a class run a text that their state brings."""
    module, _, name = dotted.rpartition(".")
    return "state" in _policy().listed(module, name)


def executed() -> Mapping[str, re.Pattern[str]]:
    """Attributes whose text is run, with an expression for all that savers write there."""
    return _policy().executed
