"""The attack that knows what the judge found: through the step, over the noise, and past it.

Rounding and the like are replaced by the identity on the way back (BPDA). Where
answers vary, gradients are averaged over draws (EOT). Where still no gradient comes,
slopes are measured along random directions. What stands then faces the black-box search
with its full budget.

Sources: Athalye et al., ICML 2018 (BPDA, EOT); Ilyas et al., ICML 2018 (NES).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from modelkeep.assess.masking.steps import (
    Answer,
    Box,
    Loss,
    Problem,
    climb,
    gradient_of,
    margin,
    search_squares,
)
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

STEPS: Final = {"quick": 20, "standard": 60, "thorough": 100}
QUERIES: Final = {"quick": 500, "standard": 2000, "thorough": 5000}
_DRAWS: Final = 8  # gradients averaged where answers vary
_DIRECTIONS: Final = 20  # pairs of probes per measured slope
_FLAT: Final = frozenset({"round", "floor", "ceil", "trunc", "sign", "round_", "floor_"})


def _pass_through(
    _mode: object,
    function: Callable[..., Any],
    _types: object,
    arguments: tuple[Any, ...] = (),
    options: dict[str, Any] | None = None,
) -> Any:  # noqa: ANN401 - whatever a function of torch returns
    """A function of torch, whose flat steps pass gradients as the identity."""
    name = getattr(function, "__name__", "")
    if name == "detach" and arguments:
        return arguments[0]
    out = function(*arguments, **(options or {}))
    if name in _FLAT and arguments and arguments[0].requires_grad:
        given = arguments[0]
        return given + (out - given).data if given.shape == out.shape else out
    return out


@functools.cache
def _straight_through() -> Callable[[], AbstractContextManager[object]]:
    mode = need("torch.overrides", "a masking test").TorchFunctionMode
    return type("StraightThrough", (mode,), {"__torch_function__": _pass_through})


def _gradient(
    draws: int,
    width: torch.Tensor,
    answer: Answer,
    rows: torch.Tensor,
    truth: torch.Tensor,
    loss: Loss,
) -> torch.Tensor:
    """Through flat steps, averaged over draws; measured where nothing comes through."""
    torch = need("torch", "a masking test")
    total = torch.zeros_like(rows)
    for _ in range(draws):
        with _straight_through()():
            total = total + gradient_of(answer, rows, truth, loss).nan_to_num()
    dead = total.flatten(1).abs().amax(1) == 0
    if dead.any():
        total[dead] = _measured(answer, rows[dead], truth[dead], loss, width[dead])
    return torch.as_tensor(total)


def _measured(
    answer: Answer, rows: torch.Tensor, truth: torch.Tensor, loss: Loss, width: torch.Tensor
) -> torch.Tensor:
    """Slopes along random directions."""
    torch = need("torch", "a masking test")
    total = torch.zeros_like(rows)
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(_DIRECTIONS):
            way = torch.randn(rows.shape, generator=rng)
            ahead, behind = (
                loss(answer(rows + side * width * way), truth) for side in (0.5, -0.5)
            )
            total += way * (ahead - behind).view(-1, *[1] * (rows.dim() - 1))
    return torch.as_tensor(total)


def attack(problem: Problem, *, varies: bool, budget: str) -> tuple[torch.Tensor, int]:
    """Which points break, shape ``(n,)`` boolean, and passes per point (at most)."""
    torch = need("torch", "a masking test")
    draws = _DRAWS if varies else 1
    slope = functools.partial(_gradient, draws, problem.box.width)
    steps, queries = STEPS[budget], QUERIES[budget]
    broken = climb(problem, margin, steps=steps, gradient=slope)
    left = torch.nonzero(~broken).flatten()
    if len(left):
        box = Box(problem.box.low[left], problem.box.high[left])
        rest = replace(problem, rows=problem.rows[left], truth=problem.truth[left], box=box)
        broken[left] = search_squares(rest, queries=queries)
    return broken, steps * (2 * draws + 2 * _DIRECTIONS + 1) + queries
