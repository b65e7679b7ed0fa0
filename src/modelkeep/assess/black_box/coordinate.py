"""Search on scores for flat rows, such as tables: learn directions from every answer.

A table's features mostly push a class one way, for all of its rows. So the first queries are
random corners of the ball, and a ridge regression over the answers of *all* rows of a class
says which way each feature pushes: a few queries a row give hundreds of samples. The corner
it names is tried; what still stands is searched by changing a few features at a time,
mostly the way the regression says, or by the directions that broke another row of the class.
A change is kept unless it lowers the margin; equal counts as kept, because trees are flat
almost everywhere. One call per step for all rows that still stand.

Sources: Andriushchenko et al., ECCV 2020 (random search on scores, accepted by margin);
Ilyas et al., ICLR 2019 (priors make queries cheaper). The regression over rows is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.black_box.oracle import Found, Oracle
from modelkeep.assess.black_box.region import Region

_CORNERS: Final = 6  # random corners per row before the first regression
_AGAIN: Final = 8  # steps after which a regression is made again; then 16, 32, ...
_RIDGE: Final = 0.1  # of the number of samples
_TRUST: Final = 0.7  # share of changes that follow the regression's sign
_INSIDE: Final = 0.2  # share of changes that go inside the ball, not to its edge
_BORROW: Final = 0.25  # share of steps that borrow the direction of a broken row
_SAMPLES: Final = 4096  # most answers a regression looks at


@dataclass(slots=True)
class _Search:
    """What is known so far: the best direction of every row, and answers to learn from."""

    oracle: Oracle
    region: Region
    rng: np.random.Generator
    direction: np.ndarray
    best: np.ndarray
    margin: np.ndarray
    stale: np.ndarray
    push: np.ndarray
    asked: list[tuple[np.ndarray, np.ndarray, np.ndarray]]

    def ask(self, directions: np.ndarray, which: np.ndarray) -> None:
        """Try a direction for each row; keep it unless the margin falls."""
        points = self.region.towards(directions, which)
        margin = self.oracle.margins(points, which)
        gained = margin - self.margin[which]
        self.asked.append((directions, which, gained + self.margin[which]))
        kept = gained >= 0
        self.stale[which] = np.where(gained > 0, 0, self.stale[which] + 1)
        self.best[which[kept]] = points[kept]
        self.direction[which[kept]] = directions[kept]
        self.margin[which[kept]] = margin[kept]

    def learn(self) -> None:
        """Which way each feature pushes each class: ridge regression of the margins."""
        directions, which, margin = (
            np.concatenate(parts)[-_SAMPLES:] for parts in zip(*self.asked, strict=True)
        )
        for label in np.unique(self.oracle.truth[which]):
            mine = self.oracle.truth[which] == label
            x, y = directions[mine], margin[mine] - self._level(which[mine], margin[mine])
            self.push[self.oracle.truth == label] = _ridge(x, y)

    @staticmethod
    def _level(which: np.ndarray, margin: np.ndarray) -> np.ndarray:
        """Mean margin of each row's answers: rows differ in level, not in what pushes them."""
        total = np.bincount(which, weights=margin)
        return np.asarray((total / np.maximum(np.bincount(which), 1))[which])

    def mutate(self, which: np.ndarray, share: float) -> np.ndarray:
        """Change a share of the free features of each row's direction, at least one."""
        free, rng = self.region.free, self.rng
        count = max(1, int(share * len(free)))
        chosen = np.zeros((len(which), self.direction.shape[1]), dtype=bool)
        order = rng.random((len(which), len(free))).argsort(axis=1)[:, :count]
        np.put_along_axis(chosen, free[order], True, axis=1)
        coin = np.where(rng.random(chosen.shape) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - a coin
        learned = np.sign(self.push[which])
        follow = (rng.random(chosen.shape) < _TRUST) & (learned != 0)
        value = np.where(follow, learned, coin)
        inside = rng.random(chosen.shape) < _INSIDE
        value = np.where(inside, rng.uniform(-1, 1, chosen.shape), value)
        changed = np.where(chosen, value, self.direction[which])
        return self._borrowed(changed, which)

    def _borrowed(self, changed: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Some rows try, whole, the direction that broke another row of their class."""
        broken = np.flatnonzero(self.margin >= 0)
        if not len(broken):
            return changed
        donor = self.rng.choice(broken, len(which))
        lent = self.oracle.truth[donor] == self.oracle.truth[which]
        lent &= self.rng.random(len(which)) < _BORROW
        return np.where(lent[:, None], self.direction[donor], changed)


def _ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights of a ridge regression, solved in whichever of its two forms is smaller."""
    samples, width = x.shape
    ridge = _RIDGE * max(1.0, float((x**2).sum()) / width)
    if samples < width:
        return np.asarray(x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(samples), y))
    return np.asarray(np.linalg.solve(x.T @ x + ridge * np.eye(width), x.T @ y))


def coordinate_search(
    oracle: Oracle, region: Region, *, seed: int, patience: int | None = None
) -> Found:
    """Look for a point of each row that is answered wrongly.

    Args:
        oracle: the model and its budget.
        region: where points may lie.
        seed: of every random choice.
        patience: a row is given up after this many queries in a row that gained nothing;
            never, when left out.
    """
    n, width = region.rows.shape
    every = np.arange(n)
    state = _Search(
        oracle,
        region,
        np.random.default_rng(seed),
        direction=np.zeros((n, width)),
        best=region.rows.astype(np.float32),
        margin=oracle.margins(region.rows, every) if oracle.each else np.full(n, -np.inf),
        stale=np.zeros(n, dtype=np.int64),
        push=np.zeros((n, width)),
        asked=[],
    )
    for step in range(oracle.each if len(region.free) else 0):
        alive = oracle.affordable(np.flatnonzero(state.margin < 0))
        if patience is not None:
            alive = alive[state.stale[alive] < patience]
        if not len(alive):
            break
        state.ask(_proposal(state, alive, step), alive)
    return Found(state.best, state.margin >= 0, state.margin)


def _proposal(state: _Search, alive: np.ndarray, step: int) -> np.ndarray:
    """Directions for one step: corners, the learned corner, then changes of what is best."""
    if step < _CORNERS:
        shape = (len(alive), state.direction.shape[1])
        return np.asarray(np.where(state.rng.random(shape) < 0.5, -1.0, 1.0))  # noqa: PLR2004 - a coin
    since = step - _CORNERS
    if since % _AGAIN == 0 and (since // _AGAIN).bit_count() <= 1:
        state.learn()
        return np.asarray(np.sign(state.push[alive]))
    return state.mutate(alive, 0.5 * (1 - step / state.oracle.each) ** 2)
