"""A few waves over the whole row: faint stripes, the trigger of clean-label attacks.

What is added is a sum of waves, and size is the sum of their amplitudes: stripes are one
wave, while noise that fools a network needs very many. Source: Barni et al., ICIP 2019
(SIG); the sparse search in frequencies is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess.backdoor.interface import Family, Parameters
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_SCALE: Final = 0.02  # amplitude that one unit of a parameter stands for


def start(classes: int, shape: tuple[int, ...]) -> Parameters:
    """No waves yet: sine and cosine of every frequency of a real picture."""
    torch = need("torch", "a backdoor test")
    return (torch.full((classes, *shape[:-1], shape[-1] // 2 + 1, 2), 1e-3),)


def stamp(parameters: Parameters, rows: torch.Tensor) -> torch.Tensor:
    """Rows with the waves added, kept in [0, 1]; shape ``(classes, n, ...)``."""
    torch = need("torch", "a backdoor test")
    (waves,) = parameters
    height, width = rows.shape[-2:]
    complex_waves = torch.view_as_complex(waves.contiguous()) * (_SCALE * height * width / 2)
    picture = torch.fft.irfft2(complex_waves, s=(height, width))
    return (rows + picture[:, None]).clamp(0, 1)


def size(parameters: Parameters) -> torch.Tensor:
    """Sum of the amplitudes, mean over channels."""
    (waves,) = parameters
    amplitudes = (waves.square().sum(-1) + 1e-12).sqrt()
    return _SCALE * amplitudes.flatten(2).sum(2).mean(1)


FAMILY: Final = Family("stripes", start, stamp, size, 0.1)
