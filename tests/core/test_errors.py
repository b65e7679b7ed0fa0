"""Errors: every one is ours, says what to do next, and keeps its kind."""

from __future__ import annotations

import pytest

from modelkeep.core import LimitExceededError, MalformedArtifactError, MissingExtraError, errors


def every_error() -> list[type[errors.ModelkeepError]]:
    return [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ModelkeepError)
    ]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_carries_a_hint(kind: type[errors.ModelkeepError]) -> None:
    error = kind("a", "b", "c") if kind is MissingExtraError else kind("a")
    assert error.hint
    assert str(error) == error.message


def test_a_hint_of_ones_own_replaces_the_default() -> None:
    assert MalformedArtifactError("broken", "Fetch it again.").hint == "Fetch it again."


def test_a_spent_budget_counts_as_a_file_that_could_not_be_read() -> None:
    assert issubclass(LimitExceededError, MalformedArtifactError)


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    error = MissingExtraError("Attacks", "torch", "train")
    assert "torch" in error.message
    assert error.hint == "pip install 'modelkeep[train]'"
