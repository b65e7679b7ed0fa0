"""Attacks on classifiers of texts, within a budget of similarity."""

from modelkeep.assess.text.edits import edits
from modelkeep.assess.text.substitution import AttackedText, TextBudget, attack_texts

__all__ = ["AttackedText", "TextBudget", "attack_texts", "edits"]
