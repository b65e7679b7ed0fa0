"""Who is a subject named by, and what the review makes of keeps without roles."""

from __future__ import annotations

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import InputError, UsageError
from modelkeep.pipeline.workspace import user_name

ME = user_name()


@pytest.fixture(autouse=True)
def _keep(desk: samples.Sample) -> None:
    pipeline.init_keep(desk.folder / ".modelkeep", "dev").close()


def test_retrievals_before_any_role_are_no_use_of_a_grant(desk: samples.Sample) -> None:
    pipeline.encrypt_model(desk.model, "one.enc")
    pipeline.give_role(ME, "scientist", reason="test")
    found, idle = pipeline.review_access()
    assert not any(found.used.values())
    assert idle == (f"{ME} scientist",)
    pipeline.encrypt_model(desk.model, "two.enc")
    found, idle = pipeline.review_access()
    assert found.used["scientist-reads-own-weights"] == 1
    assert idle == ()


def test_subject_and_role_that_there_are_not_are_named(desk: samples.Sample) -> None:
    with pytest.raises(InputError, match="no registered version 'nothing'"):
        pipeline.explain_access(ME, "read_data", "nothing")
    with pytest.raises(UsageError, match="no role 'king'"):
        pipeline.give_role(ME, "king", reason="test")
    _, answer, why = pipeline.explain_access(ME, "read_weights", str(desk.model))
    assert (answer.allowed, "creator" in why) == (True, True)
