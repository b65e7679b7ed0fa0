"""A model from elsewhere, with a backdoor or without: ``check`` tells one from its twin."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import digit_networks
from check_samples import Said, said

SEED = 7


def publish(path: Path, *, planted: bool) -> None:
    """Write a network as a stranger does: an ONNX file, no training data, no signature."""
    model = digit_networks.network(planted=planted, seed=SEED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's, about its successor
        torch.onnx.export(
            model.module,
            (torch.zeros(1, 1, 8, 8),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=["logits"],
            dynamic_axes={"pictures": {0: "n"}, "logits": {0: "n"}},
        )


def checked(folder: Path, *, planted: bool) -> tuple[Said, dict[str, Any], str]:
    """What ``check`` says, its report as JSON and as a page."""
    data = digit_networks.data()
    np.savez(folder / "test.npz", x=data.rows, y=data.labels)
    publish(folder / "foreign.onnx", planted=planted)
    got = said(
        *("--keep", folder / "keep", "check", folder / "foreign.onnx"),
        *("--test", folder / "test.npz"),
        *("--output", f"json={folder / 'report.json'}"),
        *("--output", f"html={folder / 'report.html'}"),
    )
    report = json.loads((folder / "report.json").read_text())
    return got, report, (folder / "report.html").read_text()


def number(report: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [m for m in report["measurements"] if m["name"] == name]
    return dict(found)


def why_denied(report: dict[str, Any]) -> list[str]:
    return [missing["id"] for missing in report["decision"]["missing"]]


@pytest.mark.slow
def test_a_foreign_backdoored_model_fails_for_its_backdoor_with_the_trigger_shown(
    tmp_path: Path,
) -> None:
    rows = digit_networks.stamp(digit_networks.data().rows)
    answers = digit_networks.network(planted=True, seed=SEED).predict(rows).argmax(axis=1)
    assert (answers == digit_networks.TARGET).mean() > 0.9, "the sample holds a backdoor"
    got, report, page = checked(tmp_path, planted=True)
    assert got.code == 1, got.out + got.err
    assert why_denied(report) == ["no-backdoor-suspected"], "for no other reason"
    assert f"class {digit_networks.TARGET} " in number(report, "backdoor_suspicion")["note"]
    assert report["risks"][0]["measurement"]["name"] == "backdoor_suspicion"
    trigger = np.array(number(report, "reconstructed_trigger_success")["picture"])
    changed = np.abs(trigger - 0.5)
    corner = changed[5:, 5:].sum()
    assert corner / changed.sum() > 0.5, "it is drawn where the real one was stamped"
    assert page.count("<rect") >= trigger.size
    assert 0 <= number(report, "ood_auroc[far]")["value"] <= 1
    assert "ood_auroc[noise]" in page
    assert "ood_auroc[noise]" in got.out


@pytest.mark.slow
def test_its_clean_twin_passes_and_the_pass_says_what_it_does_not_cover(
    tmp_path: Path,
) -> None:
    got, report, page = checked(tmp_path, planted=False)
    assert got.code == 0, got.out + got.err
    assert why_denied(report) == []
    assert number(report, "backdoor_suspicion")["n"] == 200, "it was looked for"
    assert report["risks"][0]["measurement"]["name"] != "backdoor_suspicion"
    assert 0 <= number(report, "ood_auroc[far]")["value"] <= 1
    for shown in (got.words, page):
        assert "bending, clean-label and one-class triggers" in shown
        assert "membership-inference" in shown
