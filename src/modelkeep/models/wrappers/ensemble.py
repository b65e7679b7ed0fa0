"""Several models as one graph that answers the mean of their probabilities.

Gradients lead through a mean, so an attack needs no stand-in.

Source: Strauss et al., 2017 (ensembles as a defence); He et al., WOOT 2017 (they are not one
against an attacker who attacks the mean).
"""

from __future__ import annotations

import msgspec

from modelkeep.core import InputError
from modelkeep.models.wrappers.graph import Draft


class Ensemble(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ensemble"):
    """``members`` models, each with the same weight."""

    members: int


def draw(draft: Draft, wrapper: Ensemble) -> None:
    """Ask each, take the mean.

    Raises:
        InputError: fewer than two members, or another number of models.
    """
    if wrapper.members < 2 or wrapper.members != len(draft.bases):  # noqa: PLR2004
        raise InputError(f"an ensemble of {wrapper.members}, given {len(draft.bases)} models")
    asked = [draft.ask(which, draft.source) for which in range(wrapper.members)]
    draft.finish(draft.add("Mean", *asked))
