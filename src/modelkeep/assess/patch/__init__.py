"""Physical attacks: printed stickers."""

from modelkeep.assess.patch.patch import ATTACK, make_sticker
from modelkeep.assess.patch.placing import place, printable

__all__ = ["ATTACK", "make_sticker", "place", "printable"]
