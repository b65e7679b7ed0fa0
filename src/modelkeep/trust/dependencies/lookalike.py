"""A package whose name is one slip away from a popular one.

Whoever publishes ``reqeusts`` waits for a slip of the hand; whoever publishes ``pytorch-cpu``
for a guess. Set-up code of such a package runs while it is installed. A slip is one letter
more, fewer, changed or swapped, in names of five letters and more; a look-alike digit
(``0`` for ``o``, ``1`` for ``l``); another order or loss of the parts of a name
(``learn-scikit``). The table is small on purpose: the fewer names, the fewer accidents.

Before: ``reqeusts==2.32.3``.
After: ``requests==2.32.3``.

Sources: CWE-1357; D. L. Vu et al., "Typosquatting and combosquatting attacks on the Python
ecosystem" (EuroS&PW 2020); F. J. Damerau, "A technique for computer detection and correction
of spelling errors" (1964).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.trust.dependencies.interface import Dependency, found

RULE: Final = Rule(
    id="DEP002",
    name="lookalike-package",
    summary="A package has a name that is one slip away from a popular one.",
    remedy="Look the package up; if it is the wrong one, write the popular name instead.",
    topic="supply.dependency_vuln",
    tags=("CWE-1357",),
)
_SHORTEST: Final = 5
_DIGITS: Final = str.maketrans("", "", "0123456789")
_TWINS: Final = str.maketrans("01358", "olesb")


def find_lookalike(path: str, dependency: Dependency) -> Iterator[Finding]:
    """Yield a finding if a name is near to a popular one and none itself."""
    meant = popular_twin(dependency.name)
    if meant:
        yield found(
            RULE,
            path,
            dependency,
            severity=Severity.MEDIUM,
            confidence=Confidence.MEDIUM,
            message=f"{dependency.name!r} looks like the popular {meant!r}",
            evidence={"popular": meant},
        )


@functools.cache
def popular_names() -> frozenset[str]:
    """The table."""
    text = resources.files("modelkeep.trust.dependencies").joinpath("popular_names.txt")
    lines = text.read_text(encoding="utf-8").splitlines()
    return frozenset(
        name for line in lines if not line.startswith("#") for name in line.split()
    )


@functools.cache
def popular_twin(name: str) -> str:
    """The popular name that a normalised name may be taken for; empty if none."""
    known = popular_names()
    if name in known or len(name) < _SHORTEST:
        return ""
    for popular in sorted(known):
        if len(popular) >= _SHORTEST and (_respelled(name, popular) or one_slip(name, popular)):
            return popular
    return ""


def _respelled(name: str, popular: str) -> bool:
    if name.translate(_TWINS) == popular.translate(_TWINS):
        return True
    parts, wanted = name.split("-"), popular.split("-")
    return len(wanted) > 1 and (sorted(parts) == sorted(wanted) or name == "".join(wanted))


def one_slip(left: str, right: str) -> bool:
    """Whether one letter more, fewer, changed or swapped with its neighbour parts two names."""
    if left.translate(_DIGITS) == right.translate(_DIGITS) or abs(len(left) - len(right)) > 1:
        return False  # a number more or less is another release series: httpx2
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        return longer[1:] == shorter
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
