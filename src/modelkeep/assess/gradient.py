"""Does the model give a gradient worth following?

A model can be a torch module and still hide its gradient: a step without a
derivative, rounding, a saturated output. An attack that follows such a gradient
measures nothing and reports a robust model, so the gradient is looked at first.

Source: Athalye et al., ICML 2018 (obfuscated gradients); a share of rows with zero
gradient above 10 % told masked models from honest ones in our own tests.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess.interface import Context
from modelkeep.models import Differentiable, need

_PROBED: Final = 32  # rows looked at
_SETTLING: Final = 1024  # rows that settle what kind of scores a model answers
_APART: Final = 1e-3  # most that a probability may differ from the model's own
_TOLERATED: Final = 0.1  # share of rows that may give none


def same_scores(scores: np.ndarray) -> bool:
    """Whether several rows all get the very same scores, shape ``(batch, classes)``."""
    return len(scores) > 1 and not np.ptp(scores, axis=0).any()


def why_no_gradient(context: Context) -> str | None:
    """Why the gradient cannot be used, ``None`` if it can."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    model = context.model
    if not isinstance(model, Differentiable):
        return "the model gives no gradient"
    torch = need("torch", "a gradient attack")
    rows = torch.from_numpy(context.test.rows[:_PROBED].astype("float32")).requires_grad_(True)
    try:
        logits = model.module(rows)
        top = logits.topk(2, dim=1).values
        (gradient,) = torch.autograd.grad((top[:, 0] - top[:, 1]).sum(), rows)
        answers = torch.softmax(logits.detach().double(), dim=1).numpy()
    except RuntimeError as error:
        return f"the model gives no gradient ({str(error).splitlines()[0]})"
    flat = gradient.flatten(1)
    useless = ~torch.isfinite(flat).all(1) | (flat.abs().amax(1) == 0)
    share = float(useless.float().mean())
    asked = context.predict(context.test.rows[:_SETTLING])[:_PROBED]
    if share > _TOLERATED:
        constant = f"the model gives the same scores for all of {len(asked)} rows"
        masked = f"the gradient is zero or not finite on {share:.0%} of the rows (masked?)"
        return constant if same_scores(asked) else masked
    if answers.shape != asked.shape or not np.allclose(answers, asked, atol=_APART):
        return "the network that gives the gradient does not answer as the model does"
    return None
