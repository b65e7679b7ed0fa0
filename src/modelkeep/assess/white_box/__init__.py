"""The white-box engine: gradients of the margin, for L-infinity, L2 and L1."""

from modelkeep.assess.white_box.passes import Passes, counting_passes
from modelkeep.assess.white_box.search import search

__all__ = ["Passes", "counting_passes", "search"]
