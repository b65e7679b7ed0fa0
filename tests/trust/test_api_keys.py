"""API keys: found by their secret, ended for everybody, and no writer undoes another."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from evidence_samples import NOON, noon
from modelkeep.core import InputError
from modelkeep.trust import KEY_ACTIONS, Keyring


def test_key_is_found_by_its_secret_until_it_expires_or_is_withdrawn(tmp_path: Path) -> None:
    now = [NOON]
    ring = Keyring(tmp_path / "keys.json", lambda: now[0])
    key, secret = ring.issue("team", ("credit",), ("infer",), 1.0)
    holder = ring.find(secret)
    assert holder is not None
    assert (holder.may("infer", "credit"), holder.may("infer", "other")) == (True, False)
    assert not holder.may("administer")
    assert secret not in ring.path.read_text()
    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert ring.find(secret + "x") is None
    now[0] = NOON + dt.timedelta(days=1)
    assert ring.find(secret) is None
    now[0] = NOON
    other = Keyring(ring.path, noon)
    assert other.withdraw(key.id)
    assert not other.withdraw(key.id)
    ring.reload()
    assert ring.find(secret) is None


def test_key_without_actions_or_life_and_a_broken_file_are_errors(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys.json", noon)
    for actions, days in (((), 1.0), (("fly",), 1.0), (("infer",), 0.0), (("infer",), 4000.0)):
        with pytest.raises(InputError, match="a key needs some of the actions"):
            ring.issue("team", ("*",), actions, days)
    ring.path.write_text("[")
    with pytest.raises(InputError, match=r"keys\.json: cannot be read as keys"):
        ring.issue("team", ("*",), ("infer",), 1.0)
    with pytest.raises(InputError, match="No such file"):
        Keyring(tmp_path / "gone" / "keys.json", noon).issue("team", ("*",), ("infer",), 1.0)
    assert ring.path.read_text() == "["


def test_processes_that_write_at_once_lose_no_key_and_bring_none_back(tmp_path: Path) -> None:
    path, each, writers = tmp_path / "keys.json", 25, 3
    doomed = [Keyring(path, noon).issue("old", ("*",), ("infer",), 9.0)[0].id for _ in range(9)]
    children = []
    for number in range(writers):
        child = os.fork()
        if not child:
            code = 1
            try:
                ring = Keyring(path, noon)
                for turn in range(each):
                    ring.issue(f"{number}.{turn}", ("*",), KEY_ACTIONS, 9.0)
                    if turn < 3:
                        assert ring.withdraw(doomed[number * 3 + turn])
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children] == [0] * writers
    ring = Keyring(path, noon)
    ring.reload()
    assert {key.tenant for key in ring._keys} == {
        f"{number}.{turn}" for number in range(writers) for turn in range(each)
    }
