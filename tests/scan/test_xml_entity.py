"""XML001: entities that reach outside or multiply."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.xml_entity import DETECTOR
from samples import VALID, found_by, scan_bytes, zip_of

XXE = b'<?xml version="1.0"?>\n<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///x">]><PMML>&x;</PMML>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><a>&b;</a>'


@pytest.mark.parametrize("data", [XXE, LAUGHS], ids=["outside", "multiplies"])
@pytest.mark.parametrize("name", ["m.pmml", "m.xml", "m.txt", "m.bin"])
def test_an_entity_fails_the_file(tmp_path: Path, data: bytes, name: str) -> None:
    result = scan_bytes(tmp_path, data, name=name)
    assert result.verdict is Verdict.FAIL
    assert [f.rule.id for f in result.findings] == ["XML001"]


def test_the_place_is_named() -> None:
    (finding,) = found_by(DETECTOR, XXE)
    assert finding.severity is Severity.HIGH
    assert finding.message == "line 2: entity 'x' is fetched from 'file:///x'"


def test_a_document_in_an_archive_is_judged_too() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"a/model.xml": XXE}))
    assert finding.location.member == "a/model.xml"


def test_an_ordinary_document_is_silent() -> None:
    assert found_by(DETECTOR, VALID["xml"]) == []
