"""Verdicts of bytes seen before: the same, and only while nothing they rest on has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.core import Finding, Rule, Severity, Verdict
from modelkeep.formats import Limits
from modelkeep.scan import BUILT_IN, Context, Detector, ScanResult, scan_artifact
from modelkeep.scan.verdict_cache import ruleset
from modelkeep.sources import Cache, Hashing, open_artifact
from samples import VALID, bomb

RULE = Rule(id="OWN001", name="own", summary="s.", remedy="r.", topic="artifact.malicious_code")


class Counting:
    """A rule that counts how often it is asked, and finds something."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.detector = Detector(RULE, frozenset({"pickle", "zip", "text"}), self.run)

    def run(self, context: Context) -> Iterator[Finding]:
        self.seen.append(str(context.location))
        yield context.finding(RULE, Severity.INFO, "seen", evidence={"a": "b"})


class Desk:
    """A folder of files, a cache and a counting rule."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.cache = folder / "cache"
        self.rule = Counting()
        for name, data in (("a.pkl", VALID["pickle4"]), ("b.pkl", bomb()), ("c.txt", b"x\n")):
            (self.folder / name).write_bytes(data)

    def scan(self, **more: object) -> tuple[ScanResult, list[str]]:
        """The result, and which streams a rule was asked about."""
        self.rule.seen.clear()
        given: dict[str, object] = {"hashing": Hashing.FAST, "cache": Cache(self.cache)}
        result = scan_artifact(
            open_artifact(self.folder),
            (*BUILT_IN, self.rule.detector),
            **(given | more),  # type: ignore[arg-type]
        )
        return result, [*self.rule.seen]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_second_scan_finds_the_same_and_asks_no_rule(desk: Desk) -> None:
    first, asked = desk.scan()
    assert asked == ["a.pkl", "b.pkl", "c.txt"]
    assert {file.verdict for file in first.files} == {
        Verdict.PASS,
        Verdict.FAIL,
        Verdict.SKIPPED,
    }
    again, asked = desk.scan()
    assert asked == []
    assert again == first


def test_workers_read_the_cache_too(desk: Desk) -> None:
    first, _ = desk.scan(workers=2)
    assert desk.scan(workers=2)[0] == first
    assert desk.scan() == (first, [])


def test_changed_bytes_are_scanned_again(desk: Desk) -> None:
    desk.scan()
    (desk.folder / "a.pkl").write_bytes(bomb())
    result, asked = desk.scan()
    assert asked == ["a.pkl"]
    assert result.files[0].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "change",
    [{"allow": ["posix.system"]}, {"limits": Limits(depth=3)}],
    ids=["allow", "limits"],
)
def test_other_settings_are_another_scan(desk: Desk, change: dict[str, object]) -> None:
    desk.scan()
    assert desk.scan(**change)[1] == ["a.pkl", "b.pkl", "c.txt"]
    assert desk.scan(**change)[1] == []


def test_another_name_is_another_scan(desk: Desk) -> None:
    beside = open_artifact(desk.folder)
    desk.scan(whole=beside)
    (desk.folder / "a.pkl").rename(desk.folder / "d.json")
    (desk.folder / "a.pkl").touch()  # so that the same names lie beside it
    assert "d.json" in desk.scan(whole=beside)[1]


def test_another_file_beside_it_is_another_scan(desk: Desk) -> None:
    desk.scan()
    (desk.folder / "z.bin").write_bytes(b"")
    assert desk.scan()[1] == ["a.pkl", "b.pkl", "c.txt"]


def test_another_link_beside_it_is_another_scan(desk: Desk) -> None:
    (desk.folder / "z.bin").write_bytes(b"")
    desk.scan()
    os.link(desk.folder / "z.bin", desk.folder.parent / "outside")
    assert desk.scan()[1] == ["a.pkl", "b.pkl", "c.txt"]


def test_digest_asked_for_later_is_there(desk: Desk) -> None:
    fast, _ = desk.scan()
    both, asked = desk.scan(hashing=Hashing.BOTH)
    assert asked == []
    assert all(file.digest.sha256 for file in both.digests)
    assert [f.digest.blake3 for f in both.digests] == [f.digest.blake3 for f in fast.digests]


def test_what_came_to_no_end_is_scanned_again(desk: Desk) -> None:
    (desk.folder / "a.pkl").write_bytes(VALID["pickle4"][:-1])
    assert desk.scan()[0].files[0].verdict is Verdict.INCONCLUSIVE
    assert desk.scan()[1] == ["a.pkl"]


def test_forged_verdict_is_not_believed(desk: Desk) -> None:
    desk.scan()
    Cache(desk.cache / "other").put([])
    (desk.cache / "secret").write_bytes(os.urandom(32))
    assert desk.scan()[1] == ["a.pkl", "b.pkl", "c.txt"]


def test_without_digests_nothing_is_looked_up(desk: Desk) -> None:
    desk.scan()
    assert desk.scan(hashing=Hashing.NONE)[1] == ["a.pkl", "b.pkl", "c.txt"]


def test_set_of_rules_changes_with_its_rules_and_their_files() -> None:
    whole = [*ruleset(BUILT_IN)]
    assert whole == [*ruleset(BUILT_IN)]
    assert [*ruleset(BUILT_IN[1:])] != whole
    assert any("pickle_policy.py " in line for line in whole)
    assert any("taxonomy.json " in line for line in whole)
    assert any("test_verdict_cache.py " in line for line in ruleset([Counting().detector]))
