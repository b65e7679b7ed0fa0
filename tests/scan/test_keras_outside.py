"""KRS003: layers that unpickle, run or read something else."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from modelkeep.core import Finding, Severity, Verdict
from modelkeep.scan.keras_outside import DETECTOR
from samples import bomb, found_by, scan_bytes


def found(class_name: str, config: object, root: tuple[str, ...] = ()) -> list[Finding]:
    document = {
        "class_name": "Sequential",
        "config": [{"class_name": class_name, "config": config}],
    }
    return found_by(DETECTOR, json.dumps(document).encode(), name="d/config.json", root=root)


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("TorchModuleWrapper", {"module": "UEsDBA=="}),
        ("keras.layers.TorchModuleWrapper", {"module": "gASV"}),
        ("TFSMLayer", {"filepath": "gs://bucket/model"}),
        ("StringLookup", {"vocabulary": "/etc/passwd"}),
        ("IntegerLookup", {"vocabulary": "http://169.254.169.254/x"}),
        ("TextVectorization", {"vocabulary": "../../x"}),
        ("TextVectorization", {"idf_weights": "C:\\x"}),
        ("Custom>StringLookup", {"vocabulary": "~/.ssh/id_rsa"}),
    ],
)
def test_what_reaches_outside_is_high(class_name: str, config: object) -> None:
    assert [f.severity for f in found(class_name, config)] == [Severity.HIGH]


def test_a_vocabulary_beside_the_model_belongs_to_it() -> None:
    words = {"vocabulary": "words.txt"}
    assert [f.severity for f in found("StringLookup", words)] == [Severity.MEDIUM]
    beside = found("StringLookup", words, root=("d/words.txt",))
    assert [f.severity for f in beside] == [Severity.INFO]


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("StringLookup", {"vocabulary": ["/etc/passwd", "b"]}),
        ("StringLookup", {"vocabulary": None}),
        ("TextVectorization", {"vocabulary": [], "idf_weights": None}),
        ("Dense", {"vocabulary": "/etc/passwd"}),
    ],
)
def test_words_inside_the_model_are_silent(class_name: str, config: object) -> None:
    assert found(class_name, config) == []


def test_the_pickle_in_a_wrapper_is_judged_itself(tmp_path: Path) -> None:
    packed = base64.b64encode(bomb()).decode()
    document = {"class_name": "TorchModuleWrapper", "config": {"module": packed}}
    result = scan_bytes(tmp_path, json.dumps(document).encode(), name="config.json")
    assert result.verdict is Verdict.FAIL
    assert {f.rule.id for f in result.findings} >= {"KRS003", "PKL001"}
