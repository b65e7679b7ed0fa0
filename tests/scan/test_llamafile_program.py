"""LMF001: a model that is a program."""

from __future__ import annotations

from pathlib import Path

from chat_templates import CHAIN
from gguf_samples import PLAIN, gguf_of
from modelkeep.core import Severity, Verdict
from modelkeep.scan.llamafile_program import DETECTOR
from samples import found_by, scan_bytes, zip_of


def test_a_llamafile_is_high_under_any_name(tmp_path: Path) -> None:
    data = b"MZqFpD='\n" + zip_of({"m.gguf": gguf_of(PLAIN)})
    for name in ("m.llamafile", "m.gguf", "m.exe", "m"):
        (finding,) = found_by(DETECTOR, data, name=name)
        assert (finding.severity, finding.evidence) == (Severity.HIGH, {"models": "m.gguf"})
        assert scan_bytes(tmp_path, data, name=name).verdict is Verdict.FAIL


def test_the_model_in_it_is_judged_too(tmp_path: Path) -> None:
    model = gguf_of(PLAIN | {"tokenizer.chat_template": CHAIN[0]})
    result = scan_bytes(tmp_path, b"MZqFpD='\n" + zip_of({"m.gguf": model}))
    assert "JIN001" in {finding.rule.id for finding in result.findings}


def test_a_model_that_is_no_program_is_left_alone() -> None:
    assert found_by(DETECTOR, gguf_of(PLAIN)) == []
    assert found_by(DETECTOR, zip_of({"m.gguf": gguf_of(PLAIN)})) == []
