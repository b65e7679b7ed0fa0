"""The taxonomy: complete, well-formed, and closed to typing errors."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import ModelkeepError
from modelkeep.core.taxonomy import Topic, parse, topic, topics


def written(ids: dict[str, list[str]]) -> bytes:
    table = {"version": 1, "topics": {"a.b": {"title": "T", "ids": ids}}}
    return json.dumps(table).encode()


def test_the_packaged_table_holds_36_titled_topics() -> None:
    assert len(topics()) == 36
    assert all(found.title and found.tags() for found in topics().values())


def test_tags_are_the_attack_frameworks_in_order() -> None:
    ids = {"owasp_llm": ("LLM04",), "cosai": ("riskX",), "atlas": ("AML.T0020",)}
    assert Topic("T", ids).tags() == ("AML.T0020", "LLM04")


@pytest.mark.parametrize(
    ("framework", "good", "wrong"),
    [
        ("atlas", "AML.T0051.001", "AML.T51"),
        ("atlas_mitigation", "AML.M0007", "AML.T0007"),
        ("owasp_ml", "ML10", "ML11"),
        ("owasp_llm", "LLM01", "LLM1"),
        ("owasp_aisvs", "1.3.1", "13.1.1"),
        ("owasp_aitg", "AITG-MOD-03", "AITG-XXX-03"),
        ("owasp_ai_exchange", "3.1.1", "3.1.1.1"),
        ("nist_ai_rmf", "MEASURE-2.7", "MEASURE 2.7"),
        ("nist_aml", "NISTAML.013", "NISTAML.0133"),
        ("cosai", "riskDataPoisoning", "dataPoisoning"),
        ("eu_ai_act", "Art15", "Article 15"),
        ("nist_sp_800_53", "si-10", "SI-10"),
    ],
)
def test_an_id_must_have_the_form_of_its_framework(
    framework: str, good: str, wrong: str
) -> None:
    assert parse(written({framework: [good]}))["a.b"].ids == {framework: (good,)}
    with pytest.raises(ModelkeepError, match=framework):
        parse(written({framework: [good, wrong]}))


def test_an_unknown_framework_is_refused() -> None:
    with pytest.raises(ModelkeepError, match="unknown framework 'atlass'"):
        parse(written({"atlass": ["AML.T0020"]}))


@pytest.mark.parametrize("text", [b"", b"[]", b'{"version": 1}', written({"atlas": [1]})])  # type: ignore[list-item]
def test_a_table_of_another_shape_is_refused(text: bytes) -> None:
    with pytest.raises(ModelkeepError, match="taxonomy table"):
        parse(text)


def test_a_topic_is_looked_up_by_its_key() -> None:
    assert topic("artifact.malicious_code").title
    with pytest.raises(ModelkeepError, match=r"artifact\.malicious"):
        topic("artifact.malicious")
