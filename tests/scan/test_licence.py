"""LIC001: licences that condition the use of a model."""

from __future__ import annotations

import json

import pytest

from gguf_samples import PLAIN, gguf_of
from modelkeep.core import Severity
from modelkeep.scan.licence import DETECTOR
from samples import found_by, safetensors_of


def card(front: str) -> list[str]:
    data = f"---\n{front}\ntags: [x]\n---\n# Model\n".encode()
    findings = found_by(DETECTOR, data, name="README.md")
    assert all(finding.severity is Severity.INFO for finding in findings)
    return [finding.evidence["licence"] for finding in findings]


@pytest.mark.parametrize(
    "licence",
    ["cc-by-nc-4.0", "cc-by-nc-sa-4.0", "gpl-3.0", "agpl-3.0", "llama3.1", "gemma", "other",
     "openrail", "cc-by-sa-4.0", "creativeml-openrail-m"],
)  # fmt: skip
def test_a_condition_is_worth_knowing_wherever_it_is_stated(licence: str) -> None:
    assert card(f"license: {licence}") == [licence]
    assert card(f"license:\n- {licence}") == [licence]
    for data in (
        json.dumps({"license": licence}).encode(),
        gguf_of(PLAIN | {"general.license": licence}),
        safetensors_of({"__metadata__": {"modelspec.license": licence}}),
    ):
        (finding,) = found_by(DETECTOR, data)
        assert finding.evidence == {"licence": licence}


def test_a_card_without_a_licence_is_worth_knowing() -> None:
    assert card("language: en") == [""]


def test_free_licences_and_other_texts_are_left_alone() -> None:
    for licence in ("apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "'mit'"):
        assert card(f"license: {licence}") == []
    assert found_by(DETECTOR, b"# A model\nlicense: gpl", name="README.md") == []
    assert found_by(DETECTOR, b"---\na: b\n---\n", name="notes.md") == []
    assert found_by(DETECTOR, json.dumps({"a": 1}).encode()) == []
    assert found_by(DETECTOR, gguf_of(PLAIN)) == []
