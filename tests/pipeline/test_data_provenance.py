"""Lineage from statements, descriptions compared with files, documents written from seals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from check_samples import said
from modelkeep import pipeline
from modelkeep.core import EvidenceError, Subject, UsageError
from modelkeep.data import Options
from modelkeep.data.provenance import read_croissant
from modelkeep.evidence import (
    SigningKey,
    Statement,
    make_statement,
    open_keep,
    seal,
    statement_id,
    utc_now,
)
from modelkeep.evidence.store_tables import Entry
from modelkeep.sources import digest_artifact, open_artifact


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("raw", "extra", "joined", "clean"):
        Path(f"{name}.csv").write_text(f"a,label\n1,x\n2,{name}\n")
    pipeline.seal_data("raw.csv", options=Options(source="https://s.org", licence="CC0-1.0"))


def subject(name: str) -> Subject:
    artifact = open_artifact(f"{name}.csv")
    return Subject("dataset", artifact.name, digest_artifact(artifact).digest)


def derived(step: str, product: str, *materials: str) -> Statement:
    named = [
        {"name": f"{m}.csv", "digest": {"sha256": subject(m).digest.sha256}} for m in materials
    ]
    fields = {
        "facts": {},
        "tool": "modelkeep",
        "step": step,
        "materials": named,
        "parameters": {},
        "rests_on": [],
    }
    return make_statement("data-derivation", (subject(product),), fields, clock=utc_now)


def record(*made: Statement) -> None:
    with open_keep(Path(".modelkeep")) as keep:
        keep.record(list(made))


def test_lineage_walks_through_every_step_to_the_sources() -> None:
    record(derived("join", "joined", "raw", "extra"))
    record(derived("clean", "clean", "joined"))
    lineage = pipeline.trace_provenance("clean.csv").lineage
    assert [(s.step, s.product) for s in lineage.steps] == [
        ("clean", subject("clean").digest.sha256),
        ("join", subject("joined").digest.sha256),
    ]
    assert [(o.name, o.sealed, o.source, o.licence) for o in lineage.origins] == [
        ("raw.csv", True, "https://s.org", "CC0-1.0"),
        ("extra.csv", False, "", ""),
    ]


def test_a_set_nobody_derived_is_its_own_source() -> None:
    lineage = pipeline.trace_provenance("raw.csv").lineage
    assert (lineage.steps, lineage.origins[0].name) == ([], "raw.csv")


def test_a_circle_of_statements_ends() -> None:
    record(derived("a", "raw", "clean"), derived("b", "clean", "raw"))
    lineage = pipeline.trace_provenance("raw.csv").lineage
    assert [step.step for step in lineage.steps] == ["a", "b"]
    assert lineage.origins == []


def test_what_a_stranger_signed_is_no_step() -> None:
    made = derived("forged", "clean", "raw")
    body = seal(made.to_bytes(), SigningKey.generate())
    entry = Entry(
        statement_id=statement_id(body),
        subject=subject("clean").digest.sha256,
        predicate_type=made.predicate_type,
        issued=made.predicate["issued"],
        expires=made.predicate["expires"],
        body=body,
    )
    with open_keep(Path(".modelkeep")) as keep:
        keep.store.append([entry])
    assert pipeline.trace_provenance("clean.csv").lineage.steps == []


def test_files_are_compared_with_the_description() -> None:
    described = {
        "@context": {},
        "dct:conformsTo": "http://mlcommons.org/croissant/1.0",
        "distribution": [
            {"contentUrl": "https://s.org/x/raw.csv?download=1", "sha256": "00" * 32},
            {"contentUrl": "https://s.org/x/gone.csv", "sha256": "00" * 32},
        ],
    }
    Path("c.json").write_text(json.dumps(described))
    got = said("data", "provenance", "raw.csv", "--croissant", "c.json")
    assert got.code == 1
    assert "DIFFERS raw.csv" in got.out
    assert "NOT HERE gone.csv" in got.out
    assert "dataBiases: unknown" in got.out


def test_croissant_written_reads_back_with_our_digests_and_the_sources() -> None:
    record(derived("clean", "clean", "raw"))
    made = pipeline.seal_data("clean.csv", options=Options(label="label"))
    got = said("data", "provenance", "clean.csv", "--format", "croissant")
    assert got.code == 0
    document = json.loads(got.out)
    assert document["@context"]["mk"] == "urn:modelkeep:croissant:"
    assert document["mk:root"] == made.manifest.root
    Path("c.json").write_text(got.out)
    found = read_croissant(Path("c.json"))
    assert found.version == "1.1"
    assert found.derived_from == ["raw.csv"]
    assert pipeline.trace_provenance("clean.csv", croissant="c.json").differing == ()
    assert not any(key.startswith("rai:") for key in document)


def test_datasheet_and_json() -> None:
    got = said("data", "provenance", "raw.csv", "--format", "datasheet")
    assert (got.code, got.out.startswith("# Datasheet: raw.csv")) == (0, True)
    got = said("data", "provenance", "raw.csv", "--format", "json")
    assert (got.code, json.loads(got.out)["subject"]["name"]) == (0, "raw.csv")


def test_documents_need_a_seal_of_these_bytes() -> None:
    with pytest.raises(UsageError, match="seal"):
        pipeline.describe_as("croissant", pipeline.trace_provenance("clean.csv"))
    Path("raw.csv").write_text("a,label\n1,changed\n")
    with pytest.raises(EvidenceError, match="other bytes"):
        pipeline.trace_provenance("raw.csv")
