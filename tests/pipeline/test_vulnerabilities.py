"""``find_vulnerabilities``: a planted lock file, from its lines to the verdict."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from dependency_samples import LOCK, openvex, write_database
from modelkeep import pipeline
from modelkeep.core import InputError, Verdict


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_database(tmp_path / "db.json")
    (tmp_path / "requirements.txt").write_text(LOCK)
    return tmp_path


def vex_file(folder: Path, sha256: str) -> Path:
    path = folder / "vex.json"
    path.write_text(json.dumps(openvex(sha256)))
    return path


def test_known_bad_lock_file_is_found_with_its_lines(folder: Path) -> None:
    report = pipeline.find_vulnerabilities(folder / "requirements.txt", db=folder / "db.json")
    found = {(f.rule, f.evidence["package"], f.evidence["line"]) for f in report.all_findings()}
    assert found == {
        ("DEP001", "alpha-net", "2"),
        ("DEP001", "beta-tools", "4"),
        ("DEP002", "reqeusts", "5"),
        ("DEP003", "gamma", "6"),
    }
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert [
        missed.what.partition(": ")[2].partition(" ")[0] for missed in report.not_checked
    ] == [
        "gamma",
        "delta",
    ]
    assert {rule.id for rule in report.rules} == {"DEP001", "DEP002", "DEP003"}
    assert report.notes[1] == "4 packages pinned, 3 of them without a hash"
    for style in ("table", "json", "sarif", "cyclonedx", "junit", "html", "gitlab"):
        assert "alpha-net" in report.render(style)


def test_mended_lock_file_passes(folder: Path) -> None:
    (folder / "requirements.txt").write_text("alpha-net==1.4.2\nbeta-tools==2.1\n")
    report = pipeline.find_vulnerabilities(folder / "requirements.txt", db=folder / "db.json")
    assert (report.verdict, report.all_findings(), report.not_checked) == (Verdict.PASS, (), ())


def test_vex_of_this_digest_hides_one_finding_and_says_why(folder: Path) -> None:
    sha256 = hashlib.sha256(LOCK.encode()).hexdigest()
    vex = [vex_file(folder, sha256)]
    report = pipeline.find_vulnerabilities(
        folder / "requirements.txt", db=folder / "db.json", vex=vex
    )
    (hidden,) = report.all_suppressed()
    assert hidden.evidence["package"] == "alpha-net"
    assert str(hidden.suppression) == "vex: vulnerable_code_not_in_execute_path (vex.json)"
    assert report.suppressed == 1
    assert report.verdict is Verdict.PASS, "what is left is of medium severity"


def test_vex_of_another_digest_hides_nothing(folder: Path) -> None:
    vex = [vex_file(folder, "0" * 64)]
    report = pipeline.find_vulnerabilities(
        folder / "requirements.txt", db=folder / "db.json", vex=vex
    )
    assert (report.suppressed, report.verdict) == (0, Verdict.FAIL)


def test_vex_of_one_file_hides_nothing_of_another(folder: Path) -> None:
    (folder / "constraints.txt").write_text("alpha-net==1.4.0\n")
    vex = [vex_file(folder, hashlib.sha256(LOCK.encode()).hexdigest())]
    report = pipeline.find_vulnerabilities(folder, db=folder / "db.json", vex=vex)
    hidden = [f.location.path for f in report.all_suppressed()]
    assert hidden == ["requirements.txt"]
    live = [f for f in report.all_findings() if f.rule == "DEP001"]
    assert ("constraints.txt", "alpha-net") in {
        (f.location.path, f.evidence["package"]) for f in live
    }
    whole = [vex_file(folder, report.subject.digest.sha256)]
    assert (
        pipeline.find_vulnerabilities(folder, db=folder / "db.json", vex=whole).suppressed == 2
    )


def test_vex_of_the_model_counts_where_the_model_is_named(folder: Path) -> None:
    model = folder / "model.bin"
    model.write_bytes(b"weights")
    vex = [vex_file(folder, hashlib.sha256(b"weights").hexdigest())]
    path, database = folder / "requirements.txt", folder / "db.json"
    assert pipeline.find_vulnerabilities(path, db=database, vex=vex).suppressed == 0
    named = pipeline.find_vulnerabilities(path, db=database, vex=vex, model=model)
    assert named.suppressed == 1


def test_directory_is_read_whole_and_constraints_pin(folder: Path) -> None:
    (folder / "requirements.txt").write_text("-c constraints.txt\ngamma\nomega\n-r gone.txt\n")
    (folder / "constraints.txt").write_text("gamma==1.0\n")
    (folder / "notes.txt").write_text("alpha-net==1.4.0\n")
    report = pipeline.find_vulnerabilities(folder, db=folder / "db.json")
    assert [file.path for file in report.files] == ["constraints.txt", "requirements.txt"]
    found = [(f.location.path, f.rule, f.evidence["package"]) for f in report.all_findings()]
    assert found == [
        ("constraints.txt", "DEP001", "gamma"),
        ("requirements.txt", "DEP003", "omega"),
    ]
    assert [missed.what for missed in report.not_checked] == [
        "requirements.txt line 4: gone.txt"
    ]
    assert report.subject.name.startswith("2 dependency files of ")


def test_lock_that_cannot_be_read_is_inconclusive(folder: Path) -> None:
    (folder / "uv.lock").write_text("[[package")
    report = pipeline.find_vulnerabilities(folder / "uv.lock", db=folder / "db.json")
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert "not valid TOML" in report.files[0].reason


def test_ignored_finding_does_not_count(folder: Path) -> None:
    (folder / "modelkeep.toml").write_text(
        '[[ignore]]\nrule = "DEP001"\npath = "*.txt"\nreason = "internal"\n'
    )
    report = pipeline.find_vulnerabilities(folder / "requirements.txt", db=folder / "db.json")
    assert (report.suppressed, report.verdict) == (2, Verdict.PASS)


def test_nothing_to_read_and_no_database_are_errors(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "empty" / "a.md").write_text("a")
    with pytest.raises(InputError, match="holds no requirement or lock file") as raised:
        pipeline.find_vulnerabilities(folder / "empty", db=folder / "db.json")
    assert "pip freeze" in raised.value.hint
    with pytest.raises(InputError, match=r"none\.zip"):
        pipeline.find_vulnerabilities(folder, db=folder / "none.zip")
