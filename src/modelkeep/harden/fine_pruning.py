"""Fine-pruning: silence channels that clean rows do not use, then train the rest on.

A backdoor often lives in channels that are dormant on clean rows. Channels of the last
convolution (of the last hidden layer in a network without one) are silenced, the most
dormant first, as long as accuracy on held-out rows stays; the others are trained further
on clean rows while the silenced ones stay silent.

Source: Liu, Dolan-Gavitt and Garg, RAID 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.fine_tuning import Labelled, Lesson, accuracy, fine_tune, lesson
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.trigger_unlearning import why_not_repairable
from modelkeep.models import Model, Trainable, need

if TYPE_CHECKING:
    import torch

_CAUTION: Final = (
    "triggers tied to channels that clean rows use survive pruning (Liu et al. 2018), as "
    "most patches did in our benchmark; trigger-unlearning is the stronger repair"
)
_LOSS: Final = 0.02  # of held-out accuracy that pruning may cost before training makes it up
_HIDDEN: Final = 2  # linear layers of which the last but one is hidden


def applies(context: Context) -> str | None:
    """It needs a trainable model with a hidden layer."""
    reason = why_not_repairable(context)
    if reason is None and isinstance(context.model, Trainable):
        found = pruned_layer(context.model.module)
        reason = None if found is not None else "the network has no hidden layer of channels"
    return reason


def pruned_layer(module: torch.nn.Module) -> torch.nn.Module | None:
    """The last convolution, else the last hidden linear layer, else ``None``."""
    nn = need("torch.nn", "pruning")
    convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
    if convolutions:
        return convolutions[-1]
    linear = [part for part in module.modules() if isinstance(part, nn.Linear)]
    return linear[-2] if len(linear) >= _HIDDEN else None


def run(context: Context, effort: Effort) -> Model:
    """The model, pruned and trained further.

    Raises:
        InputError: the model is not trainable or has no hidden layer.
    """
    entropy = need("torch.nn.functional", "pruning").cross_entropy
    if not isinstance(context.model, Trainable):
        raise InputError("the model's weights cannot be trained further")
    given = lesson(context, context.model.module)
    layer = pruned_layer(given.module)
    if layer is None:
        raise InputError("the network has no hidden layer of channels")
    context.progress(0.1, "pruning")
    silent = prune(given, layer)

    def loss(batch: Labelled) -> torch.Tensor:
        return entropy(given.module(batch.rows), batch.truth)

    fine_tune(
        given,
        effort,
        loss,
        lambda: (accuracy(given.module, given.held),),
        after_step=lambda: silence(layer, silent),
    )
    return context.model.with_module(given.module)


def prune(given: Lesson, layer: torch.nn.Module) -> torch.Tensor:
    """Silence the most dormant channels of a layer; returns which, as places."""
    given.module.eval()
    order = _by_use(given, layer).argsort()
    floor = accuracy(given.module, given.held) - _LOSS
    kept = given.module.state_dict()
    kept = {name: value.clone() for name, value in kept.items()}
    for count in range(1, len(order)):
        silence(layer, order[count - 1 : count])
        if accuracy(given.module, given.held) < floor:
            given.module.load_state_dict(kept)
            silence(layer, order[: count - 1])
            return order[: count - 1]
    return order[:-1]


def silence(layer: torch.nn.Module, channels: torch.Tensor) -> None:
    """Set weights and bias of some channels to zero."""
    torch = need("torch", "pruning")
    with torch.no_grad():
        for parameter in layer.parameters():  # output channels come first in both
            parameter[channels] = 0.0


def _by_use(given: Lesson, layer: torch.nn.Module) -> torch.Tensor:
    """Mean positive answer of every channel on the held-out rows."""
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda _layer, _given, out: seen.append(out.detach()))
    try:
        accuracy(given.module, given.held)
    finally:
        hook.remove()
    (out,) = seen
    return out.relu().transpose(0, 1).flatten(1).mean(1)


DEFENCE: Final = Defence("HRD021", "fine-pruning", "backdoor", applies, run, _CAUTION)
