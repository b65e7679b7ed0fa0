"""Defences that stand around a model, drawn into one ONNX graph together with it."""

from modelkeep.models.wrappers.bit_depth import BitDepth
from modelkeep.models.wrappers.ensemble import Ensemble
from modelkeep.models.wrappers.graph import ACCEPTED, SCORES, Base, read_base
from modelkeep.models.wrappers.group_thresholds import GroupThresholds
from modelkeep.models.wrappers.median import Median
from modelkeep.models.wrappers.rejection import Rejection
from modelkeep.models.wrappers.smoothing import Smoothing, votes_needed
from modelkeep.models.wrappers.wrapping import (
    MANIFEST,
    Wrapped,
    Wrapper,
    has_manifest,
    read_wrapped,
    stand_in,
    wrap,
)

__all__ = [
    "ACCEPTED",
    "MANIFEST",
    "SCORES",
    "Base",
    "BitDepth",
    "Ensemble",
    "GroupThresholds",
    "Median",
    "Rejection",
    "Smoothing",
    "Wrapped",
    "Wrapper",
    "has_manifest",
    "read_base",
    "read_wrapped",
    "stand_in",
    "votes_needed",
    "wrap",
]
