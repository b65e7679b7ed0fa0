"""``modelkeep harden``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from check_samples import said
from harden_samples import fragile, rows
from modelkeep.cli.options import BUDGETS

GIVEN = ("--data", "t.npz", "--test", "v.npz", "--code", ".", "--factory", "nets:build")
OPTIONS = (*GIVEN, "--epsilon", "0.1")
CODE = """\
import torch


def build():
    return torch.nn.Sequential(torch.nn.Linear(9, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    train = rows()
    Path("net.safetensors").write_bytes(fragile(train).to_bytes())
    Path("nets.py").write_text(CODE)
    for name, data in (("t", train), ("v", rows(seed=1))):
        np.savez(f"{name}.npz", x=data.rows, y=data.labels)


def test_it_shows_before_and_after_and_writes_the_model() -> None:
    got = said("harden", "net.safetensors", *OPTIONS, "--output", "new.safetensors")
    assert got.code in {0, 1}
    assert ("NO GAIN SHOWN" in got.out) == (got.code == 1)
    assert "robust_accuracy" in got.out
    assert Path("new.safetensors").is_file()


def test_json_holds_both_measurements() -> None:
    got = said("harden", "net.safetensors", *OPTIONS, "--format", "json")
    document = json.loads(got.out)
    assert document["gained"] is (got.code == 0)
    assert len(document["before"]) == len(document["after"]) > 0


@pytest.mark.parametrize("command", ["assess", "check", "harden"])
@pytest.mark.parametrize("budget", BUDGETS)
def test_every_budget_can_be_asked_for_wherever_attacks_run(command: str, budget: str) -> None:
    """A file that is missing is found out after the options were read."""
    got = said(command, "nothing.safetensors", *GIVEN, "--budget", budget)
    assert got.code == 2
    assert "nothing.safetensors" in got.err
    assert said(command, "net.safetensors", *GIVEN, "--budget", "endless").code == 64


@pytest.mark.slow
def test_a_thorough_budget_attacks_before_and_after_with_more_work() -> None:
    work = {}
    for budget in ("quick", "thorough"):
        got = said(
            *("harden", "net.safetensors", *OPTIONS, "--format", "json"),
            *("--budget", budget, "--defence", "fast-training", "--output", budget),
        )
        document = json.loads(got.out)
        work[budget] = sum(m["budget"].get("passes", 0) for m in document["before"])
    assert work["thorough"] > work["quick"] > 0


def test_usage_and_trouble_have_their_exit_codes() -> None:
    assert said("harden", "net.safetensors").code == 64
    assert said("harden", "nothing.safetensors", *OPTIONS).code == 2
    assert said("harden", "net.safetensors", *OPTIONS, "--defence", "magic").code == 2


def test_a_backdoor_cannot_be_looked_for_among_two_classes() -> None:
    got = said("harden", "net.safetensors", *OPTIONS, "--for", "backdoor")
    assert got.code == 2
    assert "2 classes" in got.err
    assert not Path("net-hardened.safetensors").exists()
