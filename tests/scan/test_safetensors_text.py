"""STN002: free text that the library would not write."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.safetensors_text import DETECTOR
from samples import bomb, found_by, safetensors_of, scan_bytes


def test_values_that_are_no_text_are_medium_and_do_not_fail(tmp_path: Path) -> None:
    data = safetensors_of({"__metadata__": {"a": {"b": "c"}, "n": 1}})
    findings = found_by(DETECTOR, data)
    assert [f.severity for f in findings] == [Severity.MEDIUM] * 2
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "value",
    [
        base64.b64encode(bomb()).decode(),
        "cos\nsystem\n(S'true'\ntR.",
        "{{ x.__init__.__globals__ }}",
    ],
)
def test_what_is_packed_into_a_text_is_judged_by_its_own_rules(
    tmp_path: Path, value: str
) -> None:
    data = safetensors_of({"__metadata__": {"format": "pt", "k": value}})
    result = scan_bytes(tmp_path, data, name="m.safetensors")
    assert result.verdict is Verdict.FAIL
    assert {f.location.member for f in result.findings} == {"__metadata__.k"}


def test_ordinary_metadata_passes(tmp_path: Path) -> None:
    note = "reports the eval() metric; os.system is never called; {{ name }}"
    data = safetensors_of({"__metadata__": {"format": "pt", "note": note}})
    result = scan_bytes(tmp_path, data, name="m.safetensors")
    assert (result.verdict, result.findings) == (Verdict.PASS, ())
