"""``modelkeep check``: from bytes to a signed verdict, in a straight line.

open and digest -> scan -> verify signature -> bill of materials -> load -> assess ->
record -> ask the gate -> report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelkeep.core import (
    EvidenceError,
    InputError,
    MissingExtraError,
    NotChecked,
    Verdict,
    fold,
)
from modelkeep.core.settings import Value
from modelkeep.evidence import anchor_problems, read_anchor, timestamp, write_anchor
from modelkeep.pipeline.artifacts import (
    Examined,
    examine,
    reported_files,
    used_rules,
    why_not_loaded,
)
from modelkeep.pipeline.inputs import Inputs, gather_inputs
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.recording import Results, build_statements
from modelkeep.pipeline.scanning import fails_on
from modelkeep.pipeline.signatures import check_signature
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.policy import Decision, require_decidable
from modelkeep.report import Report, ReportedFinding, ReportedReceipt, build_bom
from modelkeep.trust import (
    SignatureCheck,
    State,
    findings,
    gather_bom,
)

if TYPE_CHECKING:
    from modelkeep.pipeline.assessing import Assessed


@dataclass(slots=True)
class _Live:
    """Outcome of the live half: what was assessed, or why not."""

    assessed: Assessed | None
    missed: tuple[NotChecked, ...] = ()
    failed: bool = False


def check(  # noqa: PLR0913 - keyword-only, each documented below
    model: str | Path,
    *,
    data: str | Path | None = None,
    test: str | Path | None = None,
    code: str | Path | None = None,
    factory: str = "",
    train: str = "",
    preprocess: str = "",
    roots: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Check a model: scan, verify, measure, record, decide.

    Args:
        model: file or directory.
        data: rows it was trained on (.npz, .parquet, .csv, folder per class).
        test: rows it has not seen.
        code: directory of the user's own code; the working directory.
        factory: ``package.module:function`` building the architecture of bare weights.
        train: ``package.module:function``, ``fit(data, seed) -> model``.
        preprocess: ``package.module:function`` from raw rows to a float32 array.
        roots: certificate authorities in PEM whose leaves may sign models.
        listener: who hears how far it got.
        flags: settings by key, such as ``profile="prod"``, ``action="deploy"``.

    Returns:
        The report; its ``exit_code`` is that of the command.

    Raises:
        InputError: the model, data or keep cannot be opened.
        EvidenceError: the model changed while it was being checked.
    """
    inputs = gather_inputs(data, test, code, factory, train, preprocess)
    heard = listener or Listener()
    with open_workspace(flags, heard, make=True) as workspace:
        return _run(workspace, Path(model), inputs, roots)


def _run(workspace: Workspace, model: Path, inputs: Inputs, roots: str | Path | None) -> Report:
    keep, settings, listener = workspace.keep, workspace.settings, workspace.listener
    require_decidable(settings.text("action"), keep.profile)
    _require_anchored(workspace)
    examined = examine(model, settings.names("scan.pickle.allow"), listener)
    signature = check_signature(workspace, examined.artifact, examined.manifest, roots=roots)
    live = _assess(examined, inputs, workspace, signature)
    results = _results(workspace, examined, signature, live)
    statements = build_statements(workspace, results)
    listener.progress("signing and recording", 0.5)
    receipts = keep.record([statement for _, statement in statements])
    decision, decided = workspace.decide(settings.text("action"), examined.subject)
    _anchor(workspace)
    listener.progress("done", 1.0)
    names = [*(key for key, _ in statements), "decision"]
    reported = tuple(
        ReportedReceipt(name, receipt.statement_id, receipt.leaf_index)
        for name, receipt in zip(names, [*receipts, decided], strict=True)
    )
    return _report(workspace, results, decision, reported, live)


def _assess(
    examined: Examined, inputs: Inputs, workspace: Workspace, signature: SignatureCheck
) -> _Live:
    """Load and measure, unless the static half forbids it or nothing was given."""
    forbidden = _why_not(examined, inputs, signature)
    if forbidden:
        return _Live(None, (_missed(forbidden),))
    try:
        # Imported here: it needs the optional `assess` extra.
        from modelkeep.pipeline.assessing import assess_artifact  # noqa: PLC0415

        assessed = assess_artifact(examined, inputs, workspace)
    except ModuleNotFoundError as error:
        hint = MissingExtraError("assessing a model", error.name or "numpy", "assess")
        return _Live(None, (_missed(f"SKIPPED: {hint.message} {hint.hint}"),))
    except MissingExtraError as error:
        return _Live(None, (_missed(f"SKIPPED: {error.message} {error.hint}"),))
    except InputError as error:
        reason = _missed(f"could not be done: {error.message} {error.hint}")
        return _Live(None, (reason,), failed=True)
    return _Live(assessed)


def _why_not(examined: Examined, inputs: Inputs, signature: SignatureCheck) -> str:
    """Why nothing is measured; empty if the model may be loaded and measured."""
    refusal = why_not_loaded(examined, signature)
    if refusal:
        return refusal
    if not inputs.wants_assessment:
        return "no data was given (--data TRAIN --test TEST)"
    return ""


def _missed(why: str) -> NotChecked:
    return NotChecked("assessment", why)


def _results(
    workspace: Workspace, examined: Examined, signature: SignatureCheck, live: _Live
) -> Results:
    materials = live.assessed.materials if live.assessed is not None else ()
    assessment = live.assessed.assessment if live.assessed is not None else None
    bill = gather_bom(
        examined.subject,
        examined.artifact,
        examined.manifest,
        tuple(sorted(set(examined.formats().values()))),
        materials,
    )
    created = timestamp(workspace.keep.clock())
    numbers = assessment.all_measurements() if assessment is not None else ()
    missed = (*examined.scan.not_checked, *live.missed)
    missed += assessment.not_checked if assessment is not None else ()
    return Results(
        examined=examined,
        signature=signature,
        bill=bill,
        bom=build_bom(bill, numbers, created),
        created=created,
        measurements=assessment.measurements if assessment is not None else {},
        facts=assessment.facts if assessment is not None else {},
        risks=assessment.risks if assessment is not None else (),
        ran=assessment.ran if assessment is not None else (),
        not_checked=missed,
        materials=materials,
    )


def _require_anchored(workspace: Workspace) -> None:
    """Refuse to add to a log that no longer continues what its anchor saw.

    Raises:
        EvidenceError: it does not.
    """
    anchor = workspace.settings.text("anchor")
    note = read_anchor(Path(anchor)) if anchor else None
    problems = anchor_problems(workspace.keep, note) if note is not None else []
    if problems:
        raise EvidenceError(f"{anchor}: {problems[0]}")


def _anchor(workspace: Workspace) -> None:
    anchor = workspace.settings.text("anchor")
    if anchor:
        write_anchor(workspace.keep, Path(anchor))


def _report(
    workspace: Workspace,
    results: Results,
    decision: Decision,
    receipts: tuple[ReportedReceipt, ...],
    live: _Live,
) -> Report:
    examined = results.examined
    files = reported_files(examined.scan, examined.manifest)
    about = tuple(ReportedFinding.of(f) for f in findings(examined.artifact, results.signature))
    every = [*about, *(finding for file in files for finding in file.findings)]
    notes = live.assessed.notes if live.assessed is not None else ()
    notes += results.signature.told
    return Report(
        verdict=_verdict(workspace, results, decision, every, failed=live.failed),
        subject=examined.subject,
        profile=workspace.keep.profile,
        created=results.created,
        files=files,
        findings=about,
        measurements=tuple(m for group in results.measurements.values() for m in group),
        risks=results.risks,
        not_checked=results.not_checked,
        decision=decision,
        receipts=receipts,
        rules=used_rules(every),
        materials=results.materials,
        bom=results.bom,
        notes=(*notes, *_ignored(workspace)),
    )


def _ignored(workspace: Workspace) -> tuple[str, ...]:
    """Evidence states every finding; who may accept one is a matter of policy."""
    if not workspace.settings.ignores:
        return ()
    return ("[[ignore]] entries hold for `modelkeep scan`; a check counts every finding",)


def _verdict(
    workspace: Workspace,
    results: Results,
    decision: Decision,
    found: list[ReportedFinding],
    *,
    failed: bool,
) -> Verdict:
    """FAIL if anything is wrong, else INCONCLUSIVE if something could not be finished."""
    scanned = results.examined.verdict
    verdicts = [Verdict.PASS, scanned]
    if results.signature.state is State.BROKEN:
        verdicts.append(Verdict.FAIL)
    if fails_on(workspace.settings.text("fail_on"), [f.severity for f in found]):
        verdicts.append(Verdict.FAIL)
    unfinished = failed or scanned is Verdict.INCONCLUSIVE
    if unfinished:
        verdicts.append(Verdict.INCONCLUSIVE)
    elif not decision.allowed:
        verdicts.append(Verdict.FAIL)
    return fold(verdicts)
