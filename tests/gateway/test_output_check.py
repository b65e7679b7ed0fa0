"""A golden set of answers: every invalid one withheld by its rule, no valid one refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelkeep.gateway.config import BusinessRule, ModelRules
from modelkeep.gateway.interface import Answer, Call, Principal, TensorSpec
from modelkeep.gateway.output_check import OutputCheck, scores_of
from modelkeep.gateway.refusal import RefusalError

WHO = Principal("k", "t", frozenset("*"), frozenset(["infer"]))
FEATURES = np.array([[20.0, 1.0], [70.0, 2.0]], dtype=np.float32)
SPECS = (TensorSpec("p", "FP32", (-1, 2)), TensorSpec("label", "INT64", (-1,)))
PROBABLE = np.array([[0.25, 0.75], [0.9, 0.1]], dtype=np.float32)
LIMITED = ModelRules(probabilities=True, score_low=0.0, score_high=1.0)
OLD = BusinessRule(id="old", feature=0, above=65.0, column=1, at_most=0.5)


def judge(
    outputs: dict[str, Any], rules: ModelRules = LIMITED, specs: tuple[TensorSpec, ...] = SPECS
) -> str:
    """The rule an answer to two rows is withheld by; empty where it is answered."""
    call = Call(WHO, "m", {"rows": FEATURES}, 2, "")
    found = {name: np.asarray(values) for name, values in outputs.items()}
    answer = Answer(found, scores_of(found, rules.scores))
    try:
        OutputCheck(rules, specs).require_sound(call, answer)
    except RefusalError as refusal:
        return refusal.rule if refusal.status == 502 else str(refusal.status)
    return ""


def changed(row: int, column: int, value: float) -> np.ndarray:
    found = PROBABLE.copy()
    found[row, column] = value
    return found


VALID: dict[str, tuple[dict[str, Any], ModelRules, tuple[TensorSpec, ...]]] = {
    "plain": ({"p": PROBABLE}, LIMITED, SPECS),
    "with a label": ({"p": PROBABLE, "label": [1, 0]}, LIMITED, SPECS),
    "certain": ({"p": [[0.0, 1.0], [1.0, 0.0]]}, LIMITED, SPECS),
    "float16 sums": ({"p": np.full((2, 3), 1 / 3, np.float16)}, LIMITED, ()),
    "float32 sum of 1,000": ({"p": np.full((2, 1000), 1e-3, np.float32)}, LIMITED, ()),
    "logits": ({"p": [[-90.0, 4.0], [1e30, 0.0]]}, ModelRules(), SPECS),
    "bounds themselves": (
        {"p": np.array([[0.1, 0.3], [0.3, 0.1]], np.float32)},
        ModelRules(score_low=0.1, score_high=0.3),
        SPECS,
    ),
    "a number a row": ({"y": [3.0, 4.0]}, ModelRules(scores="y", score_high=4.0), ()),
    "undeclared batch size": ({"p": PROBABLE}, LIMITED, (TensorSpec("p", "FP32", (1, 2)),)),
    "free columns": ({"p": PROBABLE}, LIMITED, (TensorSpec("p", "FP32", (-1, -1)),)),
    "names": ({"label": np.array(["yes", "no"])}, ModelRules(), ()),
    "rule kept": ({"p": PROBABLE}, ModelRules(rules=(OLD,)), SPECS),
    "rule at its bound": ({"p": changed(1, 1, 0.5)}, ModelRules(rules=(OLD,)), SPECS),
    "rule that does not apply": ({"p": changed(0, 1, 0.99)}, ModelRules(rules=(OLD,)), SPECS),
    "rule on a number a row": (
        {"y": [9.0, 0.4]},
        ModelRules(scores="y", rules=(BusinessRule(id="o", feature=0, above=65, at_most=0.5),)),
        (),
    ),
}
INVALID: dict[str, tuple[str, dict[str, Any], ModelRules]] = {
    "nan": ("output.finite", {"p": changed(0, 0, np.nan)}, ModelRules()),
    "infinite": ("output.finite", {"p": changed(1, 1, -np.inf)}, ModelRules()),
    "nan elsewhere": ("output.finite", {"p": PROBABLE, "q": [np.nan, 0.0]}, ModelRules()),
    "a row less": ("output.rows", {"p": PROBABLE[:1]}, ModelRules()),
    "a row more": ("output.rows", {"p": np.vstack([PROBABLE, PROBABLE])}, ModelRules()),
    "no rows": ("output.rows", {"p": PROBABLE[:0]}, ModelRules()),
    "scalar": ("output.rows", {"p": 0.5}, ModelRules()),
    "a column more": ("output.shape", {"p": np.full((2, 3), 1 / 3)}, LIMITED),
    "an axis more": ("output.shape", {"p": PROBABLE[:, :, None]}, LIMITED),
    "an axis less": ("output.shape", {"p": [0.5, 0.5]}, LIMITED),
    "another name": ("output.names", {"weights": PROBABLE}, LIMITED),
    "scores missing": ("output.scores", {"label": [1, 0]}, LIMITED),
    "named scores missing": ("output.scores", {"p": PROBABLE}, ModelRules(scores="q")),
    "no columns": ("output.scores", {"p": PROBABLE[:, :0]}, ModelRules(scores="p")),
    "scores are texts": (
        "output.scores",
        {"p": np.array([["a", "b"], ["c", "d"]])},
        ModelRules(scores="p"),
    ),
    "above": ("output.range", {"p": changed(0, 1, 1.5)}, ModelRules(score_high=1.0)),
    "below": ("output.range", {"p": changed(0, 1, -1e-3)}, ModelRules(score_low=0.0)),
    "negative probability": (
        "output.probabilities",
        {"p": [[-0.01, 1.01], [0.5, 0.5]]},
        ModelRules(probabilities=True),
    ),
    "sum above 1": ("output.probabilities", {"p": changed(0, 0, 0.26)}, LIMITED),
    "sum below 1": ("output.probabilities", {"p": PROBABLE * 0.5}, LIMITED),
    "logits for probabilities": (
        "output.probabilities",
        {"p": [[2.0, 3.0], [0.0, 1.0]]},
        ModelRules(probabilities=True),
    ),
    "rule broken": ("output.rule.old", {"p": changed(1, 1, 0.6)}, ModelRules(rules=(OLD,))),
    "rule of a feature that is not there": (
        "output.rule.x",
        {"p": PROBABLE},
        ModelRules(rules=(BusinessRule(id="x", feature=2),)),
    ),
    "rule of a feature before the first": (
        "output.rule.x",
        {"p": PROBABLE},
        ModelRules(rules=(BusinessRule(id="x", feature=-1),)),
    ),
    "rule of a column that is not there": (
        "output.rule.x",
        {"p": PROBABLE},
        ModelRules(rules=(BusinessRule(id="x", feature=0, column=2),)),
    ),
}
UNDECLARED = {"no columns", "scores are texts"}


@pytest.mark.parametrize("what", VALID)
def test_valid_answer_is_given(what: str) -> None:
    outputs, rules, specs = VALID[what]
    assert judge(outputs, rules, specs) == ""


@pytest.mark.parametrize("what", INVALID)
def test_invalid_answer_is_withheld_by_its_rule(what: str) -> None:
    rule, outputs, rules = INVALID[what]
    bare = what in UNDECLARED or "q" in outputs
    assert judge(outputs, rules, () if bare else SPECS) == rule


@given(arrays(np.float64, (2, 4), elements=st.floats(1e-6, 1.0)), st.integers(0, 7))
def test_probabilities_pass_and_a_planted_fault_anywhere_does_not(
    weights: np.ndarray, at: int
) -> None:
    scores = weights / weights.sum(axis=1, keepdims=True)
    assert judge({"p": scores}, LIMITED, ()) == ""
    for fault in (np.nan, np.inf, -0.5, 1.5):
        wrong = scores.copy()
        wrong.flat[at] = fault
        assert judge({"p": wrong}, LIMITED, ()).startswith("output.")


def test_scores_are_the_last_rows_of_several_floats_or_what_the_operator_names() -> None:
    outputs = {"a": np.ones((2, 3)), "b": np.ones((2, 2)), "n": np.ones((2, 2), int)}
    assert scores_of(outputs, "") == "b"
    assert scores_of(outputs, "a") == "a"
    assert scores_of({"n": np.ones((2, 2), int), "y": np.ones(2)}, "") == ""
