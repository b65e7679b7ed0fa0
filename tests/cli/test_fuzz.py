"""No bytes, under no name, are an internal error."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import check_samples as samples
from check_samples import said
from samples import damage, mutants

SUFFIXES = (
    "",
    ".pkl",
    ".pt",
    ".onnx",
    ".safetensors",
    ".npy",
    ".npz",
    ".zip",
    ".json",
    ".ubj",
    ".bin",
    ".py",
)
anything = st.binary(max_size=400) | mutants(
    "pickle", "zip", "safetensors", "npy", "onnx", "json", "ubjson"
)


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a keep and the sample."""
    folder = samples.write_sample(tmp_path_factory.mktemp("fuzz")).folder
    assert said("--keep", folder / "keep", "init").code == 0
    return folder


def require_sense(*words: object) -> None:
    got = said(*words)
    assert "internal error" not in got.err, got.err
    assert got.code in {0, 1, 2}
    assert got.out or got.code == 2, "a verdict or an error"


@settings(max_examples=120, deadline=None)
@given(anything, st.sampled_from(SUFFIXES))
def test_no_bytes_are_an_internal_error_of_scan(corner: Path, data: bytes, suffix: str) -> None:
    path = corner / f"model{suffix}"
    path.write_bytes(data)
    require_sense("scan", path)


@settings(max_examples=30, deadline=None)
@given(anything, st.sampled_from(SUFFIXES))
def test_no_bytes_are_an_internal_error_of_check(
    corner: Path, data: bytes, suffix: str
) -> None:
    path = corner / f"checked{suffix}"
    path.write_bytes(data)
    require_sense("--keep", corner / "keep", "check", path)


def rows(*, packed: bool) -> bytes:
    """A small data set as an archive of arrays."""
    out = io.BytesIO()
    save = np.savez_compressed if packed else np.savez
    save(out, x=np.zeros((3, samples.FEATURES), np.float32), y=np.arange(3) % 2)
    return out.getvalue()


_edits = st.lists(
    st.tuples(st.integers(0, 900), st.integers(0, 8), st.binary(max_size=8)), min_size=1
)
damaged = st.builds(damage, st.sampled_from([rows(packed=False), rows(packed=True)]), _edits)


@settings(max_examples=30, deadline=None)
@given(anything | damaged, st.sampled_from([".npz", ".csv", ".parquet"]))
@example(samples.onnx_model(), ".npz")
@example(b"a,a,y\n1,2,0\n", ".csv")
def test_no_bytes_as_rows_are_an_internal_error_of_check(
    corner: Path, data: bytes, suffix: str
) -> None:
    path = corner / f"rows{suffix}"
    path.write_bytes(data)
    require_sense("--keep", corner / "keep", "check", corner / "model.onnx", "--test", path)


names = st.binary(min_size=1, max_size=12).filter(
    lambda name: not set(name) & set(b"/\0") and name.strip(b".")
)


@settings(max_examples=40, deadline=None)
@given(names, st.sampled_from(["table", "json", "sarif", "html"]))
def test_no_file_name_is_an_internal_error_of_scan(
    corner: Path, name: bytes, style: str
) -> None:
    path = corner / "names" / os.fsdecode(b"m" + name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(samples.BOMB)
    require_sense("scan", path, "--format", style)
