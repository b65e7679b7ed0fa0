"""``modelkeep doctor``."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


def test_all_well_is_0_without_and_with_a_keep() -> None:
    got = said("doctor")
    assert got.code == 0
    assert "(modelkeep init)" in got.out
    assert not Path(".modelkeep").exists()
    said("init", "--profile", "prod")
    got = said("doctor")
    assert (got.code, "(profile prod)" in got.out) == (0, True)
    assert {line[:5] for line in got.out.splitlines()} == {"ok   "}


def test_named_keep_is_looked_at() -> None:
    said("--keep", "other", "init")
    assert "other (profile dev)" in said("--keep", "other", "doctor").out


def test_open_key_is_1_with_its_remedy() -> None:
    said("init")
    Path(".modelkeep/keys/signing.pem").chmod(0o644)
    got = said("doctor")
    assert got.code == 1
    assert "FAIL key file mode: 644" in got.out
    assert "chmod 600" in got.out
