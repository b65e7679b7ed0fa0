"""The OSV database: which version is affected, and what is no record."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dependency_samples import RECORDS, record, write_database
from modelkeep.core import InputError, Severity
from modelkeep.trust.dependencies.osv import Record, read_database

REOPENED = ({"fixed": "3.2"}, {"introduced": "3.0"}, {"fixed": "1.2"}, {"introduced": "0"})


def parsed(made: dict[str, Any]) -> Record:
    return msgspec.convert(made, Record)


@pytest.mark.parametrize(
    ("events", "version", "affected"),
    [
        (({"introduced": "0"},), "9!1", True),
        (({"introduced": "0"}, {"fixed": "2.0"}), "1.9.9", True),
        (({"introduced": "0"}, {"fixed": "2.0"}), "2.0", False),
        (({"introduced": "0"}, {"fixed": "2.0"}), "2.0rc1", True),
        (({"introduced": "0"}, {"fixed": "2.0"}), "2.0+cu121", False),
        (({"introduced": "1.5"}, {"fixed": "2.0"}), "1.4", False),
        (({"introduced": "1.0"}, {"last_affected": "1.5"}), "1.5", True),
        (({"introduced": "1.0"}, {"last_affected": "1.5"}), "1.5+cpu", True),
        (({"introduced": "1.0"}, {"last_affected": "1.5"}), "1.5.1", False),
        (({"introduced": "1.10"}, {"fixed": "1.12"}), "1.9", False),
        # Events need not be in order, and a range may open again.
        (REOPENED, "2.0", False),
        (REOPENED, "3.1", True),
        (({"introduced": "0"}, {"limit": "2.0"}), "2.1", False),
        (({"introduced": "0"}, {"fixed": "not a version"}), "1.0", None),
        (({"introduced": "0"}, {"fixed": "2.0"}), "not a version", None),
    ],
)  # fmt: skip
def test_ranges_are_evaluated_as_the_schema_says(
    events: tuple[dict[str, str], ...], version: str, affected: bool | None
) -> None:
    assert parsed(record("X-1", "a", *events)).affects("a", version) is affected


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_a_range_is_the_interval_it_names(low: int, length: int, asked: int) -> None:
    high = low + length
    made = parsed(record("X-1", "a", {"introduced": f"1.{low}"}, {"fixed": f"1.{high}"}))
    assert made.affects("a", f"1.{asked}") is (low <= asked < high)


def test_listed_versions_count_in_any_spelling_and_commits_say_nothing() -> None:
    package = {"name": "a", "ecosystem": "PyPI"}
    listed = {"package": package, "versions": ["1.0.0", "odd-one"]}
    made = parsed({"id": "X", "modified": "", "affected": [listed]})
    assert [made.affects("a", v) for v in ("1.0", "odd-one", "1.1")] == [True, True, False]
    commits = {"package": package, "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}
    assert (
        parsed({"id": "X", "modified": "", "affected": [commits]}).affects("a", "1.0") is None
    )


def test_only_packages_of_the_index_count() -> None:
    made = record("X-1", "a", {"introduced": "0"})
    made["affected"][0]["package"]["ecosystem"] = "npm"
    assert parsed(made).affects("a", "1.0") is False
    assert parsed(made).names() == frozenset()


@pytest.mark.parametrize(
    ("more", "rating"),
    [
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}]}, None),
        ({}, None),
    ],
)
def test_rating_is_what_the_record_says(more: dict[str, Any], rating: Severity | None) -> None:
    assert parsed(record("X-1", "a", {"introduced": "0"}, **more)).rating() is rating


def test_malicious_package_is_critical() -> None:
    assert parsed(record("MAL-2099-1", "a", {"introduced": "0"})).rating() is Severity.CRITICAL


def test_next_release_that_mends_it() -> None:
    made = parsed(record("X", "a", *REOPENED))
    assert [made.fixed_after("a", v) for v in ("1.0", "2.1", "4.0", "odd one")] == [
        *("1.2", "3.2"),
        *("", ""),
    ]


def test_file_folder_and_archive_give_the_same(tmp_path: Path) -> None:
    names = ["alpha-net", "epsilon"]
    file = read_database(write_database(tmp_path / "all.json"), names)
    folder = tmp_path / "osv" / "deep"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for made in RECORDS:
            (folder / f"{made['id']}.json").write_text(json.dumps(made))
            archive.writestr(f"{made['id']}.json", json.dumps(made))
        archive.writestr("README", "no record")
    assert file.total == len(RECORDS)
    assert file.newest == "2026-10-01T00:00:00Z"
    assert set(file.records) == {"alpha-net"}, "withdrawn records count no more"
    wanted = {one.id for one in file.records["alpha-net"]}
    for other in (tmp_path / "osv", tmp_path / "all.zip"):
        read = read_database(other, names)
        assert {one.id for one in read.records["alpha-net"]} == wanted
    listed = tmp_path / "vulns.json"
    listed.write_text(json.dumps({"vulns": RECORDS}))
    assert read_database(listed, names) == file


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "no OSV record"),
        (b'{"a": 1}', "no OSV record"),
        (b'[{"id": 3}]', "no OSV record"),
        (b"\xff", "no OSV record"),
        (b"[]", "no OSV record about a package of PyPI"),
        (b"", "no OSV record"),
    ],
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "db.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as raised:
        read_database(path, ["a"])
    assert str(path) in raised.value.message


def test_missing_empty_and_cut_databases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_database(tmp_path / "none.zip", ["a"])
    with pytest.raises(InputError) as raised:
        read_database(tmp_path, ["a"])
    assert "all.zip" in raised.value.hint
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(RECORDS[0]) * 50)
    with pytest.raises(InputError, match=r"all\.zip!a\.json"):
        read_database(tmp_path / "all.zip", ["a"])
