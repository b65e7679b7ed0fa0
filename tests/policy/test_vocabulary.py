"""The words of policies: every fact and threshold, typed, and nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import UsageError
from modelkeep.core.settings import resolve
from modelkeep.evidence import TABLE, Facts
from modelkeep.policy import ACTIONS, PPM, packaged_policy, schema_text
from modelkeep.policy.vocabulary import make_context, threshold_longs

THRESHOLDS = resolve({}, environ={}, start=Path("/")).thresholds()
FACTS = {name: kind for row in TABLE for name, kind in row.facts.items()}
PERMIT = "permit (principal, action, resource)"


def validates(clause: str) -> bool:
    text = f"{PERMIT} when {{ {clause} }};"
    return bool(cedarpy.validate_policies(text, schema_text(THRESHOLDS)))


@pytest.mark.parametrize("name", sorted(FACTS))
def test_every_fact_is_an_optional_word_of_its_type(name: str) -> None:
    right, wrong = ("true", "1") if FACTS[name] is bool else ("1", "true")
    assert validates(f"context has {name} && context.{name} == {right}")
    assert not validates(f"context.{name} == {right}")
    assert not validates(f"context has {name} && context.{name} == {wrong}")


@pytest.mark.parametrize("name", sorted(threshold_longs(THRESHOLDS)))
def test_every_threshold_is_a_whole_number_and_used_by_prod(name: str) -> None:
    assert validates(f"context.thresholds.{name} >= 0")
    assert not validates(f"context.thresholds.{name} == true")
    assert f"context.thresholds.{name}" in packaged_policy("prod")


def test_words_that_nobody_can_assert_do_not_validate() -> None:
    assert validates("context.evidence_broken == 0 && context.evidence_age_days >= 0")
    assert not validates("context.model_is_nice == 1")
    assert not validates("context.thresholds.robust_share_min == 1")  # a fraction: see _ppm
    assert not validates("context.thresholds.unheard_of == 1")


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_in_the_schema(action: str) -> None:
    text = f'permit (principal, action == Action::"{action}", resource) when {{ true }};'
    assert cedarpy.validate_policies(text, schema_text(THRESHOLDS))


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.booleans() if kind is bool else st.integers(-(2**63), 2**63 - 1)
            for name, kind in FACTS.items()
        },
    ),
    st.integers(0, 3),
    st.integers(0, 10_000),
)
def test_context_of_any_facts_conforms_to_the_schema(
    values: dict[str, int | bool], broken: int, days: int
) -> None:
    context = make_context(Facts(values, broken=("x",) * broken, oldest_days=days), THRESHOLDS)
    request = {
        "principal": 'User::"alice"',
        "action": 'Action::"load"',
        "resource": 'Model::"a"',
        "context": context,
    }
    schema = schema_text(THRESHOLDS)
    answer = cedarpy.is_authorized(request, f"{PERMIT};", "[]", schema)
    assert (answer.allowed, answer.diagnostics.errors) == (True, [])
    assert {name: context[name] for name in values} == values
    assert (context["evidence_broken"], context["evidence_age_days"]) == (broken, days)


def test_fractions_are_millionths_and_counts_stay_counts() -> None:
    assert threshold_longs(THRESHOLDS) == {
        "robust_share_min_ppm": 500_000,
        "robust_radius_linf_ppm": 30_000,
        "membership_auc_max_ppm": 600_000,
        "test_rows_min": 50,
        "evidence_age_max_days": 30,
    }


@given(st.floats(0, 1000))
def test_no_fraction_is_off_by_more_than_half_a_millionth(value: float) -> None:
    (whole,) = threshold_longs({"share": value}).values()
    assert math.isclose(whole, value * PPM, rel_tol=0, abs_tol=0.5)


@pytest.mark.parametrize("value", [-1.0, -1e-9, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["robust_share_min", "evidence_age_max_days"])
def test_threshold_that_is_no_size_is_a_usage_error(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        threshold_longs({name: value})


def test_schema_does_not_depend_on_the_order_of_thresholds() -> None:
    assert schema_text(dict(reversed(THRESHOLDS.items()))) == schema_text(THRESHOLDS)
