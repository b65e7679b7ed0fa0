"""No answer where the model is not sure: a threshold on the greatest probability.

Scores stay as they are; the output ``accepted`` says which rows are answered. An attacker must
find a wrong answer that is also sure, and the stand-in says how near that is.

Sources: Chow, 1970 (the reject option); Geifman and El-Yaniv, NeurIPS 2017; Tramèr, ICML 2022
(an attack on a model that rejects aims at wrong answers that are accepted).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.wrappers.graph import Draft

if TYPE_CHECKING:
    from torch import Tensor, nn


class Rejection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rejection"):
    """Rows are answered whose greatest probability is at least ``threshold``."""

    threshold: float


def draw(draft: Draft, wrapper: Rejection) -> None:
    """Ask, and compare the greatest probability.

    Raises:
        InputError: a threshold that is no probability.
    """
    if not 0 < wrapper.threshold < 1:
        raise InputError(f"a threshold of {wrapper.threshold}; it lies between 0 and 1")
    scores = draft.ask(0, draft.source)
    one = draft.constant([1], whole=True)
    greatest = draft.add("TopK", scores, one, outputs=2, axis=1)
    limit = draft.cast(draft.constant([wrapper.threshold]), "FLOAT")
    below = draft.add("Less", greatest, limit)
    flat = draft.add("Reshape", draft.add("Not", below), draft.constant([-1], whole=True))
    draft.finish(scores, flat)


def stand_in(wrapper: Rejection, inside: Sequence[nn.Module], truth: int) -> nn.Module:
    """Logits of wrong classes that reach the right one's, 0, where they would be accepted.

    A class is accepted where its logit exceeds what all others together weigh by the log-odds
    of the threshold.
    """
    torch = need("torch", "an attack on a threshold")
    odds = math.log(wrapper.threshold / (1 - wrapper.threshold))

    class Accepting(torch.nn.Module):  # type: ignore[name-defined, misc]  # torch is untyped
        def __init__(self) -> None:
            super().__init__()
            self.inner = inside[0]

        def forward(self, rows: Tensor) -> Tensor:
            logits = self.inner(rows)
            classes = logits.shape[1]
            others = [
                torch.cat([logits[:, :c], logits[:, c + 1 :]], 1).logsumexp(1) + odds
                for c in range(classes)
            ]
            accepted = logits - torch.stack(others, 1)
            ahead = logits - logits[:, truth, None]  # below one half, two classes may be sure
            mask = torch.arange(classes) == truth
            return torch.minimum(accepted, ahead).masked_fill(mask, 0.0)

    return Accepting()
