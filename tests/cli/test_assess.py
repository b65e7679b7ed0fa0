"""The command: files and endpoints take their own options, and exit codes say how it went."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import model_samples as samples
from endpoint_server import WEIGHTS, served
from modelkeep.cli.main import run

TOKEN = "s3cr3t.t0ken"


@pytest.fixture
def test_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    rows = samples.normal(60, 3, seed=2)
    np.savez(tmp_path / "test.npz", x=rows, y=(rows @ WEIGHTS > 0).astype(int))
    (tmp_path / "token").write_text(TOKEN)
    return str(tmp_path / "test.npz")


@pytest.mark.net
def test_an_endpoint_is_assessed_and_its_token_stays_untold(
    test_rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--test", test_rows, "--max-queries", "500", "--bearer-file", "token"]
    with served() as state:
        code = run(["assess", f"{state.base}/score", *given, "--only", "performance"])
        assert state.authorization == f"Bearer {TOKEN}"
    said = capsys.readouterr()
    assert code == 0
    assert f"{state.base}/score" in said.out
    assert "of 500 queries spent" in said.out.replace("\n      ", " ")
    assert "no measurement was recorded" in said.out
    assert TOKEN not in said.out + said.err


@pytest.mark.net
def test_an_endpoint_that_dies_ends_with_exit_code_2_and_what_was_measured(
    test_rows: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(dies_after=130) as state:
        code = run(["assess", f"{state.base}/score", "--test", test_rows, "--timeout", "2"])
    said = capsys.readouterr()
    assert code == 2
    assert said.out.startswith("INCONCLUSIVE")
    assert "test_accuracy 1.000" in said.out
    assert "extraction: stopped: " in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://127.0.0.1:1/x", "--roots", "r.pem"], "--roots is for a model that is a file"),
        (["http://127.0.0.1:1/x", "--factory", "a:b"], "--factory is for a model that is a f"),
        (["model.onnx", "--max-queries", "0"], "--max-queries is for a model that is an end"),
        (["model.onnx", "--bearer-file", "f"], "--bearer-file is for a model that is an end"),
        (["http://127.0.0.1:1/x", "--model", "m.onnx"], "name the model, once"),
        (["--test", "x.npz"], "name the model, once"),
    ],
)
def test_options_of_the_other_kind_of_model_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["assess", *arguments]) == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://user:hunter2@127.0.0.1/x", "names a user or a password"),
        ("http://127.0.0.1/x?key=hunter2", "has a query"),
    ],
)
def test_secrets_in_an_address_are_refused_and_not_repeated(
    test_rows: str, address: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["assess", address, "--test", test_rows]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "--bearer-file" in shown.err
    assert "hunter2" not in shown.out + shown.err
