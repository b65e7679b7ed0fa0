"""``modelkeep init``."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said
from modelkeep.evidence import open_keep


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


def profile(root: str) -> str:
    with open_keep(Path(root)) as keep:
        return keep.profile


@pytest.mark.parametrize("wanted", ["report", "dev", "prod"])
def test_keep_is_made_here_with_the_profile_asked_for(wanted: str) -> None:
    got = said("init", "--profile", wanted)
    assert got.code == 0
    assert got.out == f"{Path.cwd() / '.modelkeep'} (profile {wanted})\n"
    assert profile(".modelkeep") == wanted


def test_keep_is_made_where_the_flag_says() -> None:
    assert said("--keep", "deep/keep", "init").code == 0
    assert profile("deep/keep") == "dev"


def test_settings_say_where_the_keep_is_made_and_with_which_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODELKEEP_KEEP", "elsewhere")
    monkeypatch.setenv("MODELKEEP_PROFILE", "prod")
    assert said("init").code == 0
    assert not Path(".modelkeep").exists()
    assert profile("elsewhere") == "prod"


def test_second_keep_in_one_place_is_2() -> None:
    said("init")
    got = said("init")
    assert (got.code, got.out) == (2, "")
    assert "there is a keep already" in got.err


def test_dry_run_makes_nothing() -> None:
    got = said("init", "--dry-run")
    assert (got.code, got.out) == (0, f"would make {Path.cwd() / '.modelkeep'}\n")
    assert not Path(".modelkeep").exists()
