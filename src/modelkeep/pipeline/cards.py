"""``modelkeep card``: a model card compared with the evidence, or written from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import (
    Confidence,
    Digest,
    EvidenceError,
    Finding,
    InputError,
    Location,
    MalformedArtifactError,
    Measurement,
    NotChecked,
    Severity,
    Subject,
    Verdict,
)
from modelkeep.core.clock import timestamp
from modelkeep.core.settings import Value
from modelkeep.core.text import printable
from modelkeep.evidence import Keep, parse_envelope, parse_statement, read_lineage
from modelkeep.pipeline.artifacts import Examined, digest_model, used_rules
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.scanning import fails_on
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.report import Report, ReportedFinding, card_text
from modelkeep.sources import Artifact, FileSource
from modelkeep.trust import CARD_NAME, CARD_RULES, ModelCard, compare_claims, read_card
from modelkeep.trust.model_card import Comparison

_RULE: Final = CARD_RULES[0]
_MAKING: Final = frozenset({"training", "hardening"})
"""Predicates of statements that say from what their subject was made, not measured."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the evidence that counts says about one digest."""

    measurements: tuple[Measurement, ...]
    materials: tuple[Subject, ...]
    not_checked: tuple[NotChecked, ...]


def compare_card(
    model: str | Path, card: str | Path | None = None, **flags: Value | None
) -> Report:
    """Compare the claims of a model card with what was measured on this digest.

    Args:
        model: the model.
        card: its card; the ``README.md`` of its directory when left out.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no such model or card.
        MalformedArtifactError: the card cannot be read.
    """
    with open_workspace(flags) as workspace:
        artifact, _, subject = digest_model(model, Listener())
        place = _place_of_card(artifact, card)
        stated = read_card(_bytes(place))
        measured = measured_on(workspace, subject)
        compared = compare_claims(stated, measured.measurements)
        findings = tuple(
            ReportedFinding.of(_finding(one, one.measurement, place.name))
            for one in compared
            if one.measurement is not None and one.state in ("above", "below")
        )
        threshold = workspace.settings.text("fail_on") or Severity.MEDIUM.value
        failed = fails_on(threshold, [finding.severity for finding in findings])
        agreed = sum(one.state == "agrees" for one in compared)
        return Report(
            verdict=Verdict.FAIL if failed else Verdict.PASS,
            subject=subject,
            profile="card",
            created=timestamp(workspace.keep.clock()),
            findings=findings,
            measurements=measured.measurements,
            not_checked=tuple(
                _unmeasured(one) for one in compared if one.state == "unmeasured"
            ),
            rules=used_rules(findings),
            notes=(f"{agreed} of {len(compared)} claims agree with what was measured",),
        )


def write_card(model: str | Path, **flags: Value | None) -> str:
    """The card of a model, with the numbers of its evidence.

    Raises:
        EvidenceError: no evidence that counts holds a number about it.
    """
    with open_workspace(flags) as workspace:
        _, _, subject = digest_model(model, Listener())
        measured = measured_on(workspace, subject)
        if not measured.measurements:
            raise EvidenceError(
                f"{model}: no evidence that counts holds a number about it",
                "Measure it: `modelkeep check MODEL --data TRAIN --test TEST`.",
            )
        return card_text(
            subject,
            measured.measurements,
            materials=measured.materials,
            not_checked=measured.not_checked,
        )


def measured_on(workspace: Workspace, subject: Subject) -> Measured:
    """The numbers of the newest statement of each kind that counts for the gates."""
    counted = set(workspace.facts(subject).counted)
    numbers, materials = dict[str, Measurement](), dict[str, Subject]()
    missed: dict[NotChecked, None] = {}
    for entry in workspace.keep.store.entries(subject.digest.sha256):
        if entry.statement_id not in counted:
            continue
        said = parse_statement(parse_envelope(entry.body).payload).predicate
        for raw in said.get("measurements", ()):
            one = msgspec.convert(raw, Measurement)
            numbers[one.name] = one
        for raw in said.get("materials", ()) if "measurements" in said else ():
            sha256 = str(raw["digest"]["sha256"])
            materials[sha256] = Subject(raw["kind"], raw["name"], Digest(sha256, ""))
        for raw in said.get("not_checked", ()):
            missed[msgspec.convert(raw, NotChecked)] = None
    return Measured(tuple(numbers.values()), tuple(materials.values()), tuple(missed))


def base_models(keep: Keep, model: Subject) -> tuple[Subject, ...]:
    """Models that statements that count say it was made from, by digest."""
    graph = read_lineage(keep, model.digest.sha256)
    made = [graph.nodes[arrow.source] for arrow in graph.arrows if arrow.how in _MAKING]
    found = {node.sha256: node for node in made if node.kind == "model"}
    return tuple(Subject("model", n.name, Digest(n.sha256, "")) for n in found.values())


def card_of(examined: Examined) -> ModelCard | None:
    """The card in a model's directory; nothing where there is none or nobody can read it."""
    artifact = examined.artifact
    if CARD_NAME not in artifact.files:
        return None
    try:
        return read_card(_bytes(artifact.locate(CARD_NAME)))
    except MalformedArtifactError:
        return None  # the scan has said so: the file is part of the model


def _place_of_card(artifact: Artifact, card: str | Path | None) -> Path:
    if card is not None:
        return Path(card)
    if CARD_NAME not in artifact.files:
        raise InputError(f"{artifact.path}: holds no {CARD_NAME}", "Name the card with --card.")
    return artifact.locate(CARD_NAME)


def _bytes(path: Path) -> bytes:
    with FileSource(path) as source:
        return source.read(0, source.size)


def _finding(one: Comparison, measured: Measurement, name: str) -> Finding:
    on = f" on {one.claim.dataset}" if one.claim.dataset else ""
    return Finding(
        _RULE,
        Severity.MEDIUM,
        Confidence.MEDIUM,
        printable(
            f"the card claims {one.claim.metric} {one.claim.value}{on}; measured was "
            f"{measured.value:.6g}, from {measured.low:.6g} to {measured.high:.6g}"
        ),
        Location(printable(name)),
        {"metric": printable(one.claim.metric), "claim": str(one.claim.value), "is": one.state},
    )


def _unmeasured(one: Comparison) -> NotChecked:
    why = "is no number" if one.claim.value is None else "nothing of this name was measured"
    return NotChecked(printable(f"claim {one.claim.metric} {one.claim.value}"), why)
