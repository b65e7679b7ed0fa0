"""Test data that training data holds too: rows, texts nearly the same, images alike."""

from modelkeep.data.leaks.images import hash_images, near_images
from modelkeep.data.leaks.interface import Leak
from modelkeep.data.leaks.rows import same_rows
from modelkeep.data.leaks.texts import near_texts, shingles

__all__ = ["Leak", "hash_images", "near_images", "near_texts", "same_rows", "shingles"]
