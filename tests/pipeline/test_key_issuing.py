"""API keys with no gateway running: issued, listed, withdrawn, and by whom."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import utc_now
from modelkeep.pipeline.workspace import user_name
from modelkeep.trust import open_keyring

KEEP = Path(".modelkeep")


@pytest.fixture(autouse=True)
def _keep(desk: samples.Sample) -> None:
    pipeline.init_keep(desk.folder / KEEP, "dev").close()


def test_key_issued_without_a_gateway_is_one_a_gateway_finds() -> None:
    gateway = open_keyring(KEEP, utc_now)
    key, secret = pipeline.issue_key("shop", ("fraud",), days=2)
    gateway.reload()
    holder = gateway.find(secret)
    assert holder is not None
    assert (holder.tenant, holder.may("infer", "fraud")) == ("shop", True)
    assert pipeline.list_keys() == (key,)
    pipeline.withdraw_key(key.id)
    gateway.reload()
    assert gateway.find(secret) is None
    assert pipeline.list_keys() == ()


def test_key_nobody_can_use_or_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="needs a tenant and a model"):
        pipeline.issue_key(" ", ("*",))
    with pytest.raises(InputError, match="some of the actions"):
        pipeline.issue_key("shop", ("*",), actions=("fly",))
    with pytest.raises(InputError, match="no key 'abc'") as missing:
        pipeline.withdraw_key("abc")
    assert missing.value.hint == "See `modelkeep keys list`."


def test_file_of_keys_that_is_damaged_is_named() -> None:
    pipeline.issue_key("shop", ("*",))
    (KEEP / "gateway" / "keys.json").write_text("{")
    for use in (pipeline.list_keys, lambda: pipeline.issue_key("x", ("*",))):
        with pytest.raises(InputError, match=r"keys\.json: cannot be read as keys"):
            use()


def test_where_roles_were_given_an_administrator_issues_keys() -> None:
    pipeline.give_role("ann", "administrator", reason="runs it")
    pipeline.issue_key("shop", ("*",))  # who gives the first role administers too
    pipeline.give_role(user_name(), "administrator", reason="left", revoke=True)
    with pytest.raises(EvidenceError, match="may not administer"):
        pipeline.issue_key("shop", ("*",))
    with pytest.raises(EvidenceError, match="may not administer"):
        pipeline.list_keys()
    assert len(open_keyring(KEEP, utc_now).keys()) == 1
