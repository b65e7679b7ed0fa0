"""Corruptions that need no attacker."""

from modelkeep.assess.corruption.corruption import ATTACK, PICTURES, TABLES, corrupt

__all__ = ["ATTACK", "PICTURES", "TABLES", "corrupt"]
