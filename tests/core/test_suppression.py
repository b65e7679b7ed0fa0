"""Entries of ``[[ignore]]``: complete or refused, and never for longer than they say."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from modelkeep.core import UsageError
from modelkeep.core.settings import resolve
from modelkeep.core.suppression import Ignore

ENTRY = '[[ignore]]\nrule = "PKL001"\npath = "*.pkl"\nreason = "ours"\n'


def ignores(folder: Path, text: str, name: str = "modelkeep.toml") -> tuple[Ignore, ...]:
    (folder / name).write_text(text)
    return resolve(environ={}, start=folder).ignores


def test_entries_are_read_from_either_file(tmp_path: Path) -> None:
    expected = (Ignore("PKL001", "*.pkl", "ours"),)
    pyproject = ENTRY.replace("[[ignore]]", "[[tool.modelkeep.ignore]]")
    assert ignores(tmp_path, pyproject, "pyproject.toml") == expected
    assert ignores(tmp_path, ENTRY) == expected
    assert ignores(tmp_path, "seed = 1") == ()


@pytest.mark.parametrize("day", ["2027-01-31", '"2027-01-31"', "2027-01-31T10:00:00"])
def test_last_day_counts_and_the_next_does_not(tmp_path: Path, day: str) -> None:
    (entry,) = ignores(tmp_path, f"{ENTRY}until = {day}\n")
    assert entry.until == dt.date(2027, 1, 31)
    assert not entry.expired(dt.date(2027, 1, 31))
    assert entry.expired(dt.date(2027, 2, 1))


def test_entry_without_a_day_never_expires() -> None:
    assert not Ignore("PKL001", "*", "ours").expired(dt.date(9999, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        ENTRY.replace('reason = "ours"\n', ""),
        ENTRY.replace('"ours"', '" "'),
        ENTRY.replace('"ours"', "3"),
        ENTRY.replace('rule = "PKL001"\n', ""),
        ENTRY.replace('path = "*.pkl"\n', ""),
        ENTRY + 'untill = "2027-01-31"\n',
        ENTRY + 'until = "soon"\n',
        ENTRY + "until = 2027\n",
        ENTRY + "until = 10:00:00\n",
        "ignore = 3",
        "ignore = ['PKL001']",
        "[ignore]\nrule = 'PKL001'",
    ],
)
def test_incomplete_or_misspelt_entry_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"modelkeep\.toml"):
        ignores(tmp_path, text)


@pytest.mark.parametrize(
    ("rule", "path", "covered"),
    [
        ("PKL001", "*.pkl", True),
        ("pickle-import-not-allowed", "a.pkl", True),
        ("*", "deep/**", True),
        ("PKL002", "*.pkl", False),
        ("PKL001", "b.pkl", False),
    ],
)
def test_entry_covers_a_rule_by_id_or_name_in_a_path(
    rule: str, path: str, covered: bool
) -> None:
    entry = Ignore(rule, path, "ours")
    names = ("a.pkl", "deep/a.pkl")
    assert entry.covers(("PKL001", "pickle-import-not-allowed"), names) == covered
