"""``modelkeep.load`` and ``modelkeep.guard``: the gate in front of Python's loaders.

One call asks everything: is the signature whole, is its key still good, was the version
revoked or never let out of quarantine, is the evidence fresh, does the policy allow
``load``. What is loaded is the sealed copy whose digest was asked about, so there is no
moment between check and load at which the file could be exchanged.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from modelkeep.core import Decision, EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.models import (
    Code,
    Hook,
    Installed,
    Loaded,
    Request,
    load_model,
    start_watching,
    stop_watching,
)
from modelkeep.pipeline.artifacts import examine
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.signatures import check_signature, signature_statement
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.registry import Stage, Version, read_version
from modelkeep.sources import (
    SIGNATURE_NAME,
    Artifact,
    SealedCopy,
    digest_bytes,
    open_artifact,
    sealed_copy,
)
from modelkeep.trust import State

ACTION: Final = "load"
Flags = Mapping[str, Value | None]


class RefusedError(EvidenceError):
    """The gate does not let a model be loaded.

    Attributes:
        decision: the gate's answer, where it was asked.
    """

    default_hint = "Ask `modelkeep gate MODEL --action load` what is missing."

    def __init__(
        self, message: str, hint: str | None = None, decision: Decision | None = None
    ) -> None:
        super().__init__(message, hint)
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Admitted:
    """A model that may be loaded, as a sealed copy.

    Attributes:
        copy: what to load.
        subject: the model, by the digest of the copy.
        decision: the gate's answer.
        inside: the file of the artifact that was named, if it is a part of one.
    """

    copy: SealedCopy
    subject: Subject
    decision: Decision
    inside: str = ""

    def path(self, *, named: bool = False) -> Path:
        """What a loader opens; ``named`` under the model's own name."""
        place = self.copy.named if named else self.copy.path
        return place / self.inside if self.inside else place


@contextmanager
def admit(
    model: str | Path, *, listener: Listener | None = None, **flags: Value | None
) -> Iterator[Admitted]:
    """Ask the gate about a model; inside of the context its sealed copy can be loaded.

    A file in a directory with a signature is admitted as a part of that directory.

    Args:
        model: file or directory.
        listener: who hears how far it got.
        flags: settings, such as ``profile="prod"``.

    Raises:
        RefusedError: the signature is broken, or the gate says no.
        InputError: it cannot be read.
        UsageError: the report profile, which cannot say no.
    """
    heard = listener or Listener()
    artifact, inside = _whole(Path(model))
    with sealed_copy(artifact) as copy:
        subject = Subject("model", artifact.name, copy.manifest.digest)
        with open_workspace(flags, heard) as workspace:
            _require_signature(workspace, artifact, copy, subject)
            decision = _require_allowed(workspace, subject)
        yield Admitted(copy, subject, decision, inside)


def load(
    model: str | Path,
    *,
    code: str | Path | None = None,
    factory: str = "",
    preprocess: str = "",
    listener: Listener | None = None,
    **flags: Value | None,
) -> Loaded:
    """Load a model if the gate allows it; what unpickles does so in a confined child.

    Args:
        model: file or directory.
        code: directory of the user's own code; the working directory.
        factory: ``package.module:function`` building the architecture of bare weights.
        preprocess: ``package.module:function`` from raw rows to a float32 array.
        listener: who hears how far it got.
        flags: settings, such as ``profile="prod"``.

    Returns:
        The handle; ``loaded.model.predict(rows)``.

    Raises:
        RefusedError: the signature is broken, or the gate says no.
        EvidenceError: it changed between reading and asking.
        InputError: it cannot be read, or is in no format that is loaded here.
    """
    heard = listener or Listener()
    examined = examine(model, (), heard)
    own = Code(Path(code or Path.cwd()), factory, "", preprocess)
    with admit(model, listener=heard, **flags) as admitted:
        if admitted.subject.digest != examined.subject.digest:
            raise EvidenceError(f"{model}: changed while it was being loaded")
        copy = open_artifact(admitted.path(named=True))
        request = Request(copy, admitted.copy.manifest, examined.formats(), own or None)
        return load_model(request)


class Guard:
    """Every hooked loader of this process asks the gate first.

    Use it as a context, or ``start`` it for the life of a process. Threads share it.
    """

    def __init__(self, flags: Flags, permit: Sequence[str] = ()) -> None:
        self._flags = dict(flags)
        self._permit = tuple(permit)
        self._installed = Installed(self._admit)
        self._watch: tuple[str, ...] | None = None

    def start(self) -> Self:
        """Put the gate in front of the loaders."""
        with open_workspace(self._flags):  # a keep that cannot be opened is told now
            pass
        if self._watch is None:
            self._installed.install()
            self._watch = start_watching(self._permit)
        return self

    def stop(self) -> None:
        """Take it away."""
        if self._watch is not None:
            stop_watching(self._watch)
            self._installed.remove()
            self._watch = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def _admit(self, model: Any, hook: Hook) -> Iterator[Any]:  # noqa: ANN401 - as loaders take it
        if isinstance(model, bytes | bytearray | memoryview):
            _require_bytes(bytes(model), self._flags)
            yield bytes(model)
        elif isinstance(model, str | os.PathLike):
            place = Path(model)
            if not place.exists():
                raise InputError(
                    f"{place}: nothing here to be checked",
                    "Fetch it first; the gate admits files, not addresses.",
                )
            with admit(place, listener=Listener(), **self._flags) as admitted:
                found = admitted.path(named=hook.takes == "name")
                yield bytearray(found.read_bytes()) if hook.takes == "bytes" else str(found)
        else:
            yield from _stream(model, self._flags)


def guard(permit: Sequence[str] = (), **flags: Value | None) -> Guard:
    """A guard over the loaders of torch, joblib, pickle, ONNX Runtime and others.

    Args:
        permit: modules whose own names may be unpickled outside of a load.
        flags: settings, such as ``profile="prod"``.
    """
    return Guard(flags, permit)


def _stream(file: Any, flags: Flags) -> Iterator[io.BytesIO]:  # noqa: ANN401 - any open file
    """The whole of an open file, however far it was read, as bytes that were checked."""
    try:
        start = file.tell()
        file.seek(0)
        data = file.read()
        file.seek(start)
    except (AttributeError, OSError) as error:
        raise RefusedError(
            f"{type(file).__name__}: cannot be read twice, so it cannot be checked",
            "Save it to a file first.",
        ) from error
    if not isinstance(data, bytes):
        raise RefusedError(f"{type(file).__name__}: not open for bytes")
    _require_bytes(data, flags)
    copy = io.BytesIO(data)
    copy.seek(start)
    yield copy
    file.seek(copy.tell())


def _require_bytes(data: bytes, flags: Flags) -> None:
    subject = Subject("model", "bytes", digest_bytes(data))
    with open_workspace(flags) as workspace:
        _require_allowed(workspace, subject)


def _whole(path: Path) -> tuple[Artifact, str]:
    """The artifact a file belongs to, and its name in there."""
    if path.is_file() and not path.with_name(f"{path.name}.sig").exists():
        for folder in path.absolute().parents:
            if (folder / SIGNATURE_NAME).is_file():
                return open_artifact(folder), str(path.absolute().relative_to(folder))
    return open_artifact(path), ""


def _require_signature(
    workspace: Workspace, artifact: Artifact, copy: SealedCopy, subject: Subject
) -> None:
    """Refuse a broken signature; of any other, what it is now is what the gate will see."""
    check = check_signature(workspace, artifact, copy.manifest)
    if check.state is State.UNSIGNED:
        return
    workspace.keep.record([signature_statement(workspace, subject, check)])
    if check.state is State.BROKEN:
        raise RefusedError(
            f"{artifact.path}: {check.reason}", "Fetch it again from its publisher."
        )


def _require_allowed(workspace: Workspace, subject: Subject) -> Decision:
    """The gate's answer, if it is yes or a glass was broken for it."""
    decision, _ = workspace.decide(ACTION, subject)
    if decision.allowed or _glass_holds(workspace, subject):
        return decision
    missing = "; ".join(f"{item.id}: {item.says}" for item in decision.missing)
    hints = [item.mend for item in decision.missing[:1]]
    raise RefusedError(
        f"{subject.name}: the gate does not let it be loaded: "
        f"{missing or '; '.join(decision.errors)}",
        hints[0] if hints else None,
        decision,
    )


def _glass_holds(workspace: Workspace, subject: Subject) -> bool:
    """Whether a broken glass covers the load; never of what is tampered with or revoked."""
    version: Version | None = read_version(workspace.keep, subject.digest.sha256)
    if version is None or version.glass is None or version.stage is not Stage.DEPLOYED:
        return False
    facts = workspace.facts(subject)
    sound = not facts.broken and facts.values.get("signature_broken") is False
    if sound:
        workspace.listener.tell(
            f"{version.name}: loaded by a glass that {version.glass.who} broke"
        )
    return sound
