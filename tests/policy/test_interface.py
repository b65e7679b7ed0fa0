"""What a gate answers: values that cannot be changed, and JSON that says it all."""

from __future__ import annotations

import msgspec
import pytest

from modelkeep.policy import ACTIONS, Decision, Missing

MISSING = Missing("robust", "nobody measured it", "modelkeep check MODEL", ("test_rows",))
DECISION = Decision("deploy", False, "5a" * 32, "prod", (MISSING,), ("overflow",))


def test_actions_are_those_of_the_life_of_a_model_in_order() -> None:
    assert ACTIONS == ("train", "store", "deploy", "load", "serve")


def test_decision_survives_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(DECISION), type=Decision) == DECISION


def test_decision_cannot_be_changed_after_it_was_made() -> None:
    with pytest.raises(AttributeError):
        DECISION.allowed = True  # type: ignore[misc]  # that it fails is the point
    assert not DECISION.allowed
