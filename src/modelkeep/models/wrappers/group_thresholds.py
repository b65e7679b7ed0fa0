"""A threshold for each group: what it takes to be answered with the second of two classes.

The group is a column of the input, cut into intervals. Probabilities are moved so that one
half is reached just where the model's own reaches the threshold of the row's group; their
order within a group stays. The odds are divided by those of the threshold, which is smooth,
so gradients lead through and an attack needs no stand-in.

Source: Hardt, Price and Srebro, NeurIPS 2016 (thresholds by group, derived from a score).
"""

from __future__ import annotations

from itertools import pairwise

import msgspec

from modelkeep.core import InputError
from modelkeep.models.wrappers.graph import Draft


class GroupThresholds(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="group-thresholds"
):
    """Thresholds by the value of a column.

    Attributes:
        column: place of the column in a row.
        cuts: where the next group begins, rising; a value on a cut belongs to the next.
        thresholds: probability of the second class from which it is answered, one more than
            cuts, each between 0 and 1.
    """

    column: int
    cuts: tuple[float, ...]
    thresholds: tuple[float, ...]


def draw(draft: Draft, wrapper: GroupThresholds) -> None:
    """Ask, find the row's group, and divide the odds.

    Raises:
        InputError: the wrapper does not fit the model, or its numbers each other.
    """
    _require_sound(draft, wrapper)
    where = draft.constant([wrapper.column], whole=True)
    value = draft.add("Gather", draft.source, where, axis=1)
    reached = draft.add("Not", draft.add("Less", value, draft.constant([wrapper.cuts])))
    steps = [[after - before] for before, after in pairwise(wrapper.thresholds)]
    climbed = draft.add("MatMul", draft.cast(reached, "FLOAT"), _float(draft, steps))
    threshold = draft.add("Add", climbed, _float(draft, [wrapper.thresholds[0]]))
    scores = draft.ask(0, draft.source)
    no, yes = (
        draft.add("Gather", scores, draft.constant([place], whole=True), axis=1)
        for place in (0, 1)
    )
    against = draft.add("Mul", no, threshold)
    rest = draft.add("Sub", _float(draft, [1.0]), threshold)
    both = draft.add("Concat", against, draft.add("Mul", yes, rest), axis=1)
    total = draft.add("Add", against, draft.add("Mul", yes, rest))
    draft.finish(draft.add("Div", both, total))


def _float(draft: Draft, values: list[float] | list[list[float]]) -> str:
    return draft.cast(draft.constant(values), "FLOAT")


def _require_sound(draft: Draft, wrapper: GroupThresholds) -> None:
    if draft.bases[0].classes != 2 or len(draft.row) != 1:  # noqa: PLR2004 - a table, two classes
        raise InputError("thresholds by group stand around a model of two classes on a table")
    if not 0 <= wrapper.column < draft.row[0]:
        raise InputError(f"no column {wrapper.column} in rows of {draft.row[0]}")
    if not wrapper.cuts or any(low >= high for low, high in pairwise(wrapper.cuts)):
        raise InputError("groups are told apart by cuts that rise, one at least")
    if len(wrapper.thresholds) != len(wrapper.cuts) + 1 or not all(
        0 < threshold < 1 for threshold in wrapper.thresholds
    ):
        raise InputError(
            "each group has a threshold between 0 and 1, one more than there are cuts"
        )
