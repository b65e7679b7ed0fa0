"""Shadow models: what models of this kind say about rows they saw and rows they did not."""

from modelkeep.assess.shadows.matrix import (
    ShadowMatrix,
    Told,
    draw_halves,
    read_matrix,
    told,
    write_matrix,
)
from modelkeep.assess.shadows.rates import (
    epsilon_bound,
    precision_at_prior,
    threshold_at,
)
from modelkeep.assess.shadows.scores import (
    fusion,
    lira_offline,
    lira_online,
    mean_ratio,
    moderated_lira,
)
from modelkeep.assess.shadows.stacked import Layout, train_stack
from modelkeep.assess.shadows.training import train_shadows

__all__ = [
    "Layout",
    "ShadowMatrix",
    "Told",
    "draw_halves",
    "epsilon_bound",
    "fusion",
    "lira_offline",
    "lira_online",
    "mean_ratio",
    "moderated_lira",
    "precision_at_prior",
    "read_matrix",
    "threshold_at",
    "told",
    "train_shadows",
    "train_stack",
    "write_matrix",
]
