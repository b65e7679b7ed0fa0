"""How much work each budget buys, and in which order.

Every round pushes fewer points, because most points either fall at once or are far from
falling. What two short rounds leave standing falls to random starts, not to longer climbs
from the best that is known: on two hardened networks such starts broke nine points more,
and such climbs two.
Starts of 20 steps break more points per pass than starts of 40 or 80, so there are many
short ones and a few longer ones for the points nearest to falling. A first climb can also get
stuck far below 0 on a point that falls easily from elsewhere (margin -2.8, 394th nearest), so
before the shares shrink every point is tried twice more from fresh places: on five hardened
networks and three seeds each, points missed went from 19 to 14 for 18 % more passes. When the
points left are out of reach (``search``), the rest of the table is not run at all.

Chosen on networks of other seeds, sizes, radii and training (Madry's and TRADES), on other
points than those of ``benchmarks/evasion.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modelkeep.assess.interface import BudgetName
from modelkeep.assess.white_box.ascent import Steps


@dataclass(frozen=True, slots=True)
class Round:
    """One round over the points that still stand.

    Attributes:
        share: of the standing points, those with the largest margins, in (0, 1].
        classes: how many classes each is pushed to, by their best margins; 0: untargeted.
        steps: of the climb.
        fresh: whether it starts at random places, not at the best that is known.
    """

    share: float
    classes: int
    steps: Steps
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """What one budget buys.

    Attributes:
        rounds: in order.
        reach: a point is pushed again while its margin is within this many times the largest
            gain of the last round that gained.
        queries: of the probe without gradients.
        probed: most points it is tried on.
    """

    rounds: tuple[Round, ...]
    reach: float
    queries: int
    probed: int


_FIRST: Final = Round(1.0, 0, Steps(8, 1.0, 0.1))
_ELSEWHERE: Final = (Round(1.0, 0, Steps(10, 2.0, 0.1), fresh=True),) * 2
_FURTHER: Final = Round(0.5, 4, Steps(8, 1.0, 0.1))


def _restarts(times: int, share: float, classes: int, count: int) -> tuple[Round, ...]:
    """The same round from fresh places, several times over."""
    return (Round(share, classes, Steps(count, 2.0, 0.025), fresh=True),) * times


SCHEDULES: Final[dict[BudgetName, Schedule]] = {
    "quick": Schedule(
        (_FIRST, _FURTHER, *_restarts(1, 0.2, 2, 20), *_restarts(2, 0.1, 2, 20)), 3.0, 50, 16
    ),
    "standard": Schedule(
        (
            _FIRST,
            *_ELSEWHERE,
            _FURTHER,
            *_restarts(1, 0.25, 2, 20),
            *_restarts(4, 0.15, 2, 20),
            *_restarts(4, 0.08, 2, 40),
        ),
        10.0,
        100,
        32,
    ),
    "thorough": Schedule(
        (
            _FIRST,
            *_ELSEWHERE,
            Round(1.0, 9, Steps(8, 1.0, 0.1)),
            *_restarts(1, 0.4, 4, 30),
            *_restarts(4, 0.2, 3, 30),
            *_restarts(4, 0.1, 4, 40),
            *_restarts(2, 0.05, 9, 60),
        ),
        20.0,
        1000,
        64,
    ),
}


def _sparse(share: float, classes: int, count: int) -> Round:
    """A round in L1, where steps find their own sizes; from fresh places where targeted."""
    return Round(share, classes, Steps(count, 1.0, 1.0), fresh=classes > 0)


SPARSE_SCHEDULES: Final[dict[BudgetName, Schedule]] = {
    "quick": Schedule((_sparse(1.0, 0, 40), _sparse(0.3, 3, 40)), 10.0, 50, 16),
    "standard": Schedule(
        (_sparse(1.0, 0, 50), _sparse(1.0, 4, 50), *(_sparse(0.2, 3, 60),) * 2),
        10.0,
        100,
        32,
    ),
    "thorough": Schedule(
        (
            _sparse(1.0, 0, 100),
            _sparse(1.0, 9, 60),
            *(_sparse(0.4, 4, 100),) * 3,
            *(_sparse(0.2, 9, 100),) * 2,
        ),
        20.0,
        1000,
        64,
    ),
}
"""Of L1, whose climbs are longer: how many features to move is learned on the way."""
