"""``modelkeep record train``: from data, code and parameters to the model, as provenance.

Everything that goes in is hashed before the training starts and again when it is over: what
was changed meanwhile is not what the model was trained on, and nothing is recorded.
"""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.core.subject import Kind
from modelkeep.core.version import VERSION
from modelkeep.evidence import BUILD_TYPE, by_key, make_statement, timestamp
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import digest_model
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace

_HEADS = "refs/heads/"
_READ = {"dataset": "read_data", "model": "read_weights"}


@dataclass(slots=True)
class Run:
    """A training run while it goes on.

    Attributes:
        parameters: hyper-parameters; more may be put in while it runs.
        outputs: models that it wrote.
        recorded: ids of the statements, once it is over.
    """

    parameters: dict[str, Any]
    outputs: list[Path] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)

    def output(self, path: str | Path) -> None:
        """Name a model that this run writes; it is hashed when the run is over."""
        self.outputs.append(Path(path))


@contextmanager
def record_training(  # noqa: PLR0913 - keyword-only: each kind of input has its name
    *,
    data: Sequence[str | Path],
    code: str | Path | None = None,
    lock: str | Path | None = None,
    base: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    seed: int | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Iterator[Run]:
    """Train inside of the context; if it ends well, each output's provenance is recorded.

    Args:
        data: data sets it is trained on; the newest seal of each is named.
        code: file or directory of the training code; its git commit is named, if it has one.
        lock: file that pins the environment.
        base: model it starts from.
        parameters: hyper-parameters; values that JSON has.
        seed: seed of the run; recorded among the parameters.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: an input or output cannot be read, or there is no output.
        EvidenceError: an input was changed while the training ran.
    """
    heard = listener or Listener()
    places: list[tuple[Kind, Path]] = [("dataset", Path(path)) for path in data]
    more: tuple[tuple[Kind, str | Path | None], ...] = (
        ("code", code), ("code", lock), ("model", base),
    )  # fmt: skip
    places += [(kind, Path(path)) for kind, path in more if path is not None]
    with open_workspace(flags, heard, make=True) as workspace:
        before = [_digest(kind, path, heard) for kind, path in places]
        for subject in before:
            if subject.kind in _READ:
                require_access(workspace, _READ[subject.kind], subject)
        started = timestamp(workspace.keep.clock())
        run = Run({**(parameters or {}), **({} if seed is None else {"seed": seed})})
        yield run
        if not run.outputs:
            raise InputError("the training named no model it wrote", "Call run.output(PATH).")
        for (kind, path), subject in zip(places, before, strict=True):
            if _digest(kind, path, heard).digest != subject.digest:
                raise EvidenceError(f"{path}: changed while the training ran")
        used = [_dependency(workspace, subject) for subject in before]
        commit = _commit(Path(code)) if code is not None else ""
        if commit:
            used.append({"name": "repository", "digest": {"gitCommit": commit}})
        _record(workspace, run, used, started, heard)


def _digest(kind: Kind, path: Path, heard: Listener) -> Subject:
    _, _, found = digest_model(path, heard)
    return Subject(kind, found.name, found.digest)


def _dependency(workspace: Workspace, subject: Subject) -> dict[str, Any]:
    sha256 = subject.digest.sha256
    notes: dict[str, str] = {"kind": subject.kind}
    if subject.kind == "dataset":
        seals = workspace.keep.store.entries_of(by_key("seal").uri, [sha256])
        sealed = workspace.facts(subject).values.get("data_sealed") is True
        notes["seal"] = seals[-1].statement_id if sealed else ""
    return {"name": subject.name, "digest": {"sha256": sha256}, "annotations": notes}


def _record(
    workspace: Workspace, run: Run, used: list[dict[str, Any]], started: str, heard: Listener
) -> None:
    clock = workspace.keep.clock
    fields = {
        "facts": {},
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": run.parameters,
            "internalParameters": _machine(),
            "resolvedDependencies": used,
        },
        "runDetails": {
            "builder": {"id": f"urn:modelkeep:{VERSION}"},
            "metadata": {
                "invocationId": secrets.token_hex(16),
                "startedOn": started,
                "finishedOn": timestamp(clock()),
            },
        },
    }
    subjects = [_digest("model", path, heard) for path in run.outputs]
    made = [make_statement("training", (subject,), fields, clock=clock) for subject in subjects]
    run.recorded += [receipt.statement_id for receipt in workspace.keep.record(made)]


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processors": os.cpu_count() or 0,
    }


def _commit(code: Path) -> str:
    """Commit that the repository of the code stands on, read from its files; else empty."""
    for folder in (code.absolute(), *code.absolute().parents):
        git = folder / ".git"
        if not git.is_dir():
            continue
        try:
            head = (git / "HEAD").read_text(encoding="utf-8").strip()
            name = head.removeprefix("ref: ")
            if name == head:
                return head
            if (git / name).is_file() and name.startswith(_HEADS):
                return (git / name).read_text(encoding="utf-8").strip()
            packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
        except OSError:
            return ""
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
    return ""
