"""A recorded training: everything that went in, by digest, and nothing when it changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import by_key, open_keep, parse_envelope, parse_statement


def recorded() -> list[dict[str, object]]:
    with open_keep(Path(".modelkeep")) as keep:
        found = keep.store.entries_of(by_key("training").uri)
        return [parse_statement(parse_envelope(e.body).payload).predicate for e in found]


def test_inputs_are_recorded_with_the_seal_of_the_data(desk: samples.Sample) -> None:
    sealed = pipeline.seal_data(desk.data)
    Path("train.py").write_text("fit()")
    git = Path(".git/refs/heads")
    git.mkdir(parents=True)
    Path(".git/HEAD").write_text("ref: refs/heads/main\n")
    (git / "main").write_text("a" * 40 + "\n")
    inputs = {"data": [desk.data, desk.test], "code": "train.py", "parameters": {"rate": 0.1}}
    with pipeline.record_training(seed=3, **inputs) as run:  # type: ignore[arg-type]
        Path("new.onnx").write_bytes(desk.model.read_bytes() + b"\0")
        run.parameters["epochs"] = 2
        run.output("new.onnx")
    (said,) = recorded()
    built = said["buildDefinition"]
    assert isinstance(built, dict)
    assert built["externalParameters"] == {"rate": 0.1, "seed": 3, "epochs": 2}
    train, test, code, commit = built["resolvedDependencies"]
    assert train["annotations"] == {"kind": "dataset", "seal": sealed.statement_id}
    assert (test["annotations"]["seal"], code["name"]) == ("", "train.py")
    assert commit["digest"] == {"gitCommit": "a" * 40}


def test_walk_from_a_registered_model_reaches_the_seal_of_its_data(
    desk: samples.Sample,
) -> None:
    sealed = pipeline.seal_data(desk.data)
    with pipeline.record_training(data=[desk.data]) as run:
        run.output(desk.model)
    pipeline.register(desk.model, "credit")
    subject, found = pipeline.lineage("credit")
    assert found.nodes[subject.digest.sha256].stage == "quarantine"
    (data,) = [node for node in found.nodes.values() if node.kind == "dataset"]
    assert data.seals == (sealed.statement_id,)
    _, down = pipeline.lineage(str(desk.data), up=False)
    assert subject.digest.sha256 in down.nodes


def test_data_that_changed_meanwhile_is_refused(desk: samples.Sample) -> None:
    def train() -> None:
        with pipeline.record_training(data=[desk.data]) as run:
            samples.flip(desk.data)
            run.output(desk.model)

    with pytest.raises(EvidenceError, match="changed while the training ran"):
        train()
    assert recorded() == []


def test_training_that_wrote_nothing_or_failed_records_nothing(desk: samples.Sample) -> None:
    with (
        pytest.raises(InputError, match="named no model"),
        pipeline.record_training(data=[desk.data]),
    ):
        pass

    def fail() -> None:
        with pipeline.record_training(data=[desk.data]) as run:
            run.output(desk.model)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert recorded() == []


def test_command_is_run_and_its_model_can_be_traced(desk: samples.Sample) -> None:
    write = [sys.executable, "-c", "open('new.bin', 'wb').write(b'weights')"]
    options = ["--data", desk.data, "--output", "new.bin", "--param", "rate=0.1"]
    got = samples.said("record", "train", *options, "--", *write)
    assert (got.code, got.out.startswith("new.bin ")) == (0, True)
    found = json.loads(samples.said("lineage", "new.bin", "--format", "json").out)
    assert [node["kind"] for node in found["nodes"].values()] == ["model", "dataset"]
    table = samples.said("lineage", desk.data, "--down").out
    assert f"{desk.data.name} -> new.bin: training" in table
    failed = [sys.executable, "-c", "raise SystemExit(3)"]
    got = samples.said("record", "train", *options, "--", *failed)
    assert (got.code, "ended with 3" in got.err) == (2, True)
    assert len(recorded()) == 1
