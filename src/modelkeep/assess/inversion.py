"""Inversion: do the model's weights give pictures of its training data away?

For each class an attacker who holds the weights looks for the picture that the model takes
for that class most surely, by its gradient, kept smooth by a price on differences between
neighbouring pixels. That is a *class representative*, and a likeness to training pictures
alone says nothing: pictures of a class are alike. So each is compared with the nearest
training picture *and* with the nearest picture held out. If the weights hold nothing of
single pictures, it does not matter which of them were trained on: a permutation of who was
gives the chance of a lead as large.

Equal pictures count once, for copies are not independent. With few classes no lead can be
told from luck, and the note says what the least chance is. Pictures that are noise themselves
escape it: what is looked for is smooth.

Sources: Fredrikson et al., CCS 2015 (inversion by gradient); Rudin, Osher and Fatemi, Physica D
1992 (total variation); Ernst, Statistical Science 2004 (permutation); NISTAML.033.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.interface import (
    Attack,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.core import InputError, Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Dataset, Differentiable, need

if TYPE_CHECKING:
    from torch import Tensor

_STEPS: Final = {"standard": 200, "thorough": 1000}
_STARTS: Final = 8  # per class; a picture is as like as to the likest
_RATE: Final = 0.1  # of a feature's range
_SMOOTH: Final = 0.05
_TOLD: Final = 50  # steps between two reports of progress
_SWAPS: Final = 1999
_MOST: Final = 500  # pictures of a class and side
_MOST_CLASSES: Final = 50
_LEAST: Final = 5  # pictures of a class and side below which it is left out
_CONVINCING: Final = 0.01
_AXES: Final = 4  # of a batch of pictures
_TILE: Final = 16  # pixels of a side, as drawn
_SHOWN: Final = 10
_THREAT: Final = ThreatModel(
    "inversion", "white box", "follows the gradient of the model's own weights"
)
_MEND: Final = "train privately: modelkeep harden --for membership, and check again"


def applies(context: Context) -> str | None:
    """It needs pictures on both sides, a gradient, and time."""
    if context.train is None or context.test is None:
        return "needs both --data TRAIN and --test TEST"
    if context.budget == "quick":
        return "pictures are reconstructed from --budget standard on"
    if context.train.rows.ndim != _AXES:
        return "reconstruction is built for pictures (channels, height, width) only"
    if not isinstance(context.model, Differentiable):
        return "the model gives no gradient"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Reconstruct a picture of each class and compare it with both sides."""
    train, test = require_rows(context.train, "data"), require_rows(context.test, "test")
    sides = [_by_class(context, data) for data in (train, test)]
    pools: list[tuple[np.ndarray, int]] = []
    labels: list[int] = []
    for label in sorted(set(sides[0]) & set(sides[1]))[:_MOST_CLASSES]:
        members, others = _distinct(sides[0][label], sides[1][label])
        count = min(len(members), len(others), _MOST)
        if count >= _LEAST:
            pools.append((np.concatenate([members[:count], others[:count]]), count))
            labels.append(label)
    if len(labels) < 2:  # noqa: PLR2004 - nothing to permute
        yield NotChecked("inversion", f"{len(labels)} classes have {_LEAST} pictures a side")
        return
    pictures = reconstruct(context, labels)
    found = [
        _Compared(np.max([similarity(one, pool) for one in starts], axis=0), count)
        for starts, (pool, count) in zip(pictures, pools, strict=True)
    ]
    yield _measured(context, found, pictures[:, 0])


@dataclass(frozen=True, slots=True)
class _Compared:
    """Likeness of a class's reconstructions to pictures: ``count`` trained on, then others."""

    likeness: np.ndarray
    count: int

    def lead(self, order: np.ndarray | None = None) -> float:
        """How much nearer the nearest of the first half is than that of the second."""
        values = self.likeness if order is None else self.likeness[order]
        return float(values[: self.count].max() - values[self.count :].max())


def _by_class(context: Context, data: Dataset) -> dict[int, np.ndarray]:
    truth = context.truth(data)
    rng = np.random.default_rng(context.seed)
    rows = {int(label): data.rows[truth == label] for label in np.unique(truth)}
    return {label: rng.permutation(each) for label, each in rows.items()}


def _distinct(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different pictures of either side that the other does not hold."""
    kept: list[np.ndarray] = []
    for side, other in ((members, others), (others, members)):
        known, seen = {row.tobytes() for row in other}, set[bytes]()
        chosen = []
        for at, row in enumerate(side):
            text = row.tobytes()
            if text not in known and text not in seen:
                chosen.append(at)
            seen.add(text)
        kept.append(side[chosen])
    return kept[0], kept[1]


def similarity(picture: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Correlation of the pixels of a picture with those of others, shape ``(n,)``."""
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    one = picture.reshape(-1).astype(np.float64)
    one = one - one.mean()
    scale = np.linalg.norm(flat, axis=1) * np.linalg.norm(one)
    return np.asarray(flat @ one / np.maximum(scale, 1e-12))


def reconstruct(context: Context, labels: list[int]) -> np.ndarray:
    """Pictures that the model takes for each class most surely, from several starts.

    Args:
        context: model, rows (for the range of pixels), budget and seed.
        labels: the classes' places in the model's.

    Returns:
        Shape ``(labels, starts, channels, height, width)`` float32, encoded as the rows are.

    Raises:
        InputError: the model gives no gradient.
        MissingExtraError: torch is not installed.
    """
    torch = need("torch", "inversion")
    if not isinstance(context.model, Differentiable):
        raise InputError("the model gives no gradient to reconstruct by")
    module = context.model.module
    train = require_rows(context.train, "data")
    low, high = (float(edge) for edge in np.quantile(train.rows, (0.01, 0.99)))
    span = max(high - low, 1e-6)
    generator = torch.Generator().manual_seed(context.seed)
    shape = (len(labels) * _STARTS, *train.rows.shape[1:])
    points = torch.rand(shape, generator=generator).requires_grad_(True)
    wanted = torch.tensor(labels).repeat_interleave(_STARTS)
    learner = torch.optim.Adam([points], _RATE)
    steps = _STEPS.get(context.budget, _STEPS["standard"])
    for step in range(steps):
        if step % _TOLD == 0:
            context.progress(step / steps, f"inversion, step {step}")
        learner.zero_grad()
        sure = torch.nn.functional.cross_entropy(
            module(low + span * points), wanted, reduction="sum"
        )
        (sure + _SMOOTH * _roughness(points)).backward()
        learner.step()
        with torch.no_grad():
            points.clamp_(0, 1)
    found = low + span * points.detach().numpy()
    return np.asarray(found.reshape(len(labels), _STARTS, *shape[1:]), dtype=np.float32)


def _roughness(points: Tensor) -> Tensor:
    """Differences of neighbouring pixels, summed over pictures."""
    across = (points[..., 1:] - points[..., :-1]).abs().mean((1, 2, 3))
    down = (points[..., 1:, :] - points[..., :-1, :]).abs().mean((1, 2, 3))
    return (across + down).sum()


def _measured(context: Context, found: list[_Compared], pictures: np.ndarray) -> Measurement:
    leads = np.array([each.lead() for each in found])
    rng = np.random.default_rng(context.seed)
    swapped = [
        np.mean([each.lead(rng.permutation(len(each.likeness))) for each in found])
        for _ in range(_SWAPS)
    ]
    chance = (1 + int(np.sum(np.array(swapped) >= leads.mean() - 1e-12))) / (_SWAPS + 1)
    drawn = rng.choice(leads, (_SWAPS, len(leads))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    nearest = [np.mean([each.likeness[: each.count].max() for each in found])]
    nearest += [np.mean([each.likeness[each.count :].max() for each in found])]
    least = max(0.5 ** len(found), 1 / (_SWAPS + 1))
    return Measurement(
        "inversion_lead",
        float(leads.mean()),
        float(min(low, leads.mean())),
        float(max(high, leads.mean())),
        "correlation",
        sum(len(each.likeness) for each in found),
        attacker=_THREAT,
        budget={"passes": len(found) * _STEPS.get(context.budget, 200) * _STARTS},
        seed=context.seed,
        method=(
            f"class representatives of {len(found)} classes; nearest training picture "
            f"{nearest[0]:.3f}, nearest held out {nearest[1]:.3f}; permutation p = {chance:.4f}"
        ),
        curve=((0.0, chance),),
        note=f"with {len(found)} classes no chance below {least:.2g} can be shown",
        picture=_sheet(pictures[:_SHOWN]),
    )


def p_value(measurement: Measurement) -> float:
    """The chance of a lead as large if it did not matter which pictures were trained on."""
    return measurement.curve[0][1]


def _sheet(pictures: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """Reconstructions side by side in grey; no picture of the data is among them."""
    tiles = []
    for picture in pictures:
        grey = picture.mean(axis=0)
        steps = [max(1, -(-side // _TILE)) for side in grey.shape]
        small = grey[:: steps[0], :: steps[1]]
        spread = max(float(small.max() - small.min()), 1e-12)
        tiles.append((small - small.min()) / spread)
    return tuple(tuple(float(value) for value in row) for row in np.concatenate(tiles, axis=1))


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares it."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Reconstructions that are nearer to training pictures than luck allows."""
    found = by_name(measurements, "inversion_lead")
    if found is not None and p_value(found) < _CONVINCING:
        title = "weights give pictures of the training data away"
        yield Risk(title, found, min(1.0, max(0.0, found.value)), _MEND)


ATTACK: Final = Attack(
    "INV001",
    "inversion",
    "model.inversion",
    "membership",
    applies,
    run,
    facts,
    risks,
)
