"""How much work each budget buys, and in which order.

Every round pushes fewer points and fewer classes for longer, because most points either fall
at once or are far from falling. A round is a row of the table below; when the points left
are out of reach (``search``), the rest of the table is not run at all.
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
SCHEDULES: Final[dict[BudgetName, Schedule]] = {
    "quick": Schedule(
        (
            _FIRST,
            Round(1.0, 3, Steps(6, 1.0, 0.1)),
            Round(0.4, 2, Steps(12, 0.5, 0.03)),
            Round(0.15, 2, Steps(30, 2.0, 0.02), fresh=True),
        ),
        1.0,
        50,
        16,
    ),
    "standard": Schedule(
        (
            _FIRST,
            Round(1.0, 1, Steps(10, 2.0, 0.05), fresh=True),
            Round(1.0, 3, Steps(6, 1.0, 0.1)),
            Round(0.5, 3, Steps(15, 0.5, 0.03)),
            *(Round(0.2, 2, Steps(40, 2.0, 0.02), fresh=True) for _ in range(3)),
        ),
        3.0,
        100,
        32,
    ),
    "thorough": Schedule(
        (
            _FIRST,
            Round(1.0, 9, Steps(10, 1.0, 0.05)),
            Round(1.0, 4, Steps(20, 0.5, 0.02)),
            *(Round(0.5, 3, Steps(60, 2.0, 0.02), fresh=True) for _ in range(4)),
            *(Round(0.25, 2, Steps(100, 2.0, 0.01), fresh=True) for _ in range(8)),
        ),
        4.0,
        1000,
        64,
    ),
}
