"""JIN001: templates that reach Python's internals, wherever they lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chat_templates import CHAIN, HIDDEN, HONEST
from gguf_samples import PLAIN, Writer, gguf_of
from modelkeep.core import Severity, Verdict
from modelkeep.scan.jinja_internals import DETECTOR
from samples import found_by, scan_bytes


@pytest.mark.parametrize("text", HIDDEN)
def test_a_hidden_name_is_high_and_fails(tmp_path: Path, text: str) -> None:
    findings = found_by(DETECTOR, text.encode(), name="chat_template.jinja")
    assert findings
    assert {finding.severity for finding in findings} == {Severity.HIGH}
    result = scan_bytes(tmp_path, text.encode(), name="chat_template.jinja")
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize("text", CHAIN)
def test_a_chain_that_starts_a_program_is_critical(text: str) -> None:
    findings = found_by(DETECTOR, text.encode(), name="chat_template.jinja")
    assert {finding.severity for finding in findings} == {Severity.CRITICAL}


def test_a_program_started_without_internals_is_high() -> None:
    for text in ("{{ os.system('true') }}", "{{ x.popen('true') }}", "{{ eval('1') }}"):
        findings = found_by(DETECTOR, text.encode(), name="t.jinja")
        assert {finding.severity for finding in findings} == {Severity.HIGH}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_template_passes(tmp_path: Path, name: str) -> None:
    text = HONEST[name]
    files = {
        "chat_template.jinja": text.encode(),
        "tokenizer_config.json": json.dumps({"chat_template": text}).encode(),
        "chat_template.json": json.dumps({"chat_template": text}).encode(),
        "m.gguf": gguf_of(PLAIN | {"tokenizer.chat_template": text}),
    }
    for path, data in files.items():
        result = scan_bytes(tmp_path, data, name=path)
        assert (result.verdict, result.findings, result.reason) == (Verdict.PASS, (), "")


@pytest.mark.parametrize(
    "key",
    [
        "tokenizer.chat_template",
        "tokenizer.chat_template.tool_use",
        "tokenizer.chat_template.default",
        "general.description",
        "x",
    ],
)
@pytest.mark.parametrize("writer", [Writer(1), Writer(2), Writer(), Writer(3, ">")], ids=repr)
def test_an_attack_in_a_gguf_fails_under_any_key(
    tmp_path: Path, key: str, writer: Writer
) -> None:
    text = HONEST["qwen 3"] + CHAIN[0]
    data = gguf_of(PLAIN | {key: text}, writer=writer)
    result = scan_bytes(tmp_path, data, name="m.gguf")
    assert result.verdict is Verdict.FAIL
    assert {f.location.member for f in result.findings} == {key}


def test_an_attack_in_a_list_of_templates_or_a_spelled_out_string_fails(tmp_path: Path) -> None:
    value = {"chat_template": [{"name": "default", "template": HONEST["phi"]},
                               {"name": "tool_use", "template": HIDDEN[1]}]}  # fmt: skip
    plain = json.dumps(value)
    spelled = "".join(f"\\u{ord(c):04x}" if c in "{}_" else c for c in HIDDEN[0])
    for text in (
        plain,
        f'{{"chat_template": "{spelled}"}}',
        f'{{"x": {{"y": ["{spelled}"]}}}}',
    ):
        assert scan_bytes(tmp_path, text.encode(), name="a.json").verdict is Verdict.FAIL


def test_a_name_is_reported_once() -> None:
    text = "{{ x.__class__ }}" * 50
    assert len(found_by(DETECTOR, text.encode(), name="t.jinja")) == 1


def test_a_template_that_does_not_parse_is_inconclusive(tmp_path: Path) -> None:
    for name, data in {
        "chat_template.jinja": b"{% if %}",
        "tokenizer_config.json": b'{"chat_template": "{% if %}"}',
    }.items():
        result = scan_bytes(tmp_path, data, name=name)
        assert (result.verdict, result.findings) == (Verdict.INCONCLUSIVE, ())
