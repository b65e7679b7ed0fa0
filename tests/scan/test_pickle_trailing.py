"""PKL004: what follows the last STOP."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_trailing import DETECTOR
from samples import PROTOCOLS, found_by, scan_bytes, zip_of


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("tail", [b"\0", b"text", b"\xff" * 50, b"\x89HDF\r\n\x1a\n"])
def test_bytes_behind_the_end_are_reported(protocol: int, tail: bytes) -> None:
    data = pickle.dumps([1], protocol)
    (finding,) = found_by(DETECTOR, data + tail)
    assert finding.severity is Severity.MEDIUM
    assert finding.location.offset == len(data)
    assert finding.message.startswith(f"{len(tail)} bytes follow")


def test_only_what_follows_the_last_pickle_counts() -> None:
    data = b"".join(pickle.dumps(i, protocol) for i, protocol in enumerate(PROTOCOLS))
    assert found_by(DETECTOR, data) == []
    (finding,) = found_by(DETECTOR, data + b"\xffTAIL")
    assert finding.location.offset == len(data)


def test_a_member_of_an_archive_is_judged_by_itself() -> None:
    data = pickle.dumps([1])
    (finding,) = found_by(DETECTOR, zip_of({"a.pkl": data + b"\xff", "b.pkl": data}))
    assert (finding.location.member, finding.location.offset) == ("a.pkl", len(data))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pickle_alone_is_left_alone(protocol: int) -> None:
    assert found_by(DETECTOR, pickle.dumps({"a": [1]}, protocol)) == []


def test_a_tail_alone_does_not_fail_the_file_and_is_not_passed_over(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, pickle.dumps([1]) + b"\xff\xfe\xfd")
    assert result.verdict is Verdict.PASS
    assert [finding.rule.id for finding in result.findings] == ["PKL004"]


def test_a_broken_pickle_has_no_tail_but_no_verdict_either(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, pickle.dumps([1])[:-1])
    assert (result.verdict, result.findings) == (Verdict.INCONCLUSIVE, ())


def test_the_old_torch_format_keeps_its_tensors_there(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    out = io.BytesIO()
    torch.save({"w": torch.ones(3)}, out, _use_new_zipfile_serialization=False)
    result = scan_bytes(tmp_path, out.getvalue())
    assert result.findings == ()
