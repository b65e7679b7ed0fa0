"""Settings: flag > environment > file > default, and no silent misspelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import UsageError
from modelkeep.core.settings import Resolved, Settings, resolve, table


def resolved(settings: Settings, key: str) -> Resolved:
    (found,) = (item for item in settings.items() if item.key == key)
    return found


def from_file(folder: Path, text: str, name: str = "modelkeep.toml") -> Settings:
    (folder / name).write_text(text)
    return resolve(environ={}, start=folder)


def test_without_anything_given_every_setting_is_its_default(tmp_path: Path) -> None:
    (tmp_path / "modelkeep.toml").touch()
    settings = resolve(environ={}, start=tmp_path)
    assert [(i.key, i.value, i.origin, i.help) for i in settings.items()] == [
        (s.key, s.default, "default", s.help) for s in table()
    ]


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "modelkeep.toml"
    file.write_text("seed = 1\nmax_rows = 10\naction = 'load'")
    settings = resolve(
        {"seed": 3, "max_rows": None},
        environ={"MODELKEEP_SEED": "2", "MODELKEEP_MAX_ROWS": "20"},
        start=tmp_path,
    )
    assert [
        (resolved(settings, key).value, resolved(settings, key).origin)
        for key in ("seed", "max_rows", "action", "budget")
    ] == [
        (3, "flag"),
        (20, "MODELKEEP_MAX_ROWS"),
        ("load", str(file)),
        ("quick", "default"),
    ]


def test_the_file_is_found_upward_and_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.modelkeep]\nseed = 5")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.ruff]")
    assert resolve(environ={}, start=inner).integer("seed") == 5
    (tmp_path / "a" / "modelkeep.toml").write_text("seed = 6")
    assert resolve(environ={}, start=inner).integer("seed") == 6


@pytest.mark.parametrize(
    "text", ["sead = 1", "[thresholds]\nmembership_auc_mox = 0.9", "[scan]\npickle_allow = []"]
)
def test_an_unknown_key_in_the_file_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="unknown setting"):
        from_file(tmp_path, text)


def test_an_unknown_flag_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sead"):
        resolve({"sead": 1}, environ={}, start=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "seed = 'many'",
        "seed = true",
        "max_rows = 1.5",
        "epsilon_linf = 'wide'",
        "epsilon_linf = [0.1]",
        "scan = {pickle = {allow = [1]}}",
        "scan = {pickle = {allow = 1}}",
        "action = ['deploy']",
        "label = 3",
        "thresholds = {robust_share_min = 'half'}",
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        from_file(tmp_path, text)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_threshold_that_is_not_finite_is_an_error(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError):
        from_file(tmp_path, f"thresholds = {{membership_auc_max = {value}}}")


def test_a_wrong_value_names_where_it_came_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"MODELKEEP_THRESHOLDS_TEST_ROWS_MIN.*'few'"):
        resolve(environ={"MODELKEEP_THRESHOLDS_TEST_ROWS_MIN": "few"}, start=tmp_path)


@pytest.mark.parametrize("name", ["modelkeep.toml", "pyproject.toml"])
def test_broken_toml_is_a_usage_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=name):
        from_file(tmp_path, "seed = = 1", name)
    (tmp_path / name).write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=name):
        resolve(environ={}, start=tmp_path)


def test_lists_come_from_toml_or_from_a_comma_separated_variable(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "scan = {pickle = {allow = ['a.b', 'c.d']}}")
    assert settings.names("scan.pickle.allow") == ("a.b", "c.d")
    given = resolve(environ={"MODELKEEP_SCAN_PICKLE_ALLOW": "a.b,,c.d"}, start=tmp_path)
    assert given.names("scan.pickle.allow") == ("a.b", "c.d")


def test_the_thresholds_are_present_and_can_be_overridden(tmp_path: Path) -> None:
    settings = from_file(tmp_path, "thresholds = {robust_share_min = 0.7}")
    assert settings.thresholds() == {
        "robust_share_min": 0.7,
        "robust_radius_linf": 0.03,
        "membership_auc_max": 0.6,
        "test_rows_min": 50,
        "evidence_age_max_days": 30,
    }


def test_a_setting_asked_for_as_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="action is not a number"):
        from_file(tmp_path, "").number("action")
