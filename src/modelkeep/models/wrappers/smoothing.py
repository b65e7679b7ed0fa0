"""Randomised smoothing: the class that wins among many answers to noisy copies of a row.

Every row is asked about ``draws`` times with fresh Gaussian noise, and the shares of votes are
the scores. Where the winner's lead could be chance, the output ``accepted`` is false. The
noise is drawn anew for every call: with noise that stands in the file an attacker could fit a
row to it, and no certificate would hold.

Sources: Cohen, Rosenfeld and Kolter, ICML 2019 (PREDICT and its test); Salman et al., NeurIPS
2019 (the attack follows the mean of probabilities over noise).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.wrappers.graph import Draft

if TYPE_CHECKING:
    from torch import Tensor, nn

EOT_DRAWS: Final = 8  # noisy copies that one step of an attack averages over
_MOST_DRAWS: Final = 1000


class Smoothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="smoothing"):
    """Votes over noisy copies.

    Attributes:
        sigma: standard deviation of the noise, in units of ``scale``.
        draws: copies of each row.
        alpha: chance at most that a row is answered though another class would win.
        scale: size of a unit; one number, or one per column, 0 where nothing is added.
    """

    sigma: float
    draws: int
    alpha: float
    scale: tuple[float, ...] = (1.0,)

    def noise(self) -> np.ndarray:
        """Standard deviation by column."""
        return self.sigma * np.array(self.scale)


def votes_needed(draws: int, alpha: float) -> np.ndarray:
    """By the votes of the first two classes together, the fewest the winner needs.

    The exact two-sided binomial test of an even chance is significant at ``alpha`` from there
    on. Shape ``(draws + 1,)``, whole numbers; ``draws + 1`` where no count is enough.
    """
    bdtrc = need("scipy.special", "a binomial test").bdtrc  # chance of more than k of n
    needed = np.full(draws + 1, draws + 1)
    for both in range(1, draws + 1):
        first = np.arange(both // 2 + 1, both + 1)
        chances = 2 * bdtrc(first - 1, both, 0.5)
        enough = first[chances <= alpha]
        if len(enough):
            needed[both] = enough[0]
    return needed


def draw(draft: Draft, wrapper: Smoothing) -> None:
    """Copy, add noise, ask, count, test.

    Raises:
        InputError: numbers that make no smoothing.
    """
    _require(draft, wrapper)
    draws, classes, size = wrapper.draws, draft.bases[0].classes, draft.row
    single = draft.add("Reshape", draft.source, draft.constant([-1, 1, *size], whole=True))
    many = draft.add("Expand", single, draft.constant([1, draws, *[1] * len(size)], whole=True))
    noise = draft.add("RandomNormalLike", many, dtype=draft.type)
    scaled = draft.add("Mul", noise, draft.constant(wrapper.noise()))
    noisy = draft.add("Add", many, scaled)
    scores = draft.ask(0, draft.add("Reshape", noisy, draft.constant([-1, *size], whole=True)))
    winner = draft.add("ArgMax", scores, axis=1, keepdims=1)
    voted = draft.add("Equal", winner, draft.constant([list(range(classes))], whole=True))
    votes = draft.cast(voted, "FLOAT")
    by_row = draft.add("Reshape", votes, draft.constant([-1, draws, classes], whole=True))
    turned = draft.add("Transpose", by_row, perm=[0, 2, 1])
    ones = draft.cast(draft.constant(np.ones((draws, 1))), "FLOAT")
    flat = draft.constant([-1, classes], whole=True)
    counts = draft.add("Reshape", draft.add("MatMul", turned, ones), flat)
    shares = draft.add("Div", counts, draft.cast(draft.constant([draws]), "FLOAT"))
    draft.finish(shares, _tested(draft, wrapper, counts))


def _tested(draft: Draft, wrapper: Smoothing, counts: str) -> str:
    """Whether the winner leads by more than chance, boolean ``(batch,)``."""
    two = draft.add("TopK", counts, draft.constant([2], whole=True), outputs=2, axis=1)
    sums = draft.add("MatMul", two, draft.cast(draft.constant([[1.0], [1.0]]), "FLOAT"))
    flat = draft.constant([-1], whole=True)
    both = draft.cast(draft.add("Reshape", sums, flat), "INT64")
    first = draft.add("MatMul", two, draft.cast(draft.constant([[1.0], [0.0]]), "FLOAT"))
    won = draft.cast(draft.add("Reshape", first, flat), "INT64")
    table = draft.constant(votes_needed(wrapper.draws, wrapper.alpha), whole=True)
    return draft.add("Not", draft.add("Less", won, draft.add("Gather", table, both)))


def _require(draft: Draft, wrapper: Smoothing) -> None:
    sound = 0 < wrapper.sigma < np.inf and 0 < wrapper.alpha < 1
    if not sound or not 1 <= wrapper.draws <= _MOST_DRAWS:
        raise InputError(f"{wrapper} is no smoothing", "sigma and alpha must be above 0.")
    if len(wrapper.scale) not in (1, draft.row[-1]):
        raise InputError(f"noise for {len(wrapper.scale)} columns, rows have {draft.row[-1]}")


def stand_in(wrapper: Smoothing, inside: Sequence[nn.Module], _truth: int) -> nn.Module:
    """Logs of the mean of probabilities over a few noisy copies, drawn anew each time."""
    torch = need("torch", "an attack over noise")
    spread = torch.from_numpy(wrapper.noise().astype(np.float32))

    class Smoothed(torch.nn.Module):  # type: ignore[name-defined, misc]  # torch is untyped
        def __init__(self) -> None:
            super().__init__()
            self.inner = inside[0]

        def forward(self, rows: Tensor) -> Tensor:
            many = rows.repeat(EOT_DRAWS, *[1] * (rows.dim() - 1))
            logits = self.inner(many + spread * torch.randn_like(many))
            shares = logits.softmax(1).view(EOT_DRAWS, len(rows), -1).mean(0)
            return shares.clamp_min(1e-12).log()

    return Smoothed()
