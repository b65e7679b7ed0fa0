"""PKL006: code that is needed is told and fails nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_needs_code import DETECTOR
from samples import found_by, scan_bytes

NEEDS = {
    "class of a script": (b"\x80\x02c__main__\nNet\n)\x81}X\x01\0\0\0aK\x01sb.", "__main__"),
    "class by REDUCE": (b"cmodels.yolo\nModel\n(K\x01tR.", "models"),
    "class by INST": (b"(K\x01imodels.yolo\nModel\n.", "models"),
    "class by OBJ": (b"(cmodels.yolo\nModel\nK\x01o.", "models"),
    "class by copyreg": (
        b"ccopyreg\n_reconstructor\n(cmodels.yolo\nModel\ncbuiltins\nobject\nNtR.",
        "models",
    ),
    "function that is held": (b"cmy_package.losses\nfocal\n.", "my_package"),
    "function of a known library that is held": (b"csklearn.metrics\nf9_score\n.", "sklearn"),
    "class of a known library that is not proven": (
        b"\x80\x02ctimm.models.resnet\nResNet\n)\x81.",
        "timm",
    ),
    "method by getattr": (
        b"cbuiltins\ngetattr\n(cmmengine.logging\nHistory\nX\x04\0\0\0meantR.",
        "mmengine",
    ),
    "argument of a partial": (b"cfunctools\npartial\n(cmy_package\nNorm\ntR.", "my_package"),
    "enumeration of one's own": (b"cmy_package\nMode\n(X\x01\0\0\0atR.", "my_package"),
}


@pytest.mark.parametrize("what", NEEDS)
def test_it_is_told_and_passes(tmp_path: Path, what: str) -> None:
    data, package = NEEDS[what]
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.evidence) == (Severity.INFO, {"package": package})
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


def test_one_finding_per_package_names_a_few_of_what_it_needs() -> None:
    data = b"".join(b"cmodels.m\nNet%d\n0" % i for i in range(8)) + b"cother\nA\n."
    first, second = found_by(DETECTOR, data)
    assert "models.m.Net0" in first.message
    assert "and 3 more" in first.message
    assert second.evidence == {"package": "other"}


def test_what_the_user_allows_and_what_is_dangerous_are_not_told_here() -> None:
    assert found_by(DETECTOR, b"cmodels\nNet\n.", allow=("models.Net",)) == []
    assert found_by(DETECTOR, b"cos\nsystem\n.") == []
