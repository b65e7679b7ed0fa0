"""Which rows a copier asks about: those it has, made-up ones, or those its copy needs most.

Sources: Orekondy, Schiele and Fritz, CVPR 2019 (Knockoff Nets: natural rows); Correia-Silva
et al., IJCNN 2018 (CopyCat: rows of another kind); Pal et al., AAAI 2020 (ActiveThief: rows
the copy is unsure about); Papernot et al., AsiaCCS 2017 (Jacobian-based augmentation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.black_box.transfer import train_surrogate
from modelkeep.assess.extraction.victim import Victim
from modelkeep.models import need

_ROUNDS: Final = 3
_START: Final = 0.25  # of the budget asked before a first copy chooses
_STEP: Final = 0.3  # of a feature's range, along the sign of the copy's slope
Asked = tuple[np.ndarray, np.ndarray]  # rows, and what was answered


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the copier has before it asks.

    Attributes:
        rows: rows of the kind the model takes, shape ``(n, ...)``.
        numeric: features that may take any number, boolean of the shape of one row.
        seed: of its choices.
    """

    rows: np.ndarray
    numeric: np.ndarray
    seed: int

    @property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest value of each feature."""
        return self.rows.min(axis=0), self.rows.max(axis=0)


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way of choosing rows; ``collect`` asks and hands back rows and answers."""

    name: str
    says: str
    collect: Callable[[Victim, Knowledge], Asked]


def train_copy(
    rows: np.ndarray, answers: np.ndarray, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """A network trained on answers, from rows to logits."""
    torch = need("torch", "a copy of the model")
    whole = np.clip(answers, 0, None)
    network = train_surrogate(
        rows, whole / np.maximum(whole.sum(axis=1, keepdims=True), 1e-9), seed=seed
    )

    def answer(asked: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(network(torch.from_numpy(asked.astype(np.float32))).numpy())

    return answer


def ask_natural(victim: Victim, knows: Knowledge) -> Asked:
    """Rows it has, as many as the budget allows."""
    rows = knows.rows[: victim.budget]
    return rows, victim.ask(rows)


def ask_made_up(victim: Victim, knows: Knowledge) -> Asked:
    """Independent uniform values within each feature's range; whole codes for categories."""
    rng = np.random.default_rng(knows.seed)
    low, high = knows.ends
    drawn = rng.uniform(low, high, (victim.budget, *low.shape))
    codes = np.floor(rng.uniform(low, high + 1, drawn.shape))
    rows = np.where(knows.numeric, drawn, np.minimum(codes, high)).astype(np.float32)
    return rows, victim.ask(rows)


def ask_active(victim: Victim, knows: Knowledge) -> Asked:
    """Rows it has, those first that its copy is least sure about."""
    left = np.arange(len(knows.rows))
    first = max(int(_START * victim.budget), 1)
    chosen, left = left[:first], left[first:]
    rows = knows.rows[chosen]
    answers = victim.ask(rows)
    for number in range(_ROUNDS):
        count = (victim.budget - victim.spent) // (_ROUNDS - number)
        if not count or not len(left):
            break
        logits = np.sort(train_copy(rows, answers, knows.seed)(knows.rows[left]), axis=1)
        unsure = np.argsort(logits[:, -1] - logits[:, -2], kind="stable")[:count]
        more = knows.rows[left[unsure]]
        rows, answers = (
            np.concatenate([rows, more]),
            np.concatenate([answers, victim.ask(more)]),
        )
        left = np.delete(left, unsure)
    return rows, answers


def ask_jacobian(victim: Victim, knows: Knowledge) -> Asked:
    """A few rows it has, then the same moved along the sign of its copy's slope."""
    torch = need("torch", "a copy of the model")
    rows = knows.rows[: max(int(_START * victim.budget), 1)]
    answers = victim.ask(rows)
    low, high = knows.ends
    step = _STEP * (high - low) * knows.numeric
    rng = np.random.default_rng(knows.seed)
    while victim.spent < victim.budget:
        count = min(len(rows), victim.budget - victim.spent)
        chosen = rng.permutation(len(rows))[:count]
        network = train_surrogate(rows, answers, seed=knows.seed)
        asked = torch.from_numpy(rows[chosen].astype(np.float32)).requires_grad_(True)
        best = torch.from_numpy(answers[chosen].argmax(axis=1))
        score = network(asked).gather(1, best[:, None]).sum()
        (slope,) = torch.autograd.grad(score, asked)
        moved = np.clip(rows[chosen] + step * np.sign(slope.numpy()), low, high)
        more = moved.astype(np.float32)
        rows, answers = (
            np.concatenate([rows, more]),
            np.concatenate([answers, victim.ask(more)]),
        )
    return rows, answers


STRATEGIES: Final = (
    Strategy("natural", "rows of the same kind", ask_natural),
    Strategy("made_up", "uniform values within each feature's range", ask_made_up),
    Strategy("active", "rows of the same kind its copy is least sure about", ask_active),
    Strategy("jacobian", "rows moved along its copy's slope", ask_jacobian),
)
