"""The Merkle tree against the Certificate Transparency vectors and RFC 9162 itself."""

from __future__ import annotations

import functools
import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelkeep.core import EvidenceError
from modelkeep.evidence.merkle import (
    Frontier,
    Lookup,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# Reference vectors of Certificate Transparency: leaves, roots by size, proofs.
LEAVES = [
    bytes.fromhex(text)
    for text in ", 00, 10, 2021, 3031, 40414243, 5051525354555657, "
    "606162636465666768696a6b6c6d6e6f".split(",")
]
ROOTS = """
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()
LEAF_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
NODE_0_1 = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
NODE_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
NODE_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
NODE_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
NODE_0_3 = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
NODE_4_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = [
    (0, 1, []),
    (0, 8, [LEAF_1, NODE_2_3, NODE_4_7]),
    (5, 8, [LEAF_4, NODE_6_7, NODE_0_3]),
    (2, 3, [NODE_0_1]),
    (1, 5, [ROOTS[1], NODE_2_3, LEAF_4]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [LEAF_1, NODE_2_3, NODE_4_7]),
    (6, 8, [NODE_4_5, NODE_6_7, NODE_0_3]),
    (2, 5, [NODE_2_3, LEAF_4]),
]
MOST = 70  # largest size the properties try
sizes = st.integers(1, MOST)


def body(index: int) -> bytes:
    return f"entry {index}".encode()


@functools.cache
def tree_hash(start: int, end: int) -> bytes:
    """MTH of RFC 9162 section 2.1.1 over ``body(start)`` to ``body(end - 1)``, as written."""
    return mth([body(index) for index in range(start, end)])


def mth(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = largest_power_below(len(data))
    return hashlib.sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m: int, start: int, end: int) -> list[bytes]:
    """PATH of RFC 9162 section 2.1.3.1."""
    if end - start == 1:
        return []
    k = largest_power_below(end - start)
    if m < k:
        return [*path(m, start, start + k), tree_hash(start + k, end)]
    return [*path(m - k, start + k, end), tree_hash(start, start + k)]


def subproof(m: int, start: int, end: int, *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 section 2.1.4.1."""
    if m == end - start:
        return [] if known else [tree_hash(start, end)]
    k = largest_power_below(end - start)
    if m <= k:
        return [*subproof(m, start, start + k, known=known), tree_hash(start + k, end)]
    return [*subproof(m - k, start + k, end, known=False), tree_hash(start, start + k)]


def grow(bodies: list[bytes]) -> tuple[Frontier, Lookup]:
    frontier = Frontier()
    nodes: dict[tuple[int, int], bytes] = {}
    for item in bodies:
        nodes |= {(level, at): value for level, at, value in frontier.append(leaf_hash(item))}
    return frontier, lambda level, at: nodes[level, at]


_, LOOKUP = grow([body(index) for index in range(MOST)])
_, REFERENCE = grow(LEAVES)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_published_with_certificate_transparency(size: int) -> None:
    frontier, _ = grow(LEAVES[:size])
    assert frontier.root().hex() == ROOTS[size]
    assert mth(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "published"), INCLUSION)
def test_inclusion_proofs_are_the_published_ones(
    index: int, size: int, published: list[str]
) -> None:
    proof = inclusion_proof(index, size, REFERENCE)
    assert [part.hex() for part in proof] == published
    root = bytes.fromhex(ROOTS[size])
    verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, root)


@pytest.mark.parametrize(("old", "new", "published"), CONSISTENCY)
def test_consistency_proofs_are_the_published_ones(
    old: int, new: int, published: list[str]
) -> None:
    proof = consistency_proof(old, new, REFERENCE)
    assert [part.hex() for part in proof] == published
    verify_consistency(old, new, proof, *(bytes.fromhex(ROOTS[size]) for size in (old, new)))


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_proof_is_what_the_rfc_defines_and_verifies(size: int) -> None:
    root = tree_hash(0, size)
    for number in range(size):
        proof = inclusion_proof(number, size, LOOKUP)
        assert proof == path(number, 0, size)
        verify_inclusion(leaf_hash(body(number)), number, size, proof, root)
        old = number + 1
        proof = consistency_proof(old, size, LOOKUP)
        assert proof == subproof(old, 0, size, known=True)
        verify_consistency(old, size, proof, tree_hash(0, old), root)


@given(st.lists(st.binary(max_size=40), max_size=MOST))
def test_root_of_any_leaves_is_the_tree_hash_of_the_rfc(bodies: list[bytes]) -> None:
    assert grow(bodies)[0].root() == mth(bodies)


@pytest.mark.parametrize("size", range(MOST))
def test_right_edge_read_from_stored_nodes_equals_the_grown_one(size: int) -> None:
    grown, lookup = grow([body(index) for index in range(size)])
    loaded = Frontier.load(size, lookup)
    assert (loaded.size, loaded.peaks, loaded.root()) == (size, grown.peaks, grown.root())
    assert loaded.append(leaf_hash(b"next")) == grown.append(leaf_hash(b"next"))
    assert loaded.root() == grown.root()


def test_right_edge_with_the_wrong_number_of_peaks_is_refused() -> None:
    with pytest.raises(EvidenceError, match="2 peaks"):
        Frontier(3, [b"\0" * 32])


@st.composite
def damaged(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """The proof with one byte changed, or an element swapped, dropped, doubled or added."""
    ways = ["add"] if not proof else ["flip", "swap", "drop", "double", "add"]
    way = draw(st.sampled_from(ways))
    at = draw(st.integers(0, max(len(proof) - 1, 0)))
    changed = list(proof)
    if way == "flip":
        byte = draw(st.integers(0, 31))
        part = bytearray(changed[at])
        part[byte] ^= draw(st.integers(1, 255))
        changed[at] = bytes(part)
    elif way == "swap":
        other = draw(st.integers(0, len(proof) - 1))
        changed[at], changed[other] = changed[other], changed[at]
    elif way == "drop":
        del changed[at]
    elif way == "double":
        changed.insert(at, changed[at])
    else:
        changed.insert(
            draw(st.integers(0, len(proof))), draw(st.binary(min_size=32, max_size=32))
        )
    assume(changed != proof)
    return changed


@given(st.data(), sizes)
def test_damaged_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = data.draw(damaged(inclusion_proof(index, size, LOOKUP)))
    with pytest.raises(EvidenceError):
        verify_inclusion(leaf_hash(body(index)), index, size, proof, tree_hash(0, size))


@given(st.data(), sizes)
def test_damaged_consistency_proof_is_refused(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    proof = data.draw(damaged(consistency_proof(old, new, LOOKUP)))
    with pytest.raises(EvidenceError):
        verify_consistency(old, new, proof, tree_hash(0, old), tree_hash(0, new))


@given(st.data(), sizes, st.integers(-1, MOST + 1))
def test_leaf_at_another_index_is_refused(data: st.DataObject, size: int, claimed: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    assume(claimed != index)
    proof = inclusion_proof(index, size, LOOKUP)
    with pytest.raises(EvidenceError):
        verify_inclusion(leaf_hash(body(index)), claimed, size, proof, tree_hash(0, size))


@given(st.data(), sizes, st.integers(0, MOST))
def test_inclusion_in_a_tree_of_another_size_is_refused(
    data: st.DataObject, size: int, claimed: int
) -> None:
    assume(claimed != size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, LOOKUP)
    with pytest.raises(EvidenceError):
        verify_inclusion(leaf_hash(body(index)), index, claimed, proof, tree_hash(0, claimed))


@given(st.data(), sizes, st.integers(0, MOST), st.integers(0, MOST))
def test_consistency_between_other_sizes_is_refused(
    data: st.DataObject, new: int, claimed_old: int, claimed_new: int
) -> None:
    old = data.draw(st.integers(1, new))
    assume((claimed_old, claimed_new) != (old, new))
    assume(not 0 < claimed_old == claimed_new or old != new)  # any tree continues itself
    proof = consistency_proof(old, new, LOOKUP)
    roots = (tree_hash(0, claimed_old), tree_hash(0, claimed_new))
    with pytest.raises(EvidenceError):
        verify_consistency(claimed_old, claimed_new, proof, *roots)


@given(st.data(), sizes, st.integers(0, 31), st.integers(1, 255))
def test_another_root_or_leaf_is_refused(
    data: st.DataObject, size: int, byte: int, flip: int
) -> None:
    number = data.draw(st.integers(0, size - 1))
    proof, leaf, root = (
        inclusion_proof(number, size, LOOKUP),
        leaf_hash(body(number)),
        tree_hash(0, size),
    )
    old, grown = tree_hash(0, number + 1), consistency_proof(number + 1, size, LOOKUP)

    def other(value: bytes) -> bytes:
        return value[:byte] + bytes([value[byte] ^ flip]) + value[byte + 1 :]

    with pytest.raises(EvidenceError):
        verify_inclusion(leaf, number, size, proof, other(root))
    with pytest.raises(EvidenceError):
        verify_inclusion(other(leaf), number, size, proof, root)
    with pytest.raises(EvidenceError):
        verify_consistency(number + 1, size, grown, old, other(root))
    with pytest.raises(EvidenceError):
        verify_consistency(number + 1, size, grown, other(old), root)


def test_proof_of_the_wrong_length_is_refused_even_if_it_leads_to_the_root() -> None:
    """The root fixes no size: a checkpoint that lies about it must not verify."""
    leaf, other = leaf_hash(b"a"), leaf_hash(b"b")
    both, three = node_hash(leaf, other), node_hash(node_hash(leaf, other), other)
    verify_inclusion(leaf, 0, 2, [other], both)
    verify_consistency(1, 2, [other], leaf, both)
    for size, proof, root in [
        (2, [], leaf),
        (8, [other], both),
        (1, [other], both),
        (1, [other], node_hash(other, leaf)),
        (2, [other, other], three),
    ]:
        with pytest.raises(EvidenceError):
            verify_inclusion(leaf, 0, size, proof, root)
        with pytest.raises(EvidenceError):
            verify_consistency(1, size, proof, leaf, root)


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_no_inclusion_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(EvidenceError):
        inclusion_proof(index, size, LOOKUP)


@pytest.mark.parametrize(("old", "new"), [(0, 4), (5, 4), (-1, 4)])
def test_no_consistency_proof_is_made_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(EvidenceError):
        consistency_proof(old, new, LOOKUP)
