"""Passes counted by hooks on the network itself, whoever drives it.

A pass is one input going forward through the network, or one gradient of an input coming
back. An attack that tallied its own work could forget some; a hook cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Passes:
    """How many inputs went through a network.

    Attributes:
        forward: inputs that went forward.
        backward: inputs whose gradient came back.
    """

    forward: int = 0
    backward: int = 0

    @property
    def total(self) -> int:
        """Both directions together."""
        return self.forward + self.backward


@contextmanager
def counting_passes(module: torch.nn.Module) -> Iterator[Passes]:
    """Count every pass of ``module`` until the block ends; counters may be nested."""
    passes = Passes()

    def returned(slope: torch.Tensor) -> None:
        passes.backward += len(slope)

    def went(_module: object, _given: object, answer: torch.Tensor) -> None:
        passes.forward += len(answer)
        if answer.requires_grad:
            answer.register_hook(returned)

    handle = module.register_forward_hook(went)
    try:
        yield passes
    finally:
        handle.remove()
