"""``modelkeep config``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said
from modelkeep.core.settings import table


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


def found() -> dict[str, dict[str, object]]:
    got = said("config", "--format", "json")
    assert got.code == 0
    settings: dict[str, dict[str, object]] = json.loads(got.out)
    return settings


def test_every_setting_is_shown_with_its_origin() -> None:
    settings = found()
    assert list(settings) == [setting.key for setting in table()]
    assert {setting["origin"] for setting in settings.values()} == {"default"}


def test_file_environment_and_flag_are_named_as_origins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("modelkeep.toml").write_text(
        "seed = 3\nmax_rows = 30\n[thresholds]\ntest_rows_min = 9\n"
    )
    monkeypatch.setenv("MODELKEEP_MAX_ROWS", "40")
    settings = found()
    origin = str(Path("modelkeep.toml").resolve())
    assert settings["seed"] == {"value": 3, "origin": origin}
    assert settings["thresholds.test_rows_min"] == {"value": 9, "origin": origin}
    assert settings["max_rows"] == {"value": 40, "origin": "MODELKEEP_MAX_ROWS"}
    shown = json.loads(said("--keep", "here", "config", "--format", "json").out)
    assert shown["keep"] == {"value": "here", "origin": "flag"}


def test_project_file_is_read_too() -> None:
    Path("pyproject.toml").write_text("[tool.modelkeep]\nseed = 5\n")
    assert found()["seed"]["value"] == 5


def test_table_explains_every_setting() -> None:
    lines = said("config").out.splitlines()
    assert len(lines) == len(table())
    for setting, line in zip(table(), lines, strict=True):
        assert line.startswith(f"{setting.key} = ")
        assert line.endswith(setting.help)


@pytest.mark.parametrize("text", ["fly = 1\n", "seed = [1]\n", 'seed = "x"\n', "seed =\n"])
def test_file_that_makes_no_sense_is_64(text: str) -> None:
    Path("modelkeep.toml").write_text(text)
    got = said("config")
    assert (got.code, got.out) == (64, "")
    assert "modelkeep.toml" in got.err
