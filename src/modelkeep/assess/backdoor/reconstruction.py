"""The smallest trigger of a kind for every class, all classes in one batch.

A backdoor is a short cut: for its target class a much smaller trigger suffices than for
the others. Each step stamps the same few clean rows for all classes at once and lowers
cross-entropy to the class plus price times size. The price of a class rises while its
trigger works on nearly all rows of the step and falls while it does not, so that size
settles where the trigger just works.

Source: Wang et al., IEEE S&P 2019 (objective and changing price); the batch over
classes is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.backdoor.interface import Answer, Family, Parameters, Triggers
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_WORKS: Final = 0.9  # share of the rows of a step a trigger must send to its class
_DEARER: Final = 1.3
_CHEAPER: Final = 1.6
_RATE: Final = 0.1
_BATCH: Final = 16  # rows stamped in a step, for every class


def reconstruct(
    module: Answer,
    rows: torch.Tensor,
    family: Family,
    *,
    classes: torch.Tensor,
    steps: int,
    seed: int,
) -> Triggers:
    """Search triggers of all classes.

    Args:
        module: rows to logits ``(batch, classes)``.
        rows: clean rows ``(n, ...)`` float32.
        family: kind of trigger.
        classes: places of the classes to reach, shape ``(k,)``.
        steps: steps of the optimiser.
        seed: of the choice of rows.
    """
    torch = need("torch", "a backdoor test")
    rng = torch.Generator().manual_seed(seed)
    live = [value.requires_grad_(True) for value in family.start(len(classes), rows.shape[1:])]
    optimizer = torch.optim.Adam(live, lr=_RATE, betas=(0.5, 0.9))
    wanted = classes.repeat_interleave(_BATCH)
    price = torch.full((len(classes),), family.price)
    best = torch.full((len(classes),), torch.inf)
    kept = [value.detach().clone() for value in live]
    for _ in range(steps):
        chosen = torch.randint(len(rows), (_BATCH,), generator=rng)
        stamped = family.stamp(tuple(live), rows[chosen])
        logits = module(stamped.flatten(0, 1))
        loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
        sizes = family.size(tuple(live))
        hit = (logits.argmax(1) == wanted).view(len(classes), _BATCH).float().mean(1)
        works = hit >= _WORKS
        better = works & (sizes.detach() < best)
        best = torch.where(better, sizes.detach(), best)
        for old, new in zip(kept, live, strict=True):
            old[better] = new.detach()[better]
        total = loss.view(len(classes), _BATCH).mean(1) + price * sizes
        optimizer.zero_grad()
        total.sum().backward()
        optimizer.step()
        price = torch.where(works, price * _DEARER, price / _CHEAPER)
    never = torch.isinf(best)
    for old, new in zip(kept, live, strict=True):
        old[never] = new.detach()[never]
    found = tuple(kept)
    success, spent = _success(module, rows, (family, found), classes)
    work = 2 * steps * len(classes) * _BATCH + spent
    return Triggers(family, family.size(found).numpy(), success, found, work)


def _success(
    module: Answer,
    rows: torch.Tensor,
    triggers: tuple[Family, Parameters],
    classes: torch.Tensor,
) -> tuple[np.ndarray, int]:
    """Share of rows of other classes that each trigger sends to its class."""
    torch = need("torch", "a backdoor test")
    (family, found), shares, spent = triggers, [], len(rows)
    with torch.no_grad():
        clean = module(rows).argmax(1)
        for index, wanted in enumerate(classes.tolist()):
            alone = tuple(value[index : index + 1] for value in found)
            others = rows[clean != wanted]
            answers = module(family.stamp(alone, others)[0]).argmax(1)
            shares.append(float((answers == wanted).float().mean()) if len(others) else 0.0)
            spent += len(others)
    return np.array(shares), spent
