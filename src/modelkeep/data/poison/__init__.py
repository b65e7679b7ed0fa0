"""Poisoned rows: detectors by threat family, each family with a calibrated list.

A detector is one file here with its test beside it in ``tests/data/poison``; third
parties add theirs under the entry point group ``modelkeep.detectors``.
"""

from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.data.poison import (
    activation_clustering,
    blind_label,
    component_shift,
    confident_learning,
    confusion_training,
    ecod,
    fixed_pattern,
    isolation_forest,
    item_trigger,
    left_out_source,
    near_duplicates,
    neighbour_labels,
    spectral_signatures,
    strip,
    subpopulation,
    trusted_slice,
    unexpected_label,
)
from modelkeep.data.poison.examination import RATE, Examination, examine
from modelkeep.data.poison.fusion import FamilyList, beyond_doubt
from modelkeep.data.poison.interface import (
    FAMILIES,
    Context,
    Detector,
    Family,
    Group,
    Scores,
    prepare,
)
from modelkeep.data.poison.repair import Effect, Repair, propose

BUILT_IN: Final = (
    confident_learning.DETECTOR,
    neighbour_labels.DETECTOR,
    unexpected_label.DETECTOR,
    subpopulation.DETECTOR,
    item_trigger.DETECTOR,
    blind_label.DETECTOR,
    spectral_signatures.DETECTOR,
    activation_clustering.DETECTOR,
    component_shift.DETECTOR,
    confusion_training.DETECTOR,
    fixed_pattern.DETECTOR,
    strip.DETECTOR,
    ecod.DETECTOR,
    isolation_forest.DETECTOR,
    near_duplicates.DETECTOR,
    left_out_source.DETECTOR,
    trusted_slice.DETECTOR,
)


def detectors() -> tuple[Detector, ...]:
    """The built-in detectors and those of installed plug-ins.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses an id.
    """
    return with_plugins(BUILT_IN, "modelkeep.detectors", Detector, lambda detector: detector.id)


__all__ = [
    "BUILT_IN",
    "FAMILIES",
    "RATE",
    "Context",
    "Detector",
    "Effect",
    "Examination",
    "Family",
    "FamilyList",
    "Group",
    "Repair",
    "Scores",
    "beyond_doubt",
    "detectors",
    "examine",
    "prepare",
    "propose",
]
