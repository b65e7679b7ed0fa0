"""Evasion with gradients: the white-box engine on any model whose gradient can be followed.

The engine climbs the margin between the right logit and wrong ones from many starts, spends
its passes on the rows that came close, and stops when what is left is out of reach. It knows
L-infinity, L2 and L1. In L1, on 250 images and the two networks its rounds were chosen on,
``standard`` left 62 and 90 standing where both parts of APGD, with three times the passes, left
61 and 85: near that attack, not beside it. Passes are counted by hooks on the network.

Sources: Carlini and Wagner 2017 (margin loss); Croce and Hein, ICML 2020 (targets); the
rounds and the stop are described in ``white_box``; NISTAML.022.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.assess import robust_accuracy
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Attack, Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, measure
from modelkeep.assess.white_box import search


def applies(context: Context) -> str | None:
    """It needs test rows and a gradient worth following; else the search attacks."""
    return why_no_gradient(context)


ENGINE: Final = Engine("targeted gradient ascent on the logit margin", "white box", search)


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy with gradients."""
    yield from measure(context, ENGINE)


ATTACK: Final = Attack(
    "EVA001",
    "evasion-gradient",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
