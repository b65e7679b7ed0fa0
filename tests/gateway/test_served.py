"""Opening a model to serve it asks who may, and is an entry of the log."""

from __future__ import annotations

import asyncio

import pytest

import gateway_samples as gs
from gateway_samples import Cleared
from modelkeep import pipeline
from modelkeep.core import EvidenceError
from modelkeep.evidence import by_key, open_keep, parse_envelope, parse_statement
from modelkeep.pipeline.workspace import user_name


def uses(cleared: Cleared) -> list[tuple[str, bool]]:
    """What was asked for and whether it was allowed, in log order."""
    with open_keep(cleared.keep) as keep:
        entries = keep.store.entries_of(by_key("access-use").uri)
    said = [parse_statement(parse_envelope(entry.body).payload).predicate for entry in entries]
    return [(item["action"], item["allowed"]) for item in said]


async def opening(cleared: Cleared) -> None:
    async with gs.opened(cleared.model, cleared.keep):
        pass


def test_weights_opened_to_be_served_are_an_entry_of_the_log(cleared: Cleared) -> None:
    before = uses(cleared)
    asyncio.run(opening(cleared))
    assert uses(cleared)[len(before) :] == [("read_weights", True)]


def test_who_has_no_role_for_it_serves_nothing(cleared: Cleared) -> None:
    # Who gives the first role is an administrator, and those read no weights.
    pipeline.give_role("ann", "administrator", reason="runs it", keep=str(cleared.keep))
    with pytest.raises(EvidenceError, match="may not read_weights") as refused:
        asyncio.run(opening(cleared))
    assert "modelkeep access explain" in refused.value.hint
    assert user_name() in refused.value.message
    assert uses(cleared)[-1] == ("read_weights", False)
