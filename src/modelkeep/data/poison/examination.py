"""All detectors over one data set: a calibrated list per family, and the groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.core import NotChecked
from modelkeep.data.poison.fusion import FamilyList, fuse
from modelkeep.data.poison.interface import (
    FAMILIES,
    Context,
    Detector,
    Family,
    Group,
    Report,
    Scores,
)

RATE: Final = 0.05
_SAME: Final = 0.7


@dataclass(frozen=True, slots=True)
class Examination:
    """What the detectors said.

    Attributes:
        lists: a calibrated list per family that had a detector.
        groups: groups of rows, by family, each family's strongest first, none twice.
        not_checked: detectors that did not run, and why.
    """

    lists: tuple[FamilyList, ...]
    groups: tuple[tuple[Family, Group], ...]
    not_checked: tuple[NotChecked, ...]

    def of(self, family: Family) -> FamilyList | None:
        """The list of a family, if it had a detector."""
        return next((found for found in self.lists if found.family == family), None)


def examine(
    context: Context,
    detectors: Iterable[Detector],
    *,
    rate: float = RATE,
    progress: Report | None = None,
) -> Examination:
    """Run the detectors that apply, and fuse them by family.

    Args:
        context: the rows.
        detectors: which to run.
        rate: false alarms each family's list may have, a share of the clean rows.
        progress: told how far it got.
    """
    chosen = list(detectors)
    found: dict[Family, dict[str, Scores]] = {}
    not_checked = []
    for count, detector in enumerate(chosen):
        if progress is not None:
            progress(count / len(chosen), detector.name)
        if context.data.kind not in detector.kinds:
            continue
        why = detector.applies(context)
        if why is not None:
            not_checked.append(NotChecked(f"{detector.id} {detector.name}", why))
            continue
        found.setdefault(detector.family, {})[detector.id] = detector.run(context)
    families = [family for family in FAMILIES if family in found]
    lists = tuple(fuse(context, family, found[family], rate) for family in families)
    groups: list[tuple[Family, Group]] = []
    for family in families:
        named = [group for scores in found[family].values() for group in scores.groups]
        named.sort(key=lambda group: (group.pattern is None, -group.strength))
        groups += [(family, group) for group in _apart(named)]
    return Examination(lists, tuple(groups), tuple(not_checked))


def _apart(groups: Iterable[Group]) -> list[Group]:
    """Groups that are not mostly an earlier one's rows."""
    kept: list[Group] = []
    for group in groups:
        if all(
            len(np.intersect1d(group.rows, other.rows)) <= _SAME * len(group.rows)
            for other in kept
        ):
            kept.append(group)
    return kept
