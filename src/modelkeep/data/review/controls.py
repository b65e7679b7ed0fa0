"""Control cards, by which reviewers are measured without knowing it.

Some cards of the queue are made up: rows of one label that nothing is wrong with, and rows
shown under a wrong label. They look like all others. What a reviewer should have said of
them is kept apart, and only its digest is signed with the queue.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from modelkeep.core import Measurement
from modelkeep.data.poison.interface import Context
from modelkeep.data.review.cards import SHOWN, Card, card_id, nearest_outside
from modelkeep.data.review.decisions import ReviewDecision
from modelkeep.evidence import encode
from modelkeep.models.intervals import clopper_pearson

_ROWS: Final = (12, 60)  # of a control, from and to
CONTROLS: Final = 4


def make_controls(
    context: Context, taken: np.ndarray, secret: int, count: int = CONTROLS
) -> tuple[tuple[Card, ...], dict[str, bool]]:
    """Control cards, and whether each is poisoned, by id.

    Args:
        context: the rows.
        taken: rows of real groups, which controls must not touch, boolean ``(n,)``.
        secret: seed of the choice; not to be told to reviewers.
        count: how many; every second one is shown under a wrong label.
    """
    rng = np.random.default_rng(secret)
    said = context.smoother.left_one_out
    sure = said.argmax(axis=1) == context.targets
    cards, truth = [], {}
    for number in range(count):
        label = int(rng.integers(len(context.classes)))
        free = np.flatnonzero((context.targets == label) & ~taken & sure)
        if len(free) < SHOWN:
            continue
        rows = np.sort(rng.permutation(free)[: int(rng.integers(*_ROWS))])
        poisoned = number % 2 == 0
        others = [name for name in context.classes if name != context.classes[label]]
        shown = (
            str(rng.choice(np.array(others, dtype=object)))
            if poisoned
            else context.classes[label]
        )
        card = Card(
            id=card_id(rows, shown),
            family=str(rng.choice(["label", "trigger"])),
            label=shown,
            why=f"100% of {len(rows)} rows are {shown!r}; a model that saw none of them "
            f"expects {rng.integers(5, 40)}%",
            rule="",
            rows=rows.tolist(),
            suggested=[context.classes[label] if poisoned else others[0]] * len(rows),
            risky=rows[:SHOWN].tolist(),
            near=nearest_outside(context, rows),
            harm=round(float(rng.uniform(1, 10)), 6),
            advice="review",
        )
        cards.append(card)
        truth[card.id] = poisoned
    return tuple(cards), truth


def truth_digest(truth: Mapping[str, bool], salt: str) -> str:
    """SHA-256 that binds the truth about the controls without telling it."""
    return hashlib.sha256(salt.encode() + encode(dict(truth))).hexdigest()


def measure_reviewers(
    decisions: Iterable[ReviewDecision], truth: Mapping[str, bool]
) -> tuple[Measurement, ...]:
    """How many controls each reviewer judged rightly: kept the clean, changed the others."""
    last: dict[str, dict[str, bool]] = {}
    for decision in decisions:
        if decision.group in truth:
            name = decision.reviewer.strip().casefold()
            last.setdefault(name, {})[decision.group] = decision.choice != "keep"
    found = []
    for name, said in sorted(last.items()):
        hits = sum(truth[group] == poisoned for group, poisoned in said.items())
        low, high = clopper_pearson(hits, len(said))
        found.append(
            Measurement(
                "reviewer_accuracy",
                hits / len(said),
                low,
                high,
                "fraction",
                len(said),
                method="share of seeded control groups judged rightly",
                note=f"reviewer {name}",
            )
        )
    return tuple(found)
