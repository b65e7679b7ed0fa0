"""Personal data and secrets in data sets: one kind a file, found in one pass, masked."""

from modelkeep.data.personal.finding import KINDS, Finder
from modelkeep.data.personal.interface import Held, Kind, Span, luhn, mask
from modelkeep.data.personal.secrets import find_secrets

__all__ = ["KINDS", "Finder", "Held", "Kind", "Span", "find_secrets", "luhn", "mask"]
