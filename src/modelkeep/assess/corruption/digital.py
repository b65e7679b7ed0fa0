"""Losses of storing and sending: JPEG, coarse pixels, few grey levels.

Source: Hendrycks and Dietterich, ICLR 2019 (kinds of corruption; strengths are ours).
"""

from __future__ import annotations

import io
from types import ModuleType
from typing import Final

import numpy as np

from modelkeep.assess.corruption.interface import Corruption
from modelkeep.models import need

_COLOURS: Final = 3


def _jpeg(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    images = need("PIL.Image", "JPEG corruption")
    quality = (60, 40, 25, 15, 8)[severity - 1]
    bytes_of = (np.clip(rows, 0, 1) * 255).round().astype(np.uint8)
    colour = rows.shape[1] == _COLOURS
    out = np.empty(rows.shape, dtype=float)
    for index, picture in enumerate(bytes_of):
        # Three channels are colours; of any other number each is a picture of its own.
        planes = [picture.transpose(1, 2, 0)] if colour else list(picture)
        back = [_through_jpeg(images, plane, quality) for plane in planes]
        out[index] = back[0].transpose(2, 0, 1) if colour else np.stack(back)
    return out / 255


def _through_jpeg(images: ModuleType, plane: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    images.fromarray(plane).save(buffer, "JPEG", quality=quality)
    buffer.seek(0)
    with images.open(buffer) as image:
        return np.asarray(image)


def _pixelate(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    share = 1 - 0.14 * severity
    down, across = (_coarse(size, max(1, round(size * share))) for size in rows.shape[2:])
    return np.asarray(down @ rows @ across.T)


def _coarse(size: int, pixels: int) -> np.ndarray:
    """What each of ``size`` pixels becomes of which others; shape ``(size, size)``.

    A coarse pixel is the mean of what it covers, parts by their share, and lies where its
    middle lies: a picture that were taken from its edges instead would move to one side.
    """
    edges = np.arange(pixels + 1) * size / pixels
    fine = np.arange(size)
    overlap = np.minimum(edges[1:, None], fine + 1) - np.maximum(edges[:-1, None], fine)
    means = np.maximum(overlap, 0) * pixels / size
    middle = (2 * fine + 1) * pixels  # of 2 * size to a coarse pixel; some lie on an edge
    return np.asarray(means[middle // (2 * size)] + means[(middle - 1) // (2 * size)]) / 2


def _quantise(rows: np.ndarray, severity: int, _rng: np.random.Generator) -> np.ndarray:
    steps = (15, 7, 4, 2, 1)[severity - 1]
    return np.asarray((rows * steps).round() / steps)


CORRUPTIONS: Final = (
    Corruption("jpeg", _jpeg),
    Corruption("pixelate", _pixelate),
    Corruption("quantise", _quantise),
)
