"""A sealed profile scales what lies in range and refuses everything else."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from modelkeep.core import EvidenceError, InputError
from modelkeep.models.preprocessing import PreprocessingProfile, Scaler, parse_profile

COLUMNS = (Scaler("age", 40.0, 10.0, 0.0, 120.0), Scaler("rate", 0.0, 2.0, -1.0, 1.0))
PROFILE = PreprocessingProfile(1, "robust", "0" * 64, "1" * 64, COLUMNS)


def test_rows_in_range_are_scaled() -> None:
    found = PROFILE.apply(np.array([[50.0, 1.0], [0.0, -1.0]]))
    assert found.dtype == np.float32
    assert found.tolist() == [[1.0, 0.5], [-4.0, -0.5]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([130.0, 0.0], "age is 130, want 0 to 120"),
        ([50.0, np.nan], "rate is nan"),
        ([np.inf, 0.0], "age is inf"),
    ],
)
def test_rows_out_of_range_are_refused_by_column(row: list[float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        PROFILE.apply(np.array([[50.0, 0.0], row]))


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        PROFILE.apply(np.zeros((1, 3)))


@pytest.mark.parametrize(
    "change", [{"scale": 10.000000001}, {"centre": 41.0}, {"high": 121.0}, {"column": "Age"}]
)
def test_digest_moves_with_every_scaler_and_the_sealed_one_is_asked_for(
    change: dict[str, object],
) -> None:
    edited = msgspec.structs.replace(COLUMNS[0], **change)
    other = msgspec.structs.replace(PROFILE, columns=(edited, COLUMNS[1]))
    assert other.digest != PROFILE.digest
    with pytest.raises(EvidenceError, match="sealed was"):
        parse_profile(msgspec.json.encode(other), PROFILE.digest)
    assert parse_profile(msgspec.json.encode(PROFILE), PROFILE.digest) == PROFILE


@pytest.mark.parametrize("column", [{"scale": 0.0}, {"low": 200.0}, {"scale": -1.0}])
def test_an_unsound_profile_is_refused(column: dict[str, float]) -> None:
    edited = msgspec.structs.replace(COLUMNS[0], **column)
    other = msgspec.structs.replace(PROFILE, columns=(edited,))
    with pytest.raises(InputError):
        parse_profile(msgspec.json.encode(other), other.digest)
    with pytest.raises(InputError):
        parse_profile(b"{", other.digest)
