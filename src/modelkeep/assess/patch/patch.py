"""Stickers in the world: does one printed patch, anywhere in view, change the answers?

One sticker is made for all pictures, by climbing the loss over random places, turns, sizes
and light, in colours a printer can make; it is judged on pictures and placements it was not
made with, beside a grey sticker of the same size, which covers as much and knows nothing.

It is for classifiers of pictures that give a gradient. Sources: Brown et al. 2017
(adversarial patch); Eykholt et al., CVPR 2018 (stickers on stop signs); Athalye et al.,
ICML 2018 (expectation over transformations).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, by_name
from modelkeep.assess.patch.placing import place, printable
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Differentiable, need
from modelkeep.models.intervals import clopper_pearson

if TYPE_CHECKING:
    import torch

SHARE: Final = 0.06  # of the picture's area
_STEPS: Final = {"quick": 80, "standard": 300, "thorough": 1000}
_BATCH: Final = 32
_ROWS: Final = 200
_LEAST: Final = 16
_PLACEMENTS: Final = 5  # per picture, when judged
_SIDE: Final = 16  # pixels of the sticker
_RATE: Final = 0.2
_SHOWN: Final = "patch_robust_accuracy"
_BLANK: Final = "blank_patch_accuracy"


def applies(context: Context) -> str | None:
    """It needs pictures and a gradient."""
    if context.test is not None and context.test.kind != "image":
        return "stickers are for pictures"
    return why_no_gradient(context)


def make_sticker(
    module: torch.nn.Module,
    rows: torch.Tensor,
    truth: torch.Tensor,
    *,
    steps: int,
    seed: int,
) -> torch.Tensor:
    """Colours ``(channels, side, side)`` that mislead most, over random placements."""
    torch = need("torch", "a patch attack")
    rng = torch.Generator().manual_seed(seed)
    raw = torch.randn((rows.shape[1], _SIDE, _SIDE), generator=rng).requires_grad_(True)
    optimizer = torch.optim.Adam([raw], lr=_RATE)
    for _ in range(steps):
        chosen = torch.randint(len(rows), (_BATCH,), generator=rng)
        logits = module(place(printable(raw), rows[chosen], SHARE, rng))
        right = logits.gather(1, truth[chosen, None]).squeeze(1)
        wrong = logits.scatter(1, truth[chosen, None], -torch.inf).amax(1)
        optimizer.zero_grad()
        torch.relu(right - wrong + 1).mean().backward()
        optimizer.step()
    return printable(raw.detach())


def run(context: Context) -> Iterator[Outcome]:
    """Make a sticker on half of the rows, judge it on the others."""
    data, model = context.test, context.model
    if data is None or not isinstance(model, Differentiable):
        raise TypeError("the patch attack needs rows and a differentiable model")
    torch = need("torch", "a patch attack")
    data = context.sample(data, _ROWS)
    truth = context.truth(data)
    right = np.flatnonzero(context.predict(data.rows).argmax(axis=1) == truth)
    if len(right) < 2 * _LEAST:
        yield NotChecked("patch", "too few pictures are answered rightly")
        return
    order = np.random.default_rng(context.seed).permutation(right)
    rows, labels = (torch.from_numpy(np.asarray(part[order])) for part in (data.rows, truth))
    half, steps = len(rows) // 2, _STEPS[context.budget]
    context.progress(0.1, "patch: making a sticker")
    sticker = make_sticker(
        model.module, rows[:half], labels[:half], steps=steps, seed=context.seed
    )
    rest = (rows[half:], labels[half:])
    blank = torch.full_like(sticker, 0.5)
    for name, shown, work in ((_SHOWN, sticker, 2 * steps * _BATCH), (_BLANK, blank, 0)):
        standing = _standing(model.module, shown, rest, context.seed)
        yield _measured(name, standing, shown, (context, work))


def _standing(
    module: torch.nn.Module,
    sticker: torch.Tensor,
    rest: tuple[torch.Tensor, torch.Tensor],
    seed: int,
) -> np.ndarray:
    """Share of placements at which each picture is still answered rightly, ``(n,)``."""
    torch = need("torch", "a patch attack")
    rng = torch.Generator().manual_seed(seed + 1)
    rows, truth = rest
    with torch.no_grad():
        kept = [
            (module(place(sticker, rows, SHARE, rng)).argmax(1) == truth).float()
            for _ in range(_PLACEMENTS)
        ]
    return np.asarray(torch.stack(kept).mean(0))


def _measured(
    name: str, standing: np.ndarray, sticker: torch.Tensor, given: tuple[Context, int]
) -> Measurement:
    (context, work), n = given, len(standing)
    # Placements of one picture hang together: the interval counts pictures.
    hits = round(float(standing.sum()))
    low, high = clopper_pearson(hits, n)
    value = float(standing.mean())
    attacker = ThreatModel(
        goal="evasion",
        knowledge="white box",
        capability=f"one printed sticker over {SHARE:.0%} of the picture, anywhere",
    )
    grey = sticker.mean(0).tolist()
    return Measurement(
        name,
        value,
        min(low, value),
        max(high, value),
        "fraction",
        n,
        attacker=attacker if name == _SHOWN else None,
        budget={"passes": work // n} if work else {},
        seed=context.seed,
        method=f"share still answered rightly over {_PLACEMENTS} placements a picture; "
        "Clopper-Pearson interval over pictures",
        picture=tuple(tuple(round(v, 3) for v in row) for row in grey) if work else (),
    )


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares stickers."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """A sticker that does more than cover."""
    made, blank = by_name(measurements, _SHOWN), by_name(measurements, _BLANK)
    if made is not None and blank is not None and made.high < blank.low:
        yield Risk(
            "one printed sticker changes the answers",
            made,
            blank.value - made.value,
            "train on pictures with such stickers (adversarial training) and check again",
        )


ATTACK: Final = Attack(
    "PAT001", "patch", "model.evasion", "evasion", applies, run, facts, risks
)
