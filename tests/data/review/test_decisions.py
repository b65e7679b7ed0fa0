"""No removal over the limit without two reviewers, whatever the order of events."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from modelkeep.data.review import CHOICES, ReviewDecision, plan_removal, rule_on

GROUPS = {"a": frozenset(range(3)), "b": frozenset(range(3, 6)), "c": frozenset(range(5, 90))}
ROWS, LIMIT = 1000, 0.005


def said(group: str, choice: str, who: str) -> ReviewDecision:
    return ReviewDecision(group, choice, who, "seen")  # type: ignore[arg-type]


class Review(RuleBasedStateMachine):
    """Reviewers decide in any order, change their minds, and write their names anyhow."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions: list[ReviewDecision] = []

    @rule(
        group=st.sampled_from([*GROUPS, "unknown"]),
        choice=st.sampled_from(CHOICES),
        who=st.sampled_from(["ann", "Ann ", "bob", "eve"]),
    )
    def decide(self, group: str, choice: str, who: str) -> None:
        self.decisions.append(said(group, choice, who))

    @invariant()
    def nothing_over_the_limit_has_fewer_than_two_agreeing_reviewers(self) -> None:
        plan = plan_removal(GROUPS, ["a", "c"], self.decisions, rows=ROWS, limit=LIMIT)
        touched = frozenset().union(*(GROUPS[group] for group in plan.apply))
        last: dict[str, dict[str, str]] = {}
        for one in self.decisions:
            last.setdefault(one.group, {})[one.reviewer.strip().casefold()] = one.choice
        for group, choice in plan.apply.items():
            views = last.get(group, {})
            assert set(views.values()) <= {choice}
            assert choice not in {"keep", "escalate"}
            if len(touched) / ROWS > LIMIT:
                assert len(views) >= 2
        assert not set(plan.apply) & set(plan.missing)
        assert set(plan.apply) | set(plan.missing) <= set(GROUPS)


Review.TestCase.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)
TestReview = Review.TestCase


def test_where_a_group_stands() -> None:
    assert rule_on([], "a", needed=2).standing == "open"
    one = [said("a", "quarantine", "ann")]
    assert rule_on(one, "a", needed=2).standing == "waiting"
    assert rule_on([*one, said("a", "quarantine", "ANN")], "a", needed=2).standing == "waiting"
    assert rule_on([*one, said("a", "quarantine", "bob")], "a", needed=2).standing == "approved"
    assert rule_on([*one, said("a", "relabel", "bob")], "a", needed=2).standing == "disputed"
    assert rule_on([*one, said("a", "escalate", "bob")], "a", needed=2).standing == "escalated"
    changed = [*one, said("a", "keep", "ann")]
    assert rule_on(changed, "a", needed=2).standing == "kept"


def test_a_large_removal_cannot_be_cut_into_small_ones() -> None:
    pieces = {str(n): frozenset(range(n * 4, n * 4 + 4)) for n in range(10)}
    plan = plan_removal(pieces, list(pieces), [], rows=ROWS, limit=LIMIT)
    assert plan.needed == 2
    assert not plan.apply
    assert len(plan.missing) == 10


def test_within_the_limit_advice_is_applied_unless_somebody_objects() -> None:
    few = {"a": GROUPS["a"]}
    assert plan_removal(few, ["a"], [], rows=ROWS, limit=LIMIT).apply == {"a": "quarantine"}
    kept = [said("a", "keep", "ann")]
    assert plan_removal(few, ["a"], kept, rows=ROWS, limit=LIMIT).apply == {}
    asked = [said("a", "escalate", "ann")]
    plan = plan_removal(few, ["a"], asked, rows=ROWS, limit=LIMIT)
    assert plan.missing == {"a": "escalated by ann"}
