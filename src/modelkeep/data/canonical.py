"""The canonical bytes of a column: equal values give equal bytes.

How Arrow lays a column out in memory says nothing about its values: slices share
buffers, bits of missing cells are left over, texts may be dictionary-encoded, NaN has
many patterns and zero two. Here each of these has one form, and a BLAKE3 digest over
that form is a leaf of the seal. Integers are little-endian.

Source: Arrow columnar format, sections on physical layouts; RFC 9162 section 2.1.1 for
the shape of the tree and the marks that keep leaves and nodes apart.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

import blake3
import numpy as np

from modelkeep.core import InputError
from modelkeep.data.cells import Cells
from modelkeep.data.interface import Arrow
from modelkeep.models.extras import need

_SEALS: Final = "sealing a table"
Feed = Callable[[bytes | memoryview], object]


def type_name(kind: Arrow) -> str:
    """Canonical name of an Arrow type.

    Raises:
        InputError: a type that has no canonical form here.
    """
    arrow, types = need("pyarrow", _SEALS), need("pyarrow.types", _SEALS)
    if isinstance(kind, arrow.BaseExtensionType):
        return type_name(kind.storage_type)
    if types.is_dictionary(kind):
        return type_name(kind.value_type)
    if types.is_nested(kind):
        return _nested_name(kind, types)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "string"
    return _flat_name(kind, types)


def _nested_name(kind: Arrow, types: Arrow) -> str:
    if types.is_struct(kind):
        fields = [kind.field(index) for index in range(kind.num_fields)]
        inside = ",".join(f"{field.name!r}:{type_name(field.type)}" for field in fields)
        return f"struct<{inside}>"
    if types.is_list(kind) or types.is_large_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if types.is_fixed_size_list(kind):
        return f"list<{type_name(kind.value_type)}>[{kind.list_size}]"
    return _flat_name(kind, types)


def _flat_name(kind: Arrow, types: Arrow) -> str:
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return "binary"
    known = (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_null(kind)
        or types.is_decimal(kind)
        or types.is_fixed_size_binary(kind)
        or (types.is_temporal(kind) and not types.is_interval(kind))
    )
    if not known:
        raise InputError(
            f"a column of type {kind} cannot be sealed", "Convert it to plain types first."
        )
    return str(kind)


def digest_column(cells: Cells) -> str:
    """BLAKE3 of a column's canonical bytes, hex.

    Raises:
        InputError: a type that has no canonical form here.
    """
    fast = blake3.blake3(b"\0")
    _feed(cells, fast.update)
    return fast.hexdigest()


def _feed(cells: Cells, feed: Feed) -> None:
    arrow, types = need("pyarrow", _SEALS), need("pyarrow.types", _SEALS)
    array = cells.plain
    kind = array.type
    name = type_name(kind).encode()
    feed(struct.pack("<QQ", len(name), len(array)) + name)
    if types.is_null(kind):
        return
    _feed_validity(cells, feed)
    if types.is_struct(kind):
        for child in array.flatten():
            _feed(Cells(child), feed)
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        lengths = need("pyarrow.compute", _SEALS).list_value_length(array)
        feed(lengths.fill_null(0).cast(arrow.int64()).to_numpy().astype("<i8").tobytes())
        _feed(Cells(array.flatten()), feed)
    elif cells.is_text:
        starts, data = cells.texts
        feed(np.diff(starts).astype("<i8").tobytes())
        feed(data.data)
    elif types.is_decimal(kind):
        _feed(Cells(array.cast(arrow.string())), feed)
    else:
        feed(np.ascontiguousarray(cells.numbers).data.cast("B") if len(array) else b"")


def _feed_validity(cells: Cells, feed: Feed) -> None:
    if cells.missing is None:
        feed(b"\0")
        return
    feed(b"\1" + np.packbits(~cells.missing, bitorder="little").tobytes())


def merkle_root(leaves: Sequence[str]) -> str:
    """Root of a binary tree over hex digests; an odd node is carried up.

    The number of leaves is hashed with the root, so trees of different size differ.
    """
    level = [bytes.fromhex(leaf) for leaf in leaves]
    while len(level) > 1:
        pairs = [b"".join(level[index : index + 2]) for index in range(0, len(level), 2)]
        level = [
            blake3.blake3(b"\1" + pair).digest() if len(pair) > len(level[0]) else pair
            for pair in pairs
        ]
    top = level[0] if level else b""
    return blake3.blake3(b"\2" + struct.pack("<Q", len(leaves)) + top).hexdigest()
