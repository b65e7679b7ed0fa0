"""A file hidden in weights is recognised; trained, quantised and tokenised data are not."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save

from modelkeep.scan.weight_payload import DETECTOR
from samples import found_by

RANDOM = np.random.default_rng(0)
SCRIPT = b"#!/bin/sh\n" + b"echo only a sample of a payload that never runs\n" * 8


def hide(payload: bytes, bits: int) -> np.ndarray:
    """Weights whose lowest bits or bytes spell the payload."""
    weights = RANDOM.normal(size=20_000).astype("float32").view("uint32")
    stream = np.frombuffer(payload, "uint8")
    if bits == 1:
        stream = np.unpackbits(stream)
        weights[: len(stream)] = weights[: len(stream)] & ~np.uint32(1) | stream
    else:
        weights[: len(stream)] = weights[: len(stream)] & ~np.uint32(255) | stream
    return weights.view("float32")


@pytest.mark.parametrize("bits", [1, 8])
@pytest.mark.parametrize("payload", [SCRIPT, b"\x7fELF" + bytes(200), SCRIPT[10:]])
def test_what_the_lowest_bits_spell_is_recognised(payload: bytes, bits: int) -> None:
    (finding,) = found_by(DETECTOR, save({"w": hide(payload, bits)}))
    assert "lowest" in finding.message


def test_a_tensor_that_is_a_file_is_recognised() -> None:
    for payload in (b"MZ\x90\0" + bytes(100), b"PK\x03\x04" + bytes(100), SCRIPT):
        assert len(found_by(DETECTOR, save({"w": np.frombuffer(payload, "uint8")}))) == 1


@pytest.mark.parametrize(
    "weights",
    [
        RANDOM.normal(size=20_000).astype("float32"),
        RANDOM.normal(size=20_000).astype("float16"),
        np.ones(20_000, "float32"),
        np.zeros(20_000, "float64"),
        np.arange(20_000, dtype="float32"),
        np.linspace(-1, 1, 20_000, dtype="float32"),
        RANDOM.integers(0, 256, 20_000).astype("uint8"),
        RANDOM.integers(-9, 9, 20_000).astype("int8"),
        np.round(RANDOM.normal(size=20_000), 2).astype("float32"),
        np.full(2000, 0x20, "uint8"),
    ],
    ids=lambda array: f"{array.dtype}",
)
def test_numbers_are_not_taken_for_a_file(weights: np.ndarray) -> None:
    assert found_by(DETECTOR, save({"w": weights})) == []
