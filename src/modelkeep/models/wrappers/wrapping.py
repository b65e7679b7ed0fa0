"""Draw a wrapper around models, and believe that a file is one only where it must be.

What a wrapper does is written into the file's metadata. A claim in a file is worth nothing by
itself: a certificate that took the amount of noise from there could be forged by editing a
number. So the graphs inside are taken out, the wrapper is drawn around them again as the
claim says, and only a file with the very same bytes is taken for what it says.

Source: ONNX ``metadata_props``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.wrappers import (
    bit_depth,
    ensemble,
    group_thresholds,
    median,
    rejection,
    smoothing,
)
from modelkeep.models.wrappers.bit_depth import BitDepth
from modelkeep.models.wrappers.ensemble import Ensemble
from modelkeep.models.wrappers.graph import Base, Draft, taken_out
from modelkeep.models.wrappers.group_thresholds import GroupThresholds
from modelkeep.models.wrappers.median import Median
from modelkeep.models.wrappers.rejection import Rejection
from modelkeep.models.wrappers.smoothing import Smoothing

if TYPE_CHECKING:
    import torch

MANIFEST: Final = "modelkeep.wrapper"
Wrapper = BitDepth | Ensemble | GroupThresholds | Median | Rejection | Smoothing
_DRAW: Final[dict[type, Any]] = {
    BitDepth: bit_depth.draw,
    Ensemble: ensemble.draw,
    GroupThresholds: group_thresholds.draw,
    Median: median.draw,
    Rejection: rejection.draw,
    Smoothing: smoothing.draw,
}
_STAND_IN: Final[dict[type, Any]] = {
    BitDepth: bit_depth.stand_in,
    Rejection: rejection.stand_in,
    Smoothing: smoothing.stand_in,
}


class _Inside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What cannot be read off a graph inside."""

    source: str
    result: str
    scores: Literal["logits", "probabilities"]
    width: int


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    wrapper: Wrapper
    inside: tuple[_Inside, ...]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What a wrapped file is made of, checked against its bytes."""

    wrapper: Wrapper
    bases: tuple[Base, ...]


def wrap(bases: Sequence[Base], wrapper: Wrapper) -> bytes:
    """One ONNX file: the graphs inside, the wrapper around them, and what it does.

    Raises:
        InputError: the graphs inside do not fit together, or the wrapper does not fit them.
        MissingExtraError: onnx is not installed.
    """
    if not bases or any(
        (base.row, base.classes) != (bases[0].row, bases[0].classes) for base in bases
    ):
        raise InputError("the models inside a wrapper differ in rows or classes")
    draft = Draft(bases)
    _DRAW[type(wrapper)](draft, wrapper)
    inside = tuple(_Inside(b.source, b.result, b.scores, b.width) for b in bases)
    note = draft.model.metadata_props.add()
    note.key = MANIFEST
    note.value = msgspec.json.encode(_Manifest(1, wrapper, inside)).decode()
    return bytes(draft.model.SerializeToString())


def has_manifest(data: bytes) -> bool:
    """Whether a file says that it is wrapped; cheap."""
    return MANIFEST.encode() in data


def read_wrapped(data: bytes) -> Wrapped | None:
    """What a file is made of, ``None`` where it does not say that it is wrapped.

    Raises:
        InputError: the graph is not what the file says.
        MissingExtraError: onnx is not installed.
    """
    if not has_manifest(data):
        return None
    model = need("onnx", "a wrapped ONNX model").load_model_from_string(data)
    notes = [each.value for each in model.metadata_props if each.key == MANIFEST]
    if not notes:
        return None
    try:
        manifest = msgspec.json.decode(notes[0], type=_Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(
            f"what the file says about its wrapper cannot be read ({error})"
        ) from error
    bases = tuple(
        Base(taken_out(model, at, (each.source, each.result)), each.scores, each.width)
        for at, each in enumerate(manifest.inside)
    )
    if wrap(bases, manifest.wrapper) != data:
        raise InputError("the graph is not the wrapper that the file says it is")
    return Wrapped(manifest.wrapper, bases)


def stand_in(
    wrapper: Wrapper, inside: Sequence[torch.nn.Module], truth: int
) -> torch.nn.Module | None:
    """A network whose gradient leads through the wrapper; ``None`` where it needs none.

    Args:
        wrapper: what stands around the models.
        inside: a network from rows to logits for each of them.
        truth: the right class of all rows that are attacked with it.
    """
    make = _STAND_IN.get(type(wrapper))
    return None if make is None else make(wrapper, inside, truth)
