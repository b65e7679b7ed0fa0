from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

import model_samples as samples
from harden_samples import EPSILON, fragile, rows
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, Measurement
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


def accuracies(made: Iterable[Measurement]) -> list[tuple[str, float]]:
    """Clean and robust accuracy, by every attack."""
    return sorted(
        (f"{m.name} {m.method}", m.value) for m in made if m.name.endswith("_accuracy")
    )


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
    assert accuracies(report.measurements) == accuracies(done.result.after)


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


def test_an_onnx_network_is_hardened_without_its_source(desk: dict[str, object]) -> None:
    network = fragile(rows()).module
    arrays = {
        name: value.numpy().T if value.dim() > 1 else value.numpy()
        for name, value in network.state_dict().items()
    }
    nodes = [
        helper.make_node("MatMul", ["rows", "0.weight"], ["a"]),
        helper.make_node("Add", ["a", "0.bias"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "2.weight", "2.bias"], ["logits"]),
    ]
    given = {"rows": (TensorProto.FLOAT, ["n", 9])}
    answers = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)]
    Path("net.onnx").write_bytes(samples.onnx_bytes(nodes, given, answers, arrays))
    files = {name: desk[name] for name in ("data", "test")}
    done = pipeline.harden("net.onnx", **files, epsilon_linf=EPSILON)  # type: ignore[arg-type]
    assert done.path == Path("net-hardened.onnx")
    assert accuracies(done.result.after) != accuracies(done.result.before)
    report = pipeline.check(done.path, **files, epsilon_linf=EPSILON)  # type: ignore[arg-type]
    assert accuracies(report.measurements) == accuracies(done.result.after)


def test_private_training_is_charged_claimed_and_recorded(desk: dict[str, object]) -> None:
    more = {"against": "membership", "epsilon_dp": 4.0, "delta_dp": 1e-4}
    with pytest.raises(EvidenceError, match="no privacy budget is set"):
        pipeline.harden("net.safetensors", **desk, **more)  # type: ignore[arg-type]
    assert not Path("net-hardened.safetensors").exists()
    pipeline.set_privacy_budget("t.npz", epsilon=5.0, delta=1e-4, reason="test")
    done = pipeline.harden("net.safetensors", **desk, **more)  # type: ignore[arg-type]
    ledger = pipeline.show_privacy_ledger("t.npz")
    (charged,) = ledger.charges
    assert done.claim is not None
    assert charged.cost.epsilon == done.claim.epsilon <= 4.0
    assert done.claim.audited is not None
    assert done.claim.audited <= done.claim.epsilon
    assert any("add or remove one row" in note for note in done.result.notes)
    with open_keep(Path(".modelkeep")) as keep:
        (entry,) = keep.store.entries(done.subject.digest.sha256)
        payload, _ = verify_envelope(entry.body, keep.trust.keys())
    assert parse_statement(payload).predicate["claim"]["epsilon"] == done.claim.epsilon
    again = {**more, "output": "again.safetensors"}
    with pytest.raises(EvidenceError, match="would be overspent"):
        pipeline.harden("net.safetensors", **desk, **again)  # type: ignore[arg-type]


def test_a_wrapper_is_one_file_that_is_scanned_and_attacked_as_any_other(
    desk: dict[str, object],
) -> None:
    done = pipeline.harden(
        "net.safetensors",
        defence="rejection",
        **desk,  # type: ignore[arg-type]
        epsilon_linf=EPSILON,
    )
    assert done.path == Path("net-hardened.onnx")
    alone = {"data": "t.npz", "test": "v.npz"}
    report = pipeline.assess(done.path, **alone, only=("evasion", "performance"))  # type: ignore[arg-type]
    methods = " ".join(m.method for m in report.measurements)
    assert "through the wrapper" in methods
    assert {"coverage", "selective_accuracy"} <= {m.name for m in report.measurements}
    with pytest.raises(InputError, match="wrapped already"):
        pipeline.harden(done.path, defence="rejection", **alone, output="twice.onnx")  # type: ignore[arg-type]
