from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harden_samples import EPSILON, fragile, rows
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import open_keep, parse_statement, verify_envelope
from modelkeep.models import Dataset

CODE = """\
import torch


def build():
    return torch.nn.Sequential(torch.nn.Linear(9, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
"""


def write(path: Path, data: Dataset) -> Path:
    np.savez(path, x=data.rows, y=data.labels)
    return path


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A fragile network as weights, its architecture, and its rows."""
    monkeypatch.chdir(tmp_path)
    train = rows()
    Path("net.safetensors").write_bytes(fragile(train).to_bytes())
    Path("nets.py").write_text(CODE)
    write(Path("t.npz"), train)
    write(Path("v.npz"), rows(seed=1))
    return {"data": "t.npz", "test": "v.npz", "factory": "nets:build", "code": "."}


def test_the_new_model_is_a_subject_with_lineage_to_the_old(
    desk: dict[str, object],
) -> None:
    done = pipeline.harden("net.safetensors", **desk, epsilon_linf=EPSILON)  # type: ignore[arg-type]
    assert done.path == Path("net-hardened.safetensors")
    assert done.subject.digest != done.changed_from.digest
    keep = open_keep(Path(".modelkeep"))
    (entry,) = keep.store.entries(done.subject.digest.sha256)
    payload, _ = verify_envelope(entry.body, keep.trust.keys())
    keep.close()
    claim = parse_statement(payload).predicate
    assert claim["changed_from"]["digest"]["sha256"] == done.changed_from.digest.sha256
    assert claim["defence"] == "fast-training"
    assert {material["kind"] for material in claim["materials"]} == {"dataset", "code"}
    assert [m["name"] for m in claim["before"]] == [m["name"] for m in claim["after"]]
    assert claim["gained"] is done.result.gained


def test_the_written_model_is_the_measured_one(desk: dict[str, object]) -> None:
    done = pipeline.harden("net.safetensors", **desk, epsilon_linf=EPSILON)  # type: ignore[arg-type]
    report = pipeline.check(done.path, **desk, epsilon_linf=EPSILON)  # type: ignore[arg-type]
    timed = "sponge_latency_ratio"
    measured = {m.name: m.value for m in done.result.after if m.name != timed}
    found = {m.name: m.value for m in report.measurements if m.name in measured}
    assert found == measured


def test_nothing_is_overwritten_and_the_refusal_comes_first(desk: dict[str, object]) -> None:
    Path("net-hardened.safetensors").write_bytes(b"mine")
    with pytest.raises(InputError, match="exists"):
        pipeline.harden("net.safetensors", **desk)  # type: ignore[arg-type]
    assert Path("net-hardened.safetensors").read_bytes() == b"mine"


def test_a_model_that_is_not_what_was_signed_is_not_loaded(desk: dict[str, object]) -> None:
    pipeline.sign("net.safetensors")
    changed = bytearray(Path("net.safetensors").read_bytes())
    changed[-1] ^= 1
    Path("net.safetensors").write_bytes(changed)
    with pytest.raises(EvidenceError, match="not what was signed"):
        pipeline.harden("net.safetensors", **desk)  # type: ignore[arg-type]


def test_an_unknown_defence_is_named_with_those_there_are(desk: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no defence 'magic'") as error:
        pipeline.harden("net.safetensors", **desk, defence="magic")  # type: ignore[arg-type]
    assert "fast-training" in error.value.hint
