"""Endpoints: one budget for everything, an end that is said, and nothing recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model_samples as samples
from endpoint_server import WEIGHTS, Server, served
from modelkeep.core import InputError, UsageError, Verdict
from modelkeep.pipeline import (
    assess_endpoint,
    is_endpoint,
    list_evidence,
    verify_at_endpoint,
)
from modelkeep.pipeline.endpoints import read_token
from modelkeep.report import Report

pytestmark = pytest.mark.net
TOKEN = "s3cr3t.t0ken"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seed in (("train", 1), ("test", 2)):
        rows = samples.normal(120, 3, seed=seed)
        np.savez(tmp_path / f"{name}.npz", x=rows, y=(rows @ WEIGHTS > 0).astype(int))
    return tmp_path


def assessed(state: Server, folder: Path, path: str = "/v2/models/m", **more: Any) -> Report:  # noqa: ANN401
    given: dict[str, Any] = {
        "data": folder / "train.npz",
        "test": folder / "test.npz",
        "max_queries": 2000,
        "timeout": 5.0,
        "threat": "linf:0.2",
    }
    return assess_endpoint(f"{state.base}{path}", keep=str(folder / "keep"), **(given | more))


def value(report: Report, name: str) -> float:
    return next(m.value for m in report.measurements if m.name == name)


@pytest.mark.slow
def test_an_endpoint_is_measured_within_one_budget_and_no_number_is_recorded(
    folder: Path,
) -> None:
    with served() as state:
        report = assessed(state, folder)
    sent = state.rows
    assert report.verdict is Verdict.PASS
    assert sent <= 2000
    assert value(report, "test_accuracy") == 1.0
    assert value(report, "extraction_fidelity_equations_scores") == 1.0
    assert value(report, "robust_accuracy") < value(report, "clean_accuracy")
    assert report.subject.name == f"{state.base}/v2/models/m"
    assert str(report.subject.digest) == "no digest"
    spent, unrecorded = report.notes
    assert f"{state.base}/v2/models/m: {sent} of 2000 queries spent" in spent
    parts = spent.rpartition(": ")[2].split(", ")
    assert sum(int(part.rpartition(" ")[2]) for part in parts) == sent
    assert "no measurement was recorded" in unrecorded
    assert not report.receipts
    lines = list_evidence(keep=str(folder / "keep"))
    assert {line.name for line in lines} <= {"train.npz", "test.npz"}, "that rows were read"
    assert any("not tried on an endpoint" in missed.why for missed in report.not_checked)


def test_a_search_within_a_budget_finds_what_is_there_and_no_more(folder: Path) -> None:
    """The model is linear, so the share that any attack can break is known."""
    with served() as state:
        report = assessed(state, folder, only=("evasion-search",), max_queries=6000)
    test = np.load(folder / "test.npz")["x"]
    train = np.load(folder / "train.npz")["x"]
    low, high = np.percentile(train, [1, 99], axis=0)
    reach = 0.2 * ((high - low) * np.abs(WEIGHTS)).sum()
    robust = next(m for m in report.measurements if m.name == "robust_accuracy")
    margins = np.sort(np.abs(test @ WEIGHTS))
    best = (margins > reach).mean()
    assert robust.n == (6000 - 64) // 150
    assert robust.high >= best, "nothing is broken that cannot be"
    assert robust.value <= best + 0.35


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"dies_after": 300}, "after"),
        ({"garbles_after": 300}, "holds no scores"),
        ({"busy_after": 300, "headers": {"Retry-After": "60"}}, "left alone for 60 s"),
        ({"hangs_after": 300}, "no whole answer within"),
    ],
)
def test_what_was_measured_before_an_endpoint_fails_is_reported(
    folder: Path, trouble: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelkeep.models.remote._pause", lambda *_: 0.0)
    with served(**trouble) as state:
        report = assessed(state, folder, timeout=0.5)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.exit_code == 2
    assert value(report, "test_accuracy") == 1.0
    stopped = [missed for missed in report.not_checked if "stopped" in missed.why]
    assert any(said in missed.why for missed in stopped)
    assert any(missed.what == "evasion-search" for missed in stopped)
    assert all(m.name != "robust_accuracy" for m in report.measurements)


def test_an_endpoint_that_never_answers_is_an_error(folder: Path) -> None:
    with served(statuses=[401]) as state, pytest.raises(InputError, match="says 401") as error:
        assessed(state, folder)
    assert "--bearer-file" in error.value.hint
    with served() as state:
        gone = state.base
    state.base = gone
    with pytest.raises(InputError, match="efused"):
        assessed(state, folder)


@pytest.mark.parametrize("queries", [1, 30, 300])
def test_a_budget_that_ends_is_kept_and_what_it_left_out_is_named(
    folder: Path, queries: int
) -> None:
    with served() as state:
        report = assessed(state, folder, max_queries=queries)
    assert state.rows <= queries
    assert report.verdict is (Verdict.PASS if queries == 300 else Verdict.INCONCLUSIVE)
    why = {missed.what: missed.why for missed in report.not_checked}
    if queries == 300:
        accuracy = next(m for m in report.measurements if m.name == "test_accuracy")
        assert accuracy.n < 120
        assert "on some of 120 rows" in accuracy.note
    else:
        assert "queries are left, and attacking one row takes 150" in why["evasion-search"]
        assert "queries are left, and copying takes at least 40" in why["extraction"]


def test_a_token_is_sent_and_never_shown(folder: Path) -> None:
    file = folder / "token"
    file.write_text(f"{TOKEN}\n")
    with served() as state:
        report = assessed(state, folder, bearer_file=file, only=("performance",))
        assert state.authorization == f"Bearer {TOKEN}"
    for style in ("table", "json", "html", "md", "sarif", "junit", "cyclonedx"):
        assert TOKEN not in report.render(style)
    with pytest.raises(InputError, match="in the clear"):
        assess_endpoint("http://models.example/score", test=file, bearer_file=file)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"two words", b"caf\xc3\xa9", b"a\r\nX-Header: b", b"x" * 20_000]
)
def test_a_file_that_holds_no_token_is_refused_without_repeating_it(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(InputError, match="holds no token") as error:
        read_token(file)
    assert "X-Header" not in str(error.value)
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path / "missing")
    with pytest.raises(InputError, match="cannot be read"):
        read_token(tmp_path)


def test_points_are_exported_and_looked_at_again_at_the_endpoint(folder: Path) -> None:
    file = folder / "found.npz"
    with served() as state:
        assessed(state, folder, adversarial=file, only=("evasion-search",))
        look = verify_at_endpoint(file, address=f"{state.base}/v2/models/m")
        assert len(look.holds) > 0
        assert look.holds.all()
        with pytest.raises(InputError, match="budget of 1 queries"):
            verify_at_endpoint(file, address=f"{state.base}/x", max_queries=1)


def test_texts_are_attacked_at_an_endpoint_too(folder: Path) -> None:
    lines = [
        json.dumps({"body": f"a {word} day number {at}", "kind": int(word == "fine")})
        for at in range(6)
        for word in ("fine", "poor")
    ]
    (folder / "texts.jsonl").write_text("\n".join(lines))

    def reads(texts: np.ndarray) -> np.ndarray:
        return samples.two_classes(np.array([float("fine" in text) for text in texts]))

    texts = {"data": None, "test": folder / "texts.jsonl", "text": "body", "label": "kind"}
    with served(answer=reads) as state:
        report = assessed(state, folder, **texts)
        assert state.requests[0]["body"]["inputs"][0]["datatype"] == "BYTES"
        assert value(report, "test_accuracy") == 1.0
        assert value(report, "robust_accuracy") == 0.5, "nothing makes a text fine"
        with pytest.raises(UsageError, match="texts are not exported"):
            assessed(state, folder, **texts, adversarial=folder / "found.npz")


def test_bad_input_is_refused_before_anything_is_sent(folder: Path) -> None:
    with served() as state:
        for more, kind, said in (
            ({"test": None}, InputError, "no test rows"),
            ({"test": folder / "missing.npz"}, InputError, "no such test data"),
            ({"max_queries": 0}, UsageError, "at least one query"),
            ({"timeout": float("nan")}, UsageError, "a time in seconds"),
            ({"only": ("guessing",)}, UsageError, "no attack 'guessing'"),
            ({"data": None, "adversarial": folder / "x.npz"}, InputError, "training rows"),
        ):
            with pytest.raises(kind, match=said):
                assessed(state, folder, **more)
        assert not state.requests
    assert is_endpoint("HTTPS://host/x")
    assert not is_endpoint("http.onnx")
