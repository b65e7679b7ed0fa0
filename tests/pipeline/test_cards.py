"""``card``: claims against evidence, and a card written from it."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, MalformedArtifactError, Verdict
from modelkeep.trust.model_card import read_card


def card_file(folder: Path, **claims: float) -> Path:
    lines = ["---", "model-index:", "- results:", "  - metrics:"]
    for name, value in claims.items():
        lines += [f"    - type: {name}", f"      value: {value}"]
    path = folder / "CARD.md"
    path.write_text("\n".join([*lines, "---", ""]))
    return path


def test_written_card_has_the_numbers_of_the_evidence(
    checked: samples.Checked, tmp_path: Path
) -> None:
    text = pipeline.write_card(checked.sample.model, keep=str(checked.keep))
    claims = {one.metric: one.value for one in read_card(text.encode()).claims}
    assert claims == {m.name: m.value for m in checked.report.measurements}
    assert len(claims) >= 3
    (tmp_path / "README.md").write_text(text)
    report = pipeline.compare_card(
        checked.sample.model, tmp_path / "README.md", keep=str(checked.keep)
    )
    assert (report.verdict, report.findings, report.not_checked) == (Verdict.PASS, (), ())
    assert report.notes == (
        f"{len(claims)} of {len(claims)} claims agree with what was measured",
    )


def test_contradicted_claim_is_found_and_an_unmeasured_one_is_listed(
    checked: samples.Checked, tmp_path: Path
) -> None:
    path = card_file(tmp_path, robust_accuracy=0.9999, bleu=0.4)
    report = pipeline.compare_card(checked.sample.model, path, keep=str(checked.keep))
    (found,) = report.findings
    assert (found.rule, found.evidence["metric"]) == ("CRD001", "robust_accuracy")
    assert "the card claims robust_accuracy 0.9999; measured was" in found.message
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert [left.what for left in report.not_checked] == ["claim bleu 0.4"]
    lenient = pipeline.compare_card(
        checked.sample.model, path, keep=str(checked.keep), fail_on="high"
    )
    assert lenient.verdict is Verdict.PASS


def test_numbers_of_another_digest_do_not_count(
    checked: samples.Checked, tmp_path: Path
) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(checked.sample.model.read_bytes() + b"\0")
    path = card_file(tmp_path, robust_accuracy=0.9999)
    report = pipeline.compare_card(other, path, keep=str(checked.keep))
    assert (report.findings, report.measurements) == ((), ())
    assert len(report.not_checked) == 1
    with pytest.raises(EvidenceError, match=r"other\.onnx: no evidence") as raised:
        pipeline.write_card(other, keep=str(checked.keep))
    assert "modelkeep check" in raised.value.hint


def test_missing_and_broken_cards_are_refused(checked: samples.Checked, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no README\.md") as raised:
        pipeline.compare_card(checked.sample.model, keep=str(checked.keep))
    assert "--card" in raised.value.hint
    with pytest.raises(InputError, match=r"none\.md"):
        pipeline.compare_card(
            checked.sample.model, tmp_path / "none.md", keep=str(checked.keep)
        )
    (tmp_path / "bad.md").write_text("---\n- a\n---\n")
    with pytest.raises(MalformedArtifactError, match="no map"):
        pipeline.compare_card(checked.sample.model, tmp_path / "bad.md", keep=str(checked.keep))


def test_card_in_a_directory_reaches_the_bill(desk: samples.Sample) -> None:
    folder = samples.directory_of(desk.folder / "whole")
    (folder / "model.onnx").write_bytes(desk.model.read_bytes())
    (folder / "README.md").write_text("---\nlicense: mit\ndatasets: [imdb]\n---\n")
    report = pipeline.check(folder)
    assert report.bom is not None
    model = report.bom["metadata"]["component"]
    assert model["licenses"] == [{"license": {"name": "mit"}}]
    values = {p["name"]: p["value"] for p in model["properties"]}
    assert values["modelkeep:unresolved"] == "data set imdb"


def test_base_model_of_the_log_reaches_the_bill_and_a_measured_one_does_not(
    desk: samples.Sample,
) -> None:
    (desk.folder / "trained.onnx").write_bytes(desk.model.read_bytes() + b"\x1a\x00")
    base = desk.folder / "base.onnx"
    base.write_bytes(desk.model.read_bytes())
    with pipeline.record_training(data=[desk.data], base=base) as run:
        run.output(desk.folder / "trained.onnx")
    report = pipeline.check(desk.folder / "trained.onnx")
    assert report.bom is not None
    (ancestor,) = report.bom["metadata"]["component"]["pedigree"]["ancestors"]
    assert ancestor["name"] == "base.onnx"
    again = pipeline.check(base)
    assert again.bom is not None
    assert "pedigree" not in again.bom["metadata"]["component"]
