"""Where numbers lie is the same whatever file holds them."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save

from modelkeep.formats import MemorySource, npy, safetensors
from modelkeep.formats.tensors import tensors
from samples import budget, npy_of


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u1"])
def test_the_bytes_of_a_tensor_are_found(dtype: str) -> None:
    values = np.arange(6, dtype=dtype)
    for data, read in ((save({"w": values}), safetensors), (npy_of(values), npy)):
        document = read.read_header(MemorySource(data), budget())
        (found,) = tensors(document, len(data))
        assert (found.kind, found.width) == (dtype[0], values.itemsize)
        assert data[found.start : found.start + found.size] == values.tobytes()


def test_other_documents_hold_no_tensors() -> None:
    assert list(tensors(None, 10)) == []
    header = npy.read_header(MemorySource(npy_of(np.array([None]))), budget())
    assert list(tensors(header, 1000)) == []
