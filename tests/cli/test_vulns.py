"""``modelkeep vulns``: codes and output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from check_samples import said
from dependency_samples import LOCK, write_database


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_database(Path("db.json"))
    Path("requirements.txt").write_text(LOCK)


def test_findings_fail_and_are_shown_with_line_and_mend() -> None:
    got = said("vulns", "requirements.txt", "--db", "db.json")
    assert got.code == 1
    assert "critical[DEP001 known-vulnerability]" in got.out
    assert "line 2: alpha-net 1.4.0 has CVE-2099-0001" in got.out
    assert not Path(".modelkeep").exists()


def test_pass_and_fail_on() -> None:
    Path("requirements.txt").write_text("gamma\n")
    assert said("vulns", "requirements.txt", "--db", "db.json").code == 0
    assert said("vulns", ".", "--db", "db.json", "--fail-on", "medium").code == 1


def test_json_names_the_digest_that_a_statement_must_name() -> None:
    report = json.loads(
        said("vulns", "requirements.txt", "--db", "db.json", "--format", "json").out
    )
    assert report["subject"]["digest"]["sha256"] == report["files"][0]["digest"]["sha256"]


def test_missing_database_is_usage_or_an_error_with_a_hint() -> None:
    assert said("vulns", "requirements.txt").code == 64
    Path("bad.json").write_text("{")
    got = said("vulns", "requirements.txt", "--db", "bad.json")
    assert got.code == 2
    assert "error: bad.json: no OSV record" in got.err
    got = said("vulns", "none.txt", "--db", "db.json")
    assert got.code == 2
    assert "none.txt" in got.err


def test_vex_that_is_none_is_refused() -> None:
    Path("vex.json").write_text("{}")
    got = said("vulns", "requirements.txt", "--db", "db.json", "--vex", "vex.json")
    assert got.code == 2
    assert "neither OpenVEX nor CycloneDX" in got.err
