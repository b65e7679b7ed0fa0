"""``modelkeep card``: codes and files."""

from __future__ import annotations

from pathlib import Path

import check_samples as samples
from check_samples import said
from modelkeep.trust.model_card import read_card


def test_card_is_written_and_agrees(checked: samples.Checked, tmp_path: Path) -> None:
    card, model = tmp_path / "README.md", checked.sample.model
    got = said("--keep", checked.keep, "card", model, "--write", card)
    assert (got.code, got.err) == (0, f"wrote {card}\n")
    assert read_card(card.read_bytes()).claims
    assert said("--keep", checked.keep, "card", model, "--card", card).code == 0
    card.write_text(card.read_text().replace("value: ", "value: 9"))
    got = said("--keep", checked.keep, "card", model, "--card", card)
    assert got.code == 1
    assert "CRD001" in got.out


def test_sad_paths_name_place_and_remedy(checked: samples.Checked, tmp_path: Path) -> None:
    model = checked.sample.model
    got = said("--keep", checked.keep, "card", model)
    assert got.code == 2
    assert "hint: Name the card with --card." in got.err
    got = said("--keep", checked.keep, "card", model, "--write", tmp_path / "no" / "README.md")
    assert got.code == 2
    assert "No such file" in got.err
    assert said("--keep", checked.keep, "card", tmp_path / "none.onnx").code == 2
