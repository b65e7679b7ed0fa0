"""The Merkle tree of RFC 9162: appends, roots, inclusion and consistency proofs.

Nodes of complete subtrees are stored by ``(level, index)`` and never change, so a
proof reads a logarithmic number of them and an append writes two on average.

Source: RFC 9162 sections 2.1.1 to 2.1.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from modelkeep.core import EvidenceError

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
Node = tuple[int, int, bytes]  # level, index, hash
Lookup = Callable[[int, int], bytes]


def leaf_hash(body: bytes) -> bytes:
    """Hash of an entry."""
    return hashlib.sha256(b"\0" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Frontier:
    """The right edge of a tree: one hash per complete subtree, largest first.

    Attributes:
        size: number of leaves.
        peaks: hashes of the complete subtrees, one per one-bit of ``size``.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: list[bytes] | None = None) -> None:
        self.size = size
        self.peaks = peaks if peaks is not None else []
        if len(self.peaks) != size.bit_count():
            raise EvidenceError(f"a tree of {size} leaves has {size.bit_count()} peaks")

    @classmethod
    def load(cls, size: int, lookup: Lookup) -> Frontier:
        """Read the right edge of a stored tree."""
        return cls(size, [lookup(level, index) for level, index in _peaks(size)])

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf hash; returns the nodes to store."""
        index, level = self.size, 0
        nodes = [(0, index, leaf)]
        peaks = self.peaks
        while index & 1:
            leaf = node_hash(peaks.pop(), leaf)
            index >>= 1
            level += 1
            nodes.append((level, index, leaf))
        peaks.append(leaf)
        self.size += 1
        return nodes

    def root(self) -> bytes:
        """Root hash of the tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def _peaks(size: int) -> list[tuple[int, int]]:
    """Complete subtrees of a tree as (level, index), largest first."""
    found = []
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def _range_hash(start: int, end: int, lookup: Lookup) -> bytes:
    """Hash of leaves [start, end), ``start`` being a multiple of the largest subtree."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return lookup(level, start >> level)
    split = start + _split(length)
    return node_hash(_range_hash(start, split, lookup), _range_hash(split, end, lookup))


def _split(length: int) -> int:
    """Largest power of two smaller than ``length``."""
    return 1 << ((length - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, lookup: Lookup) -> list[bytes]:
    """Proof that leaf ``index`` is in the tree of ``size`` leaves.

    Raises:
        EvidenceError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise EvidenceError(f"entry {index} is not in a log of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            proof.append(_range_hash(split, end, lookup))
            end = split
        else:
            proof.append(_range_hash(start, split, lookup))
            start = split
    return proof[::-1]


def consistency_proof(old: int, new: int, lookup: Lookup) -> list[bytes]:
    """Proof that the tree of ``old`` leaves is a prefix of the tree of ``new``.

    Raises:
        EvidenceError: ``old`` is zero or larger than ``new``.
    """
    if not 0 < old <= new:
        raise EvidenceError(f"no log of {old} entries grows into one of {new}")
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        split = start + _split(end - start)
        if old <= split:
            proof.append(_range_hash(split, end, lookup))
            end = split
        else:
            proof.append(_range_hash(start, split, lookup))
            start, whole = split, False
    if not whole:
        proof.append(_range_hash(start, end, lookup))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> None:
    """Check an inclusion proof.

    Raises:
        EvidenceError: the leaf is not at ``index`` in the tree with this root.
    """
    if not 0 <= index < size:
        raise EvidenceError(f"entry {index} is not in a log of {size}")
    node, last = index, size - 1
    for sibling in proof:
        if last == 0:
            raise EvidenceError(f"inclusion proof of entry {index} is too long")
        if node & 1 or node == last:
            leaf = node_hash(sibling, leaf)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            leaf = node_hash(leaf, sibling)
        node >>= 1
        last >>= 1
    if last != 0 or leaf != root:
        raise EvidenceError(f"entry {index} is not in the log of {size} with this root")


def verify_consistency(
    old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check a consistency proof.

    Raises:
        EvidenceError: the new tree does not start with the old one.
    """
    failure = EvidenceError(f"the log of {new} does not continue the log of {old}")
    if not 0 < old <= new or (old == new and (proof or old_root != new_root)):
        raise failure
    if old == new:
        return
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        raise failure
    first, second, left = _climb(old, new, steps)
    if first != old_root or second != new_root or left != 0:
        raise failure


def _climb(old: int, new: int, steps: list[bytes]) -> tuple[bytes, bytes, int]:
    """Both roots a consistency proof leads to, and how many levels it left out.

    A proof that goes on above the root leads to -1 levels.
    """
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return first, second, -1
        if node & 1 or node == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, step)
        node >>= 1
        last >>= 1
    return first, second, last
