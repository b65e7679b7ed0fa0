"""``modelkeep harden``: change a model so that an attack fails, and record what it was worth.

open and digest -> scan -> verify signature -> load -> measure -> change -> measure again ->
write -> record. The changed model is a new subject whose statement names the old one, the
data and the code; it has no evidence of its own yet and no gate takes it for checked.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from modelkeep.assess import attacks
from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.evidence import make_statement
from modelkeep.harden import (
    Against,
    Claim,
    Defence,
    Hardened,
    Plan,
    PrivacyTarget,
    claim_of,
    defences,
    effort_of,
)
from modelkeep.harden import harden as change
from modelkeep.models import Writable
from modelkeep.pipeline.artifacts import Examined, digest_model, examine, why_not_loaded
from modelkeep.pipeline.assessing import Opened, open_model
from modelkeep.pipeline.inputs import gather_inputs
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.privacy_ledger import Cost, charge
from modelkeep.pipeline.signatures import check_signature
from modelkeep.pipeline.workspace import Workspace, open_workspace


@dataclass(frozen=True, slots=True)
class Hardening:
    """What hardening hands back.

    Attributes:
        path: where the changed model lies.
        subject: the changed model.
        changed_from: the model as it was.
        result: the defence and its measurements before and after.
        statement_id: of the statement recorded about the changed model.
        claim: what a private training promises.
    """

    path: Path
    subject: Subject
    changed_from: Subject
    result: Hardened
    statement_id: str
    claim: Claim | None = None


def harden(  # noqa: PLR0913 - keyword-only, each documented below
    model: str | Path,
    *,
    against: Against = "evasion",
    defence: str = "",
    data: str | Path,
    test: str | Path,
    code: str | Path | None = None,
    factory: str = "",
    train: str = "",
    roots: str | Path | None = None,
    output: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Hardening:
    """Change a model, write it beside the old one, record what the change was worth.

    Args:
        model: file or directory.
        against: what the change is to stop.
        defence: name of the defence; the first that fits by default.
        data: rows it was trained on.
        test: rows it has not seen.
        code: directory of the user's own code; the working directory.
        factory: ``package.module:function`` building the architecture of bare weights.
        train: ``package.module:function``, ``fit(data, seed) -> model``.
        roots: certificate authorities in PEM whose leaves may sign models.
        output: where the changed model goes; ``NAME-hardened`` beside the old one by default.
        listener: who hears how far it got.
        flags: settings by key, such as ``epsilon_linf=0.03``.

    Raises:
        InputError: the model, data or defence cannot be used, or the output exists.
        EvidenceError: the scan did not pass, or the model is not what was signed.
        MissingExtraError: a library is not installed.
    """
    heard = listener or Listener()
    inputs = gather_inputs(data, test, code, factory, train)
    with open_workspace(flags, heard, make=True) as workspace:
        allowed = workspace.settings.names("scan.pickle.allow")
        examined = examine(model, allowed, heard)
        _require_loadable(examined, workspace, roots)
        opened = open_model(examined, inputs, workspace, "read_weights")
        chosen = _choose(defence, against, opened)
        found = opened.context.model
        if not isinstance(found, Writable):
            raise InputError(f"{model}: it cannot be written again")
        path = _place(Path(model), output, (found.suffix, chosen.suffix or found.suffix))
        result, claim = _change(workspace, opened, chosen, path)
        _write(result, path)
        heard.progress("recording", 0.9)
        _, _, subject = digest_model(path, heard)
        identity = _record(workspace, subject, examined.subject, opened, (result, claim))
        heard.progress("done", 1.0)
        return Hardening(path, subject, examined.subject, result, identity, claim)


def _change(
    workspace: Workspace, opened: Opened, chosen: Defence, path: Path
) -> tuple[Hardened, Claim | None]:
    """Change the model; a private training is charged to its data set before it starts.

    Raises:
        EvidenceError: the budget is overspent, or an attack proves more than is claimed.
    """
    plans: list[Plan] = []
    train = opened.context.train

    def pay(plan: Plan) -> None:
        if train is not None:
            cost = Cost(plan.spent.epsilon, plan.delta, (plan.mechanism,))
            charge(workspace.keep, train.subject, cost, f"private training of {path.name}")
        plans.append(plan)

    settings = workspace.settings
    target = PrivacyTarget(settings.number("epsilon_dp"), settings.number("delta_dp"), pay)
    effort = effort_of(opened.context, target)
    result = change(opened.context, chosen, effort, attacks())
    if not plans:
        return result, None
    claim = claim_of(plans[-1], result.after)
    if claim.contradicted:
        raise EvidenceError(
            f"an attack proves epsilon {claim.audited}, {claim.epsilon:.3f} was claimed",
            "The training does not do what it says: report this, and do not use the model.",
        )
    return replace(result, notes=(*result.notes, *claim.lines())), claim


def _require_loadable(
    examined: Examined, workspace: Workspace, roots: str | Path | None
) -> None:
    signature = check_signature(workspace, examined.artifact, examined.manifest, roots=roots)
    refusal = why_not_loaded(examined, signature)
    if refusal:
        raise EvidenceError(
            f"{examined.subject.name}: {refusal}", "modelkeep scan says what was found."
        )


def _choose(name: str, against: Against, opened: Opened) -> Defence:
    """The defence of that name, or the first against the threat that fits.

    Raises:
        InputError: there is none.
    """
    known = [found for found in defences() if found.against == against]
    if name:
        for found in known:
            if found.name == name:
                return found
        names = ", ".join(found.name for found in known)
        raise InputError(f"no defence {name!r} against {against}", f"Use one of: {names}.")
    reasons = [f"{found.name}: {found.applies(opened.context)}" for found in known]
    fitting = [
        found
        for found in known
        if not found.by_name_only and found.applies(opened.context) is None
    ]
    if not fitting:
        raise InputError(
            f"no defence against {against} fits this model ({'; '.join(reasons)})",
            "Those that fit must be asked for by name: --defence NAME.",
        )
    return fitting[0]


def _place(model: Path, output: str | Path | None, suffixes: tuple[str, str]) -> Path:
    """Where the changed model goes; decided, and refused, before any work is done."""
    stem = model.name.removesuffix(suffixes[0])
    named = f"{stem}-hardened{suffixes[1]}"
    path = Path(output) if output is not None else model.with_name(named)
    if path.exists():
        raise InputError(f"{path}: exists", "Name another file with --output.")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: not a place for a file")
    return path


def _write(result: Hardened, path: Path) -> None:
    """Write the model so that the file is whole or not there, and nothing is overwritten."""
    if not isinstance(result.model, Writable):
        raise InputError(f"{result.defence.name} gives a model that cannot be written")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(result.model.to_bytes())
        os.link(draft, path)
    except FileExistsError as error:
        raise InputError(f"{path}: exists", "Name another file with --output.") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _record(
    workspace: Workspace,
    subject: Subject,
    old: Subject,
    opened: Opened,
    made: tuple[Hardened, Claim | None],
) -> str:
    result, claim = made
    fields = {
        "tool": f"modelkeep {VERSION}",
        "facts": {},
        "defence": result.defence.name,
        "gained": result.gained,
        "changed_from": _named(old),
        "materials": [_named(material) for material in opened.materials],
        "before": msgspec.to_builtins(result.before),
        "after": msgspec.to_builtins(result.after),
        "notes": list(result.notes),
        "claim": {} if claim is None else {**asdict(claim), "checked": list(claim.checked)},
    }
    clock = workspace.keep.clock
    statement = make_statement("hardening", (subject,), fields, clock=clock)
    (receipt,) = workspace.keep.record([statement])
    return receipt.statement_id


def _named(subject: Subject) -> dict[str, Any]:
    return {
        "name": subject.name,
        "kind": subject.kind,
        "digest": {"sha256": subject.digest.sha256},
    }
