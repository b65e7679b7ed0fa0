"""HUB003: a configuration that answers the question of trust itself."""

from __future__ import annotations

import json
from pathlib import Path

from modelkeep.core import Severity, Verdict
from modelkeep.scan.hub_trust import DETECTOR
from samples import found_by, scan_bytes


def test_the_flag_is_medium_and_does_not_fail(tmp_path: Path) -> None:
    for value in ({"trust_remote_code": True}, {"a": [{"b": {"trust_remote_code": True}}]}):
        data = json.dumps(value).encode()
        (finding,) = found_by(DETECTOR, data)
        assert finding.severity is Severity.MEDIUM
        assert finding.evidence["key"].endswith("trust_remote_code")
        assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


def test_the_flag_unset_is_left_alone() -> None:
    for value in (
        {"trust_remote_code": False},
        {"trust_remote_code": None},
        ["x"],
        {"a": True},
    ):
        assert found_by(DETECTOR, json.dumps(value).encode()) == []
