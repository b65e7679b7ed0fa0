"""Models and rows that cannot be judged: what ``assess``, ``check`` and ``harden`` say.

Each is refused with the place and the remedy, or INCONCLUSIVE with what was measured; an
internal error would say so on standard error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import check_samples as samples
from check_samples import said
from model_samples import linear_onnx, onnx_bytes

COMMANDS = ("assess", "check", "harden")
WEIGHTS = np.array([[-1.0, 1.0]] * samples.FEATURES)
ALL = samples.ROWS
QUICK = ("--only", "performance,evasion")  # for assess; the rest is said in other tests


@dataclass(frozen=True)
class Bad:
    """A model, and what is said of it; ``labels`` replaces those of both data sets."""

    model: Callable[[], bytes]
    message: str
    hint: str
    labels: int = 2


def graph(
    nodes: list[Any], arrays: dict[str, np.ndarray], output: int = TensorProto.FLOAT
) -> bytes:
    """A graph from ``rows`` to ``scores``; ``z`` is rows times ``w``."""
    given = {"w": WEIGHTS.astype(np.float32)} | arrays
    return onnx_bytes(
        [helper.make_node("MatMul", ["rows", "w"], ["z"]), *nodes],
        {"rows": (TensorProto.FLOAT, ["n", samples.FEATURES])},
        [helper.make_tensor_value_info("scores", output, None)],
        given,
    )


def answering_one_row() -> bytes:
    mean = helper.make_node("ReduceMean", ["z"], ["scores"], axes=[0], keepdims=1)
    return graph([mean], {})


def three_dimensions() -> bytes:
    node = helper.make_node("Unsqueeze", ["z", "axis"], ["scores"])
    return graph([node], {"axis": np.array([1])})


def labels_only() -> bytes:
    return graph([helper.make_node("ArgMax", ["z"], ["scores"], axis=1)], {}, TensorProto.INT64)


def half_precision() -> bytes:
    node = helper.make_node("Cast", ["z"], ["scores"], to=TensorProto.FLOAT16)
    return graph([node], {}, TensorProto.FLOAT16)


def roots(offset: float) -> bytes:
    """Square roots of the logits: not a number where one lies below ``-offset``."""
    nodes = [
        helper.make_node("Add", ["z", "offset"], ["moved"]),
        helper.make_node("Sqrt", ["moved"], ["scores"]),
    ]
    return graph(nodes, {"offset": np.full(2, offset, np.float32)})


def constant(*scores: float) -> bytes:
    """The same scores for every row."""
    arrays = {"w": np.zeros((samples.FEATURES, 2), np.float32), "b": np.float32([scores])}
    return graph([helper.make_node("Add", ["z", "b"], ["scores"])], arrays)


REFUSED = {
    "classes": Bad(
        lambda: linear_onnx(WEIGHTS),
        "test.npz: labels ['0', '1', '2'] do not match the model's 2 classes ['0', '1']",
        "Name the label column with --label.",
        labels=3,
    ),
    "rank": Bad(
        three_dimensions,
        f"the model answers with shape ({ALL}, 1, 2), not (batch, classes)",
        "Export it so that each row gets one score for each class.",
    ),
    "rows": Bad(
        answering_one_row,
        f"the model answers with shape (1, 2) where {ALL} rows were asked about",
        "Export it so that the first dimension of its output is that of its input.",
    ),
    "whole numbers": Bad(
        labels_only,
        "the model answers tensor(int64): labels only, or scores that are no float or double",
        "Export it with its probabilities as float.",
    ),
    "half precision": Bad(
        half_precision,
        "the model answers tensor(float16): labels only, or scores that are no float or double",
        "Export it with its probabilities as float.",
    ),
    "width": Bad(
        lambda: linear_onnx(np.vstack([WEIGHTS, WEIGHTS[:2]])),
        "the model takes rows of shape (6), the data has (4)",
        "Check the data's columns or sizes, or name the step between raw rows and the model: "
        "--preprocess package.module:function",
    ),
    "no numbers": Bad(
        lambda: roots(0),
        f"the model answers NaN or infinity for {ALL} of {ALL} rows, first for row 0",
        "Look at that row, and at logarithms, roots and divisions in the model.",
    ),
}


def relabelled(path: Path, labels: int) -> None:
    with np.load(path) as found:
        rows = found["x"]
    np.savez(path, x=rows, y=np.arange(len(rows)) % labels)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_asked_is_refused_with_place_and_remedy(
    desk: samples.Sample, command: str, case: str
) -> None:
    bad = REFUSED[case]
    desk.model.write_bytes(bad.model())
    if bad.labels != 2:
        relabelled(desk.data, bad.labels)
        relabelled(desk.test, bad.labels)
    got = said(command, desk.model, *desk.options)
    assert got.code == 2
    if command == "check":  # the file itself was judged: that is reported, and the rest named
        text = " ".join(got.out.split())
        assert got.out.startswith("INCONCLUSIVE")
        assert f"- assessment: could not be done: {bad.message}. {bad.hint}" in text
    else:
        lines = got.err.splitlines()
        assert f"error: {bad.message}" in lines
        assert f"hint: {bad.hint}" in lines
        assert got.out == ""
    assert "internal error" not in got.err
    assert list(Path().glob("*-hardened*")) == []


def report_of(command: str, desk: samples.Sample) -> dict[str, Any]:
    """The report of a model that is INCONCLUSIVE."""
    options = QUICK if command == "assess" else ()
    got = said(command, desk.model, *desk.options, *options, "--format", "json")
    document: dict[str, Any] = json.loads(got.out)
    assert (got.code, document["verdict"]) == (2, "INCONCLUSIVE".lower())
    assert "internal error" not in got.err
    return document


def missed(report: dict[str, Any], what: str) -> str:
    (why,) = [each["why"] for each in report["not_checked"] if each["what"] == what]
    return str(why)


def numbers(report: dict[str, Any]) -> dict[str, float]:
    return {each["name"]: each["value"] for each in report["measurements"]}


@pytest.mark.parametrize("command", ["assess", "check"])
def test_scores_that_stop_being_numbers_are_inconclusive_with_what_was_measured(
    desk: samples.Sample, command: str
) -> None:
    """Every test row has an answer; rows that an assessment changes have none."""
    with np.load(desk.test) as found:
        most = float(np.abs(found["x"].sum(axis=1)).max())
    desk.model.write_bytes(roots(most + 0.5))
    options = ("--only", "performance,corruption") if command == "assess" else ()
    got = said(command, desk.model, *desk.options, *options, "--format", "json")
    report = json.loads(got.out)
    assert (got.code, report["verdict"]) == (2, "inconclusive")
    assert missed(report, "corruption").startswith("stopped: the model answers NaN or infinity")
    assert numbers(report)["test_accuracy"] > 0.9


@pytest.mark.parametrize("command", ["assess", "check"])
@pytest.mark.parametrize("scores", [(0.0, 2.0), (3.0, 3.0)])
def test_a_constant_model_is_inconclusive_and_not_accused_of_masking(
    desk: samples.Sample, command: str, scores: tuple[float, float]
) -> None:
    desk.model.write_bytes(constant(*scores))
    report = report_of(command, desk)
    answer = int(np.argmax(scores))
    assert missed(report, "performance") == (
        f"stopped: the model answers '{answer}' for all {ALL} test rows, which are of 2 "
        "classes. Check the model, its preprocessing and the labels: robustness of a model "
        "that never changes its answer says nothing."
    )
    same = f"the model gives the same scores for all {ALL} rows"
    assert missed(report, "gradient masking") == same
    assert missed(report, "evasion") == same
    assert numbers(report)["test_accuracy"] == pytest.approx(0.5)
    assert not {"robust_accuracy", "masking_indicators"} & set(numbers(report))


def test_a_constant_model_is_not_hardened(desk: samples.Sample) -> None:
    desk.model.write_bytes(constant(0, 2))
    got = said("harden", desk.model, *desk.options)
    assert got.code == 2
    assert f"error: the model answers '1' for all {ALL} test rows" in got.err
    assert "hint: Check the model, its preprocessing and the labels" in got.err
    assert list(Path().glob("*-hardened*")) == []


def keep_one_class(path: Path) -> int:
    with np.load(path) as found:
        rows, labels = found["x"], found["y"]
    np.savez(path, x=rows[labels == 1], y=labels[labels == 1])
    return int((labels == 1).sum())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_test_set_of_one_class_is_inconclusive_or_refused(
    desk: samples.Sample, command: str
) -> None:
    n = keep_one_class(desk.test)
    message = f"all {n} test rows are labelled '1'; the model knows 2 classes"
    hint = "Give test rows of every class: figures of one say nothing of the others."
    if command == "harden":
        got = said(command, desk.model, *desk.options)
        assert got.code == 2
        assert got.err.splitlines()[-2:] == [f"error: {message}", f"hint: {hint}"]
        assert list(Path().glob("*-hardened*")) == []
        return
    report = report_of(command, desk)
    assert missed(report, "performance") == f"stopped: {message}. {hint}"
    assert numbers(report)["test_accuracy"] > 0.9


def test_classes_without_a_test_row_are_named_and_change_nothing(desk: samples.Sample) -> None:
    wide = np.hstack([WEIGHTS, np.zeros((samples.FEATURES, 7))])
    desk.model.write_bytes(linear_onnx(wide))
    got = said("assess", desk.model, *desk.options, "--only", "performance")
    assert got.code == 0
    text = " ".join(got.out.split())
    assert (
        "accuracy of other classes: 7 of the model's 9 have no test row "
        "('2', '3', '4', '5', '6', ...)"
    ) in text
