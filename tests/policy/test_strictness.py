"""Under the rules of prod a run may ask for more than the policy, and never for less."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import InputError, UsageError
from modelkeep.core.settings import Settings, resolve
from modelkeep.policy import settled_thresholds
from modelkeep.policy.strictness import HIGHER_IS_STRICTER, read_thresholds

POLICY = resolve({}, environ={}, start=Path("/")).thresholds()


def settings(tmp_path: Path, name: str, value: float, how: str) -> Settings:
    key, text = (
        f"thresholds.{name}",
        str(int(value) if isinstance(POLICY[name], int) else value),
    )
    if how == "file":
        (tmp_path / "modelkeep.toml").write_text(f"[thresholds]\n{name} = {value}\n")
        return resolve({}, environ={}, start=tmp_path)
    if how == "flag":
        return resolve({key: value}, environ={}, start=tmp_path)
    variable = "MODELKEEP_" + key.upper().replace(".", "_")
    return resolve({}, environ={variable: text}, start=tmp_path)


def moved(name: str, *, stricter: bool) -> float:
    """The policy's value a step away."""
    up = HIGHER_IS_STRICTER[name] is stricter
    step = 1 if name.endswith(("_days", "_rows_min")) else 0.01
    value = POLICY[name] + (step if up else -step)
    return int(value) if step == 1 else value


def test_every_threshold_has_a_direction() -> None:
    assert HIGHER_IS_STRICTER.keys() == POLICY.keys()


@pytest.mark.parametrize("how", ["flag", "variable", "file"])
@pytest.mark.parametrize("profile", ["prod", "report"])
@pytest.mark.parametrize("name", sorted(HIGHER_IS_STRICTER))
def test_weaker_is_refused_with_place_and_remedy_and_stricter_counts(
    tmp_path: Path, name: str, profile: str, how: str
) -> None:
    weak = settings(tmp_path, name, moved(name, stricter=False), how)
    with pytest.raises(UsageError, match=f"{name} = .* is weaker than the policy's") as caught:
        settled_thresholds(profile, weak, tmp_path)
    assert f"{name} in {tmp_path / 'thresholds.toml'}" in str(caught.value.hint)
    assert settled_thresholds("dev", weak, tmp_path)[name] == moved(name, stricter=False)
    strict = settings(tmp_path, name, moved(name, stricter=True), how)
    assert settled_thresholds(profile, strict, tmp_path)[name] == moved(name, stricter=True)


def test_policy_of_the_keep_is_what_counts(tmp_path: Path) -> None:
    nothing = resolve({}, environ={}, start=tmp_path)
    (tmp_path / "thresholds.toml").write_text("robust_share_min = 0.8\n")
    assert settled_thresholds("prod", nothing, tmp_path)["robust_share_min"] == 0.8
    packaged = settings(tmp_path, "robust_share_min", 0.5, "flag")
    with pytest.raises(UsageError, match="weaker"):
        settled_thresholds("prod", packaged, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "robust_share_min = 'low'",
        "fly = 1",
        "test_rows_min = true",
        "test_rows_min = -1",
        "robust_share_min = nan",
        "[",
    ],
)
def test_policy_that_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "thresholds.toml").write_text(text)
    with pytest.raises(InputError, match=r"thresholds\.toml: "):
        read_thresholds(tmp_path)


def test_environment_does_not_widen_what_a_pickle_may_import(tmp_path: Path) -> None:
    wide = resolve({}, environ={"MODELKEEP_SCAN_PICKLE_ALLOW": "os.system"}, start=tmp_path)
    with pytest.raises(UsageError, match=r"scan\.pickle\.allow cannot be widened under prod"):
        settled_thresholds("prod", wide, tmp_path)
    assert settled_thresholds("dev", wide, tmp_path) == POLICY
