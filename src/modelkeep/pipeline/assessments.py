"""``modelkeep assess``: attack a model, record what was measured; verify what was found.

open and digest -> scan -> verify signature -> load -> attack -> record -> report. It asks no
gate. A run that was killed goes on from its notes, which are signed and lie in the keep.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from modelkeep.assess import (
    Adversarial,
    Assessment,
    Attack,
    Context,
    SecondLook,
    Threat,
    assess_model,
    attacks,
    look_again,
    space_of,
    write_adversarial,
)
from modelkeep.core import EvidenceError, InputError, UsageError, Verdict
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.evidence import timestamp
from modelkeep.models import Request, load_model
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import Examined, examine, why_not_loaded
from modelkeep.pipeline.assessing import Opened, code_of, open_model
from modelkeep.pipeline.inputs import Inputs, gather_inputs
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.notebook import Notebook
from modelkeep.pipeline.recording import measurement_statements
from modelkeep.pipeline.signatures import check_signature
from modelkeep.pipeline.workspace import Workspace, open_workspace, require_file
from modelkeep.report import Report, ReportedReceipt

_SETTINGS = ("epsilon_linf", "threat", "budget", "max_rows", "seed", "label")


def assess(  # noqa: PLR0913 - keyword-only, each documented below
    model: str | Path,
    *,
    data: str | Path | None = None,
    test: str | Path | None = None,
    code: str | Path | None = None,
    factory: str = "",
    train: str = "",
    preprocess: str = "",
    only: Iterable[str] = (),
    adversarial: str | Path | None = None,
    against: str | Path | None = None,
    roots: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Attack a model and record what was measured.

    Args:
        model: file or directory.
        data: rows it was trained on.
        test: rows it has not seen.
        code: directory of the user's own code; the working directory.
        factory: ``package.module:function`` building the architecture of bare weights.
        train: ``package.module:function``, ``fit(data, seed) -> model``.
        preprocess: ``package.module:function`` from raw rows to a float32 array.
        only: kinds of attack, such as ``evasion``; ids and names work, too. All by default.
        adversarial: file that receives the adversarial points, as ``.npz``.
        against: an earlier version, whose explanations are compared with this one's; it is
            built by the same factory.
        roots: certificate authorities in PEM whose leaves may sign models.
        listener: who hears how far it got.
        flags: settings by key, such as ``threat="l2:0.5"``.

    Returns:
        The report; INCONCLUSIVE where an attack had to stop.

    Raises:
        InputError: the model, data or keep cannot be used.
        EvidenceError: the scan did not pass, or the model is not what was signed.
        MissingExtraError: a library is not installed.
        UsageError: no attack is called that.
    """
    heard = listener or Listener()
    chosen = _chosen(only)
    inputs = gather_inputs(data, test, code, factory, train, preprocess)
    if not inputs.wants_assessment:
        raise InputError("no data was given", "Add --data TRAIN --test TEST.")
    with open_workspace(flags, heard, make=True) as workspace:
        examined = _examined(model, workspace, roots)
        opened = open_model(examined, inputs, workspace)
        if against is not None:
            earlier = _examined(against, workspace, roots)
            require_access(workspace, "query", earlier.subject)
            opened = _beside(opened, earlier, inputs)
        notebook = Notebook(workspace.keep, _depends_on(workspace, examined, inputs, opened))
        found = _Found(notebook, chosen)
        context = replace(
            opened.context,
            journal=notebook,
            collect=found.collect,
            progress=_with_time_left(opened.context.progress),
        )
        assessment = assess_model(
            context, chosen, on_attack=lambda attack: heard.progress(attack.name, 0.0)
        )
        report = _recorded(workspace, examined, opened, assessment)
        if adversarial is not None:
            count = _write(Path(adversarial), context, found)
            heard.tell(f"wrote {count} adversarial rows to {adversarial}")
        notebook.forget()
        return report


def verify_adversarial(  # noqa: PLR0913 - keyword-only, as of `assess`
    path: str | Path,
    *,
    model: str | Path,
    code: str | Path | None = None,
    factory: str = "",
    preprocess: str = "",
    roots: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> SecondLook:
    """Ask the model again about adversarial points, and measure their distance again.

    Raises:
        InputError: the file or the model cannot be used.
        EvidenceError: the scan did not pass, or the model is not what was signed.
    """
    heard = listener or Listener()
    inputs = Inputs(
        code=require_file(code, "directory of code"), factory=factory, preprocess=preprocess
    )
    with open_workspace(flags, heard, make=True) as workspace:
        examined = _examined(model, workspace, roots)
        require_access(workspace, "query", examined.subject)
        return look_again(Path(path), load_model(_request(examined, inputs)).model)


def _chosen(only: Iterable[str]) -> tuple[Attack, ...]:
    """The attacks asked for, in their own order; all if none are named.

    Raises:
        UsageError: no attack is called that.
    """
    known, wanted = attacks(), set(only)
    names = {name for attack in known for name in (attack.id, attack.name, attack.predicate)}
    if wanted - names:
        kinds = ", ".join(sorted({attack.predicate for attack in known}))
        raise UsageError(f"no attack {min(wanted - names)!r}", f"Use some of: {kinds}.")
    return tuple(
        attack
        for attack in known
        if not wanted or wanted & {attack.id, attack.name, attack.predicate}
    )


def _examined(model: str | Path, workspace: Workspace, roots: str | Path | None) -> Examined:
    """The model, scanned; refused where it may not be loaded."""
    allowed = workspace.settings.names("scan.pickle.allow")
    examined = examine(model, allowed, workspace.listener)
    signature = check_signature(workspace, examined.artifact, examined.manifest, roots=roots)
    refusal = why_not_loaded(examined, signature)
    if refusal:
        raise EvidenceError(
            f"{examined.subject.name}: {refusal}", "modelkeep scan says what was found."
        )
    return examined


def _beside(opened: Opened, earlier: Examined, inputs: Inputs) -> Opened:
    """What was opened, with an earlier version to compare with; the record names it."""
    loaded = load_model(_request(earlier, inputs))
    context = replace(opened.context, previous=loaded.model)
    notes = tuple(f"earlier version: {note}" for note in loaded.notes)
    materials = (*opened.materials, earlier.subject)
    return replace(opened, context=context, materials=materials, notes=opened.notes + notes)


def _request(examined: Examined, inputs: Inputs) -> Request:
    return Request(examined.artifact, examined.manifest, examined.formats(), code_of(inputs))


def _depends_on(
    workspace: Workspace, examined: Examined, inputs: Inputs, opened: Opened
) -> dict[str, Any]:
    """Everything that a noted result depends on."""
    return {
        "version": VERSION,
        "model": examined.subject.digest.sha256,
        "materials": [material.digest.sha256 for material in opened.materials],
        "functions": [inputs.factory, inputs.train, inputs.preprocess],
        "settings": {key: workspace.settings.text(key) for key in _SETTINGS},
    }


@dataclass(slots=True)
class _Found:
    """Adversarial points by the attack that found them, noted so that none is lost."""

    notebook: Notebook
    attacks: tuple[Attack, ...]

    def collect(self, found: Adversarial) -> None:
        """Note points."""
        names = ("rows", "changed", "truth", "answered")
        self.notebook.write(
            f"adversarial {found.attack}", {name: getattr(found, name) for name in names}
        )
        listed = self.notebook.read("adversarial") or {"names": np.zeros(0, np.uint8)}
        names_so_far = listed["names"].tobytes().decode().split("\n")
        every = "\n".join(sorted({*names_so_far, found.attack} - {""}))
        self.notebook.write("adversarial", {"names": np.frombuffer(every.encode(), np.uint8)})

    def every(self, threat: Threat) -> list[Adversarial]:
        """All points, those of a run that was killed included."""
        listed = self.notebook.read("adversarial")
        names = listed["names"].tobytes().decode().split("\n") if listed is not None else []
        noted = [(name, self.notebook.read(f"adversarial {name}")) for name in names]
        return [
            Adversarial(name, threat, **arrays) for name, arrays in noted if arrays is not None
        ]


def _write(path: Path, context: Context, found: _Found) -> int:
    data = context.test
    if data is None:
        raise InputError("adversarial points need test rows", "Add --test FILE.")
    space = space_of(context.train, data)
    return write_adversarial(path, found.every(context.threat), space, data, context.threat)


def _with_time_left(report: Callable[[float, str], None]) -> Callable[[float, str], None]:
    """Progress that also says how long the rest of a step will take."""
    began = [time.monotonic(), 0.0]

    def told(share: float, what: str) -> None:
        if share <= began[1]:
            began[:] = [time.monotonic(), share]
        used = time.monotonic() - began[0]
        rest = used * (1 - share) / share if share > 0 else 0.0
        report(share, f"{what}, {rest:.0f} s left" if rest > 1 else what)
        began[1] = share

    return told


def _recorded(
    workspace: Workspace, examined: Examined, opened: Opened, assessment: Assessment
) -> Report:
    made = measurement_statements(
        workspace,
        examined.subject,
        assessment.measurements,
        facts=assessment.facts,
        not_checked=assessment.not_checked,
        materials=opened.materials,
    )
    receipts = workspace.keep.record([statement for _, statement in made])
    workspace.listener.progress("done", 1.0)
    return Report(
        verdict=Verdict.INCONCLUSIVE if assessment.stopped else Verdict.PASS,
        subject=examined.subject,
        profile=workspace.keep.profile,
        created=timestamp(workspace.keep.clock()),
        measurements=assessment.all_measurements(),
        risks=assessment.risks,
        not_checked=assessment.not_checked,
        receipts=tuple(
            ReportedReceipt(key, receipt.statement_id, receipt.leaf_index)
            for (key, _), receipt in zip(made, receipts, strict=True)
        ),
        materials=opened.materials,
        notes=opened.notes,
    )
