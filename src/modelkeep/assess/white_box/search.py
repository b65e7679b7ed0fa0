"""The white-box engine: rounds over the points that still stand, then a probe, then a stop.

A point is *out of reach* when even the largest gain that any point made in the last round,
times the schedule's factor, would not break it. Points out of reach are left alone, and
when all are, the attack stops: what is left of the budget would find nothing. So it does
when no point came nearer in some rounds one after the other.

Gradients come from a network, but what counts is the model as it was loaded, and the two may
differ by rounding or more. After every round the model itself is asked about the points that
look broken. Those it still answers rightly are pushed on with the others, and last once more.

Sources: Croce and Hein, ICML 2020 (targeted margins); Jamieson and Talwalkar, AISTATS 2016
(successive halving); how they are put together is ours, see ``schedule``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.interface import Context
from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.white_box import ascent, l1, l2, linf, memory, sparse
from modelkeep.assess.white_box.ascent import NEAREST, Pairs, Steps, pairs_of
from modelkeep.assess.white_box.geometry import Box
from modelkeep.assess.white_box.passes import Passes, counting_passes
from modelkeep.assess.white_box.probe import probe
from modelkeep.assess.white_box.schedule import SCHEDULES, SPARSE_SCHEDULES, Round
from modelkeep.assess.white_box.target import Place, Target
from modelkeep.models import Differentiable, need

if TYPE_CHECKING:
    import torch
    from torch import Generator, Tensor

GEOMETRIES: Final = {"linf": linf.GEOMETRY, "l2": l2.GEOMETRY, "l1": l1.GEOMETRY}
_IDLE: Final = 3  # rounds without any gain after which more of them are not tried
_LAST: Final = Round(1.0, 0, Steps(20, 0.5, 0.02))  # of points that only the network gave up


def search(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
    """One candidate per row: the place with the largest margin that was visited.

    Passes are counted by hooks on the network, over all rows together.

    Raises:
        InputError: the network answers something else than logits.
    """
    if not isinstance(context.model, Differentiable):
        raise TypeError("the white-box engine needs a differentiable model")
    torch = need("torch", "a gradient attack")
    module = context.model.module
    module.requires_grad_(requires_grad=False)  # only inputs are differentiated to
    changed, earlier = problem.rows.astype(np.float32).copy(), 0
    with counting_passes(module) as passes:
        for rows in _blocks(problem):
            target = _target(module, problem, rows)
            generator = torch.Generator().manual_seed(problem.seed + rows.start)
            step = f"white box, asked again while it gains {_digest(problem, rows)}"
            earlier += _attack(context, target, step, passes, generator)
            every = torch.arange(len(target.truth))
            changed[rows] = target.changed(every, target.best).numpy()
    return changed, {"passes": passes.total + earlier}


def _digest(problem: Problem, chosen: slice) -> str:
    """What is attacked, in a name: rows, classes, limits, threat and seed."""
    found = hashlib.sha256(f"{problem.threat} {problem.seed}".encode())
    for array in (problem.rows, problem.truth, problem.low, problem.high):
        found.update(np.ascontiguousarray(array[chosen]).tobytes())
    return found.hexdigest()


def _blocks(problem: Problem) -> Iterator[slice]:
    """Rows that are attacked together, as many as memory allows."""
    most = memory.points_together(problem.rows[0].size)
    for start in range(0, len(problem.rows), most):
        yield slice(start, min(start + most, len(problem.rows)))


def _target(module: torch.nn.Module, problem: Problem, chosen: slice) -> Target:
    torch = need("torch", "a gradient attack")

    def flat(array: np.ndarray) -> Tensor:
        found: Tensor = torch.from_numpy(array[chosen].astype(np.float32))
        return found.flatten(1)

    rows = flat(problem.rows)
    limits = Box(flat(problem.low), flat(problem.high))
    unit = torch.from_numpy((problem.threat.radius * problem.scale).astype(np.float32))
    scale = unit.flatten()
    safe = scale.where(scale > 0, torch.ones(()))
    fixed = scale == 0
    low = ((limits.low - rows) / safe).clamp_max(0.0).masked_fill(fixed, 0.0)
    high = ((limits.high - rows) / safe).clamp_min(0.0).masked_fill(fixed, 0.0)
    geometry = GEOMETRIES[problem.threat.norm]
    shape = problem.rows.shape[1:]
    place = Place(rows, scale, Box(low, high), limits, shape, geometry)
    classes, chunk = memory.probe_network(module, rows[:1].view(-1, *shape))
    return Target(module, place, torch.from_numpy(problem.truth[chosen]).long(), classes, chunk)


@dataclass(slots=True)
class _Progress:
    """How far an attack got.

    Attributes:
        done: rounds.
        reach: margin below 0 from which nothing was seen to come back.
        passes: of runs that were killed.
        idle: rounds in a row, up to now, in which no point came nearer.
    """

    done: int = 0
    reach: float = float("inf")
    passes: int = 0
    idle: int = 0


def _attack(
    context: Context, target: Target, step: str, counted: Passes, generator: Generator
) -> int:
    """All rounds, as long as anything is in reach; noted after each. Returns earlier passes."""
    of_l1 = target.place.geometry is l1.GEOMETRY
    schedule = (SPARSE_SCHEDULES if of_l1 else SCHEDULES)[context.budget]
    climb = sparse.climb if of_l1 else ascent.climb
    known = _resume(context, target, step, generator)
    began = counted.total
    for at, each in enumerate(schedule.rounds[known.done :], known.done):
        chosen = _standing(target, each.share, known.reach)
        if not len(chosen) or known.idle == _IDLE:
            break
        context.progress(at / len(schedule.rounds), f"evasion: {len(chosen)} rows pushed")
        before, settled = target.margin.clone(), target.broken.clone()
        climb(target, _pairs(target, chosen, each, generator), each.steps)
        _confirm(context, target, settled)
        gained = (target.margin - before)[chosen]
        gained = gained[gained > 0]
        if at and len(gained):
            known.reach = schedule.reach * float(gained.max())
        known.idle = 0 if len(gained) else known.idle + 1
        known.done = at + 1
        _note(context, target, step, known, counted.total - began, generator)
    settled = target.broken.clone()
    hardest = _standing(target, 1.0, known.reach)[: schedule.probed]
    if len(hardest):
        probe(target, hardest, schedule.queries, generator)
        _confirm(context, target, settled)
    settled = target.broken.clone()
    denied = (target.doubtful() & ~settled).nonzero().flatten()
    if len(denied):
        climb(target, _pairs(target, denied, _LAST, generator), _LAST.steps)
        _confirm(context, target, settled)
    return known.passes


def _confirm(context: Context, target: Target, settled: Tensor) -> None:
    """Ask the model itself about points that look broken now.

    Args:
        context: with the model as it was loaded.
        target: brought up to date.
        settled: points that it is known to answer wrongly, shape ``(n,)``.
    """
    torch = need("torch", "a gradient attack")
    asked = (target.doubtful() & ~settled).nonzero().flatten()
    if not len(asked):
        return
    candidates = target.changed(asked, target.best[asked]).numpy()
    answers = torch.from_numpy(np.asarray(context.answers(candidates), np.int64))
    misled = (answers != target.truth[asked]) & (answers >= 0)  # -1 misleads nobody
    target.settle(asked, misled)


def _note(
    context: Context,
    target: Target,
    step: str,
    known: _Progress,
    passes: int,
    generator: Generator,
) -> None:
    arrays = target.snapshot()
    arrays["random"] = generator.get_state().numpy()
    arrays["progress"] = np.array([known.done, known.reach, known.passes + passes, known.idle])
    context.journal.write(step, arrays)


def _resume(context: Context, target: Target, step: str, generator: Generator) -> _Progress:
    """What a run with the same rows and settings noted, if it was killed."""
    noted = context.journal.read(step)
    if noted is None:
        return _Progress()
    torch = need("torch", "a gradient attack")
    target.restore(noted)
    generator.set_state(torch.from_numpy(noted["random"].copy()))
    done, reach, passes, idle = noted["progress"].tolist()
    return _Progress(int(done), reach, int(passes), int(idle))


def _standing(target: Target, share: float, reach: float) -> Tensor:
    """Unbroken points within reach, those with the largest margins first."""
    standing = (~target.broken).nonzero().flatten()
    order = standing[target.margin[standing].argsort(descending=True, stable=True)]
    most = order[: max(1, round(share * len(order)))]
    return most[target.margin[most] >= -reach]


def _pairs(target: Target, chosen: Tensor, each: Round, generator: Generator) -> Pairs:
    """What a round climbs from: each point with the classes that came closest."""
    torch = need("torch", "a gradient attack")
    if not each.classes:
        classes = torch.full((len(chosen),), NEAREST)
        points = chosen
    else:
        count = min(each.classes, target.table.shape[1] - 1)
        order = target.table[chosen].topk(count, dim=1).indices
        points, classes = chosen.repeat_interleave(count), order.flatten()
    if each.fresh:
        start = target.place.geometry.scatter(target.place.box.take(points), generator)
    else:
        start = target.best[points]
    return pairs_of(points, classes, start)
