"""``modelkeep check``: from the shell to the same verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said


def test_sound_model_is_0_with_its_numbers(desk: samples.Sample) -> None:
    got = said("check", desk.model, *desk.options)
    assert got.code == 0
    assert "robust_accuracy at linf:0.03" in got.out
    assert "deploy allowed by policy dev" in got.out


def test_unsigned_model_is_1_under_prod_with_the_reason(desk: samples.Sample) -> None:
    got = said("check", desk.model, *desk.options, "--profile", "prod")
    assert got.code == 1
    assert got.out.startswith("FAIL  model.onnx  (prod profile, deploy)")
    assert "- signed-by-trusted: " in got.out
    assert "mend: modelkeep sign MODEL" in got.out


def test_signed_model_is_0_under_prod(desk: samples.Sample) -> None:
    assert said("sign", desk.model).code == 0
    assert said("check", desk.model, *desk.options, "--profile", "prod").code == 0


def test_report_profile_is_0_and_still_says_fail(desk: samples.Sample) -> None:
    got = said("check", desk.model, "--profile", "report")
    assert got.code == 0
    assert got.out.startswith("FAIL  model.onnx  (report profile, deploy)")


def test_pickle_bomb_is_1_and_truncated_file_is_2(desk: samples.Sample) -> None:
    bomb, cut = desk.folder / "bomb.pkl", desk.folder / "cut.pkl"
    bomb.write_bytes(samples.BOMB)
    cut.write_bytes(samples.PLAIN_PICKLE[:-2])
    assert said("check", bomb).code == 1
    assert said("check", cut).code == 2


def test_wrong_factory_is_2_and_named(desk: samples.Sample) -> None:
    weights = samples.write_weights(desk.folder)
    got = said("check", weights, *desk.options, "--code", "code", "--factory", "nowhere:build")
    assert got.code == 2
    assert got.out.startswith("INCONCLUSIVE")
    assert "'nowhere'" in got.out


def test_action_is_the_one_decided_on(desk: samples.Sample) -> None:
    got = said("check", desk.model, "--action", "load")
    assert "load allowed by policy dev" in got.out


def test_fail_on_fails_what_the_gate_allows(desk: samples.Sample) -> None:
    assert said("check", desk.model, "--fail-on", "medium").code == 1
    assert said("check", desk.model, "--fail-on", "high").code == 0


def test_numbers_follow_the_options(desk: samples.Sample) -> None:
    options = ["--epsilon", "0.1", "--seed", "7", "--format", "json"]
    report = json.loads(said("check", desk.model, *desk.options, *options).out)
    (robust,) = [m for m in report["measurements"] if m["name"] == "robust_accuracy"]
    assert (robust["attacker"]["radius"], robust["seed"]) == (0.1, 7)


def test_environment_is_read_and_a_flag_wins(
    desk: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_PROFILE", "dev")
    monkeypatch.setenv("MODELKEEP_ACTION", "store")
    got = said("check", desk.model)
    assert (got.code, "store allowed by policy dev" in got.out) == (0, True)
    got = said("check", desk.model, "--profile", "prod")
    assert (got.code, "store denied by policy prod" in got.out) == (1, True)


def test_environment_does_not_weaken_a_keep_of_prod(
    desk: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said("init", "--profile", "prod").code == 0
    monkeypatch.setenv("MODELKEEP_PROFILE", "dev")
    for words in (("check", desk.model), ("gate", desk.model, "--action", "load")):
        got = said(*words)
        assert (got.code, "its profile is prod" in got.err) == (64, True), words
    monkeypatch.setenv("MODELKEEP_PROFILE", "prod")
    assert said("gate", desk.model, "--action", "load").code == 1


def test_keep_is_named_by_flag_or_environment(
    desk: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELKEEP_KEEP", "from-environment")
    assert said("check", desk.model).code == 0
    assert said("--keep", "from-flag", "check", desk.model).code == 0
    made = sorted(path.parent.name for path in Path().glob("*/keep.json"))
    assert made == ["from-environment", "from-flag"]
    assert not Path(".modelkeep").exists()


def test_settings_file_changes_the_verdict(desk: samples.Sample) -> None:
    said("sign", desk.model)
    assert said("check", desk.model, *desk.options, "--profile", "prod").code == 0
    Path("modelkeep.toml").write_text(
        'profile = "prod"\n[thresholds]\nmembership_auc_max = 0.1\n'
    )
    got = said("check", desk.model, *desk.options)
    assert got.code == 1
    assert "- members-hidden: " in got.out


def test_settings_file_with_an_unknown_key_is_64(desk: samples.Sample) -> None:
    Path("modelkeep.toml").write_text("[thresholds]\nmembership_max = 0.1\n")
    got = said("check", desk.model)
    assert (got.code, got.out) == (64, "")
    assert "membership_max" in got.err


def test_anchor_is_written(desk: samples.Sample) -> None:
    assert said("check", desk.model, "--anchor", "anchor.txt").code == 0
    assert said("evidence", "verify", "--anchor", "anchor.txt").code == 0


def test_html_report_of_a_full_check_holds_both_plots(desk: samples.Sample) -> None:
    said("check", desk.model, *desk.options, "--output", "html=report.html")
    assert Path("report.html").read_text().count("<svg") == 2
