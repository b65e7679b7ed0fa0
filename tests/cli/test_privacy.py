from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.cli.main import run


@pytest.fixture(autouse=True)
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("a,b\n1,2\n")


def test_a_budget_is_set_charged_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    budget = ["--epsilon", "2", "--delta", "1e-5", "--reason", "agreed"]
    assert run(["privacy", "budget", "rows.csv", *budget]) == 0
    charge = ["privacy", "charge", "rows.csv", "--epsilon", "1.5", "--purpose", "a table"]
    assert run(charge) == 0
    assert run(charge) == 2
    assert "would be overspent" in capsys.readouterr().err
    assert run(["privacy", "show", "rows.csv"]) == 0
    shown = capsys.readouterr().out
    assert "a table" in shown
    assert "spent epsilon 1.500 of 2 at delta 1e-05" in shown
    assert run(["privacy", "show", "rows.csv", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["spent"] == 1.5


def test_what_cannot_be_done_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["--epsilon", "-1", "--delta", "1e-5", "--reason", "x"]
    assert run(["privacy", "budget", "rows.csv", *wrong]) == 2
    assert "are no privacy budget" in capsys.readouterr().err
    assert run(["privacy", "budget", "rows.csv"]) == 64
