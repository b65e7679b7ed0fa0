"""People judge groups of rows: the queue, decisions, and controls that measure the judges."""

from modelkeep.data.review.cards import Card, make_cards, show_row
from modelkeep.data.review.controls import make_controls, measure_reviewers, truth_digest
from modelkeep.data.review.decisions import (
    CHOICES,
    Choice,
    Removal,
    ReviewDecision,
    Ruling,
    plan_removal,
    rule_on,
)

__all__ = [
    "CHOICES",
    "Card",
    "Choice",
    "Removal",
    "ReviewDecision",
    "Ruling",
    "make_cards",
    "make_controls",
    "measure_reviewers",
    "plan_removal",
    "rule_on",
    "show_row",
    "truth_digest",
]
