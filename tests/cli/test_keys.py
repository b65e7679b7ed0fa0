"""``modelkeep keys``."""

from __future__ import annotations

import pytest

import check_samples as samples
from check_samples import said


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    said("--keep", desk.folder / ".modelkeep", "init")


def test_key_is_issued_listed_and_withdrawn() -> None:
    got = said("keys", "issue", "--tenant", "shop", "--model", "fraud", "--days", "2")
    assert got.code == 0
    assert got.out.startswith("mk_")
    assert got.out.count("\n") == 1  # the secret alone, to be piped
    (line,) = said("keys", "list").out.splitlines()
    identity = line.split()[0]
    assert " shop models fraud actions infer until 20" in line
    assert got.out.strip() not in line
    assert said("keys", "withdraw", identity).out == f"{identity} is withdrawn\n"
    assert said("keys", "list").out == ""


def test_what_makes_no_sense_is_said_with_a_hint() -> None:
    got = said("keys", "withdraw", "abc")
    assert got.code == 2
    assert "there is no key 'abc'" in got.err
    assert "hint: See `modelkeep keys list`." in got.err
    assert said("keys", "issue", "--tenant", "shop").code == 64
    assert said("keys", "issue", "--tenant", "x", "--model", "*", "--action", "fly").code == 2
