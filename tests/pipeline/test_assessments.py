"""Assess: what is asked for is measured, recorded, exported, and continued when killed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import check_samples as samples
from modelkeep import assess as assessing
from modelkeep.core import InputError, UsageError, Verdict
from modelkeep.core.errors import EvidenceError
from modelkeep.pipeline import assess, verify_adversarial


@pytest.fixture
def desk(tmp_path: Path) -> samples.Sample:
    return samples.write_sample(tmp_path)


def options(desk: samples.Sample, **more: object) -> dict[str, object]:
    return {**desk.rows, "keep": str(desk.folder / "keep"), "only": ("evasion",)} | more


@pytest.mark.parametrize("threat", ["linf:0.1", "l2:0.2", "l1:0.3"])
def test_points_that_are_exported_hold_when_the_model_is_asked_again(
    desk: samples.Sample, threat: str
) -> None:
    file = desk.folder / "found.npz"
    report = assess(desk.model, **options(desk, threat=threat, adversarial=file))
    robust = next(m for m in report.measurements if m.name == "robust_accuracy")
    assert robust.attacker is not None
    assert f"{robust.attacker.norm}:{robust.attacker.radius:g}" == threat
    assert robust.attacker.knowledge == "white box", "the ONNX model was converted"
    assert robust.budget["passes"] > 0
    look = verify_adversarial(file, model=desk.model, keep=str(desk.folder / "keep"))
    assert look.holds.all()
    clean = next(m for m in report.measurements if m.name == "clean_accuracy")
    assert len(look.holds) == round((clean.value - robust.value) * robust.n) > 0
    assert report.verdict is Verdict.PASS
    assert [receipt.predicate for receipt in report.receipts] == ["evasion"]


def test_only_what_is_asked_for_is_run_and_unknown_kinds_are_refused(
    desk: samples.Sample,
) -> None:
    report = assess(desk.model, **options(desk, only=("PER001",)))
    assert {receipt.predicate for receipt in report.receipts} == {"performance"}
    with pytest.raises(UsageError, match="no attack 'guessing'"):
        assess(desk.model, **options(desk, only=("guessing",)))
    with pytest.raises(UsageError):
        assess(desk.model, **options(desk, threat="l3:1"))
    with pytest.raises(InputError, match="no data"):
        assess(desk.model, keep=str(desk.folder / "keep"))


def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been_killed(
    desk: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = assess(desk.model, **options(desk, adversarial=desk.folder / "whole.npz"))
    real, calls = assessing.white_box.search, 0
    engine = assessing.evasion_gradient.ENGINE

    def killed(*given: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(
        assessing.evasion_gradient,
        "ENGINE",
        type(engine)(engine.name, engine.knowledge, killed),
    )
    with pytest.raises(KeyboardInterrupt):
        assess(desk.model, **options(desk))
    assert list((desk.folder / "keep" / "unfinished").rglob("*.note"))
    monkeypatch.undo()
    rest = assess(desk.model, **options(desk, adversarial=desk.folder / "rest.npz"))
    assert rest.measurements == whole.measurements, "passes of the killed run count, too"
    assert not list((desk.folder / "keep" / "unfinished").rglob("*.note"))
    with (
        np.load(desk.folder / "whole.npz") as first,
        np.load(desk.folder / "rest.npz") as second,
    ):
        assert all(np.array_equal(first[name], second[name]) for name in first.files)


def test_a_model_that_was_not_scanned_clean_is_not_loaded(desk: samples.Sample) -> None:
    bad = desk.folder / "bad.pkl"
    bad.write_bytes(samples.BOMB)
    with pytest.raises(EvidenceError, match="not loaded"):
        assess(bad, **options(desk))


def test_a_constant_model_and_rows_of_one_class_are_said_not_scored(
    desk: samples.Sample,
) -> None:
    rows, labels = np.zeros((30, samples.FEATURES), np.float32), np.zeros(30, int)
    rows[:, 0] = np.linspace(-3, -1, 30)
    np.savez(desk.test, x=rows, y=labels)
    report = assess(desk.model, **options(desk))
    assert any("one class" in missed.why for missed in report.not_checked)


def test_an_earlier_version_is_compared_and_named_in_the_record(desk: samples.Sample) -> None:
    old = desk.folder / "old.onnx"
    old.write_bytes(desk.model.read_bytes())
    given = options(desk, only=("explanation",), against=old)
    report = assess(desk.model, **given)
    moved = [m for m in report.measurements if m.name.startswith("explanation_move[")]
    assert moved
    assert all(m.value == 0 and m.low < 0 < m.high for m in moved), "the same bytes"
    assert report.risks == ()
    assert [m.name for m in report.materials if m.kind == "model"] == ["old.onnx"]
    assert "What moved: permutation" in report.render("html")


def test_an_earlier_version_is_scanned_and_refused_like_any_model(desk: samples.Sample) -> None:
    bad = desk.folder / "bad.pkl"
    bad.write_bytes(samples.BOMB)
    with pytest.raises(EvidenceError, match="not loaded"):
        assess(desk.model, **options(desk, against=bad))
    with pytest.raises(InputError, match="nowhere"):
        assess(desk.model, **options(desk, against=desk.folder / "nowhere.onnx"))
    report = assess(desk.model, **options(desk, only=("EXP002",)))
    (missed,) = report.not_checked
    assert missed.why == "no earlier version was named (modelkeep assess NEW --against OLD)"
