"""A preprocessing profile: fitted on sealed data, signed, refusing what it did not see."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from check_samples import said
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError


def write(name: str, seed: int = 0, **changes: object) -> None:
    draw = np.random.default_rng(seed)
    columns = {
        "a": draw.normal(5, 2, 400).clip(1, 9),
        "b": draw.uniform(0, 1, 400),
        "town": ["x", "y"] * 200,
        "label": ["no", "yes"] * 200,
    }
    pq.write_table(pa.table(columns | changes), name)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("d.parquet")
    pipeline.seal_data("d.parquet")


def test_digest_of_the_file_is_that_of_the_profile_and_names_the_sealed_data() -> None:
    made = pipeline.fit_scaling("d.parquet", "s.json")
    text = Path("s.json").read_bytes()
    assert hashlib.sha256(text).hexdigest() == made.profile.digest
    data = hashlib.sha256(Path("d.parquet").read_bytes()).hexdigest()
    assert made.profile.data_sha256 == data
    assert [column.column for column in made.profile.columns] == ["a", "b"]


def test_scaled_data_is_derived_from_the_data_and_the_profile() -> None:
    made = pipeline.fit_scaling("d.parquet", "s.json", method="standard")
    assert (
        said("data", "scale", "d.parquet", "--scaling", "s.json", "--output", "o.parquet").code
        == 0
    )
    scaled = pq.read_table("o.parquet")
    assert np.allclose(scaled["a"].to_numpy().mean(), 0, atol=1e-4)
    assert scaled["town"].to_pylist()[:2] == ["x", "y"]
    lineage = pipeline.trace_provenance("o.parquet").lineage
    assert [step.step for step in lineage.steps] == ["scale", "fit-scaling"]
    assert lineage.steps[1].product == made.profile.digest
    assert [origin.name for origin in lineage.origins] == ["d.parquet"]


def test_a_touched_scaler_has_another_digest_and_is_refused() -> None:
    made = pipeline.fit_scaling("d.parquet", "s.json")
    text = Path("s.json").read_text()
    scale = f'"scale":{made.profile.columns[0].scale!r}'
    assert scale in text
    Path("s.json").write_text(text.replace(scale, '"scale":10', 1))
    with pytest.raises(EvidenceError, match="nobody trusted signed"):
        pipeline.scale_data("d.parquet", "s.json", "o.parquet")
    assert not Path("o.parquet").exists()


def test_a_value_out_of_range_is_refused_with_row_column_and_bounds() -> None:
    pipeline.fit_scaling("d.parquet", "s.json")
    write("new.parquet", a=[5.0] * 399 + [1000.0])
    got = said("data", "scale", "new.parquet", "--scaling", "s.json", "--output", "o.parquet")
    assert got.code == 2
    assert "row 399: a is 1000" in got.err
    assert not Path("o.parquet").exists()


def test_data_without_a_seal_of_its_bytes_is_not_fitted_on() -> None:
    write("d.parquet", seed=1)
    with pytest.raises(EvidenceError, match="other bytes"):
        pipeline.fit_scaling("d.parquet", "s.json")
    Path("d.parquet.seal").unlink()
    with pytest.raises(InputError, match="seal"):
        pipeline.fit_scaling("d.parquet", "s.json")
    assert not Path("s.json").exists()


def test_another_signed_file_is_no_profile() -> None:
    with pytest.raises(EvidenceError, match="nobody trusted signed"):
        pipeline.scale_data("d.parquet", "d.parquet", "o.parquet")
    pipeline.fit_scaling("d.parquet", "s.json")
    write("short.parquet", a=["text"] * 400)
    with pytest.raises(InputError, match="'a'"):
        pipeline.scale_data("short.parquet", "s.json", "o.parquet")
