"""A model as it is served: its subject, what runs it, and the checks around it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import EvidenceError, InputError, Subject, UsageError, Verdict
from modelkeep.gateway import mlflow_backend, oip_backend
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.config import ModelRules, Serving
from modelkeep.gateway.guard_set import make_guards
from modelkeep.gateway.input_check import InputCheck, input_check
from modelkeep.gateway.interface import Backend, Guard
from modelkeep.gateway.onnx_backend import OnnxBackend
from modelkeep.gateway.output_check import OutputCheck
from modelkeep.gateway.upstream import Upstream
from modelkeep.models import Dataset, Request, load_dataset, open_session
from modelkeep.pipeline import Listener, Workspace, examine, require_access
from modelkeep.sources import digest_artifact, open_artifact


@dataclass(frozen=True, slots=True)
class Served:
    """One model of the gateway.

    Attributes:
        name: it is asked by.
        subject: whose ``serve`` decision counts.
        rules: the operator's.
        backend: what runs it.
        inputs: what a call must be like.
        outputs: what an answer must be like.
        guards: in the order they judge.
    """

    name: str
    subject: Subject
    rules: ModelRules
    backend: Backend
    inputs: InputCheck
    outputs: OutputCheck
    guards: tuple[Guard, ...] = ()

    @property
    def version(self) -> str:
        """Start of the model's digest."""
        return self.subject.digest.sha256[:12]


def parse_models(given: tuple[str, ...]) -> dict[str, str]:
    """Addresses by name from ``NAME=PATH`` and ``NAME=URL``.

    Raises:
        UsageError: another form, or a name twice.
    """
    found: dict[str, str] = {}
    for item in given:
        name, sign, address = item.partition("=")
        plain = name.replace("-", "").replace("_", "").replace(".", "")
        if not sign or not address or not (plain.isascii() and plain.isalnum()):
            raise UsageError(f"--model {item!r} is not NAME=PATH or NAME=URL")
        if name in found:
            raise UsageError(f"--model: two models have the name {name!r}")
        found[name] = address
    if not found:
        raise UsageError("there is no model to serve", "Give --model NAME=PATH.")
    return found


async def open_served(
    name: str, address: str, serving: Serving, workspace: Workspace, alarms: Alarms
) -> Served:
    """Open what runs a model.

    Raises:
        InputError: it cannot be opened, or the scan does not pass.
        EvidenceError: the bytes changed since they were hashed, or no grant lets who runs
            the gateway read them (a server's: deploy them).
        UsageError: a model behind a URL whose artifact is not named.
        RefusalError: the server behind a URL does not answer.
    """
    rules = serving.models.get(name, ModelRules())
    if address.startswith(("http://", "https://")):
        subject = _claimed(name, rules, workspace)
        backend: Backend = await _remote(name, address.rstrip("/"), rules, serving)
    else:
        subject, backend = _local(address, workspace)
    return Served(
        name,
        subject,
        rules,
        backend,
        input_check(backend.inputs, rules, serving.rows),
        OutputCheck(rules, backend.outputs),
        await make_guards(rules, backend, alarms, _calibration(rules, workspace)),
    )


def _calibration(rules: ModelRules, workspace: Workspace) -> Dataset | None:
    """Rows of honest use, where the operator names some."""
    if not rules.calibration:
        return None
    data = load_dataset(Path(rules.calibration))
    require_access(workspace, "read_data", data.subject)
    return data


def _local(address: str, workspace: Workspace) -> tuple[Subject, Backend]:
    """Scan, hash and open the same bytes: the session is made from what was hashed."""
    allow = workspace.settings.names("scan.pickle.allow")
    examined = examine(address, allow, Listener())
    if examined.verdict is not Verdict.PASS:
        raise EvidenceError(
            f"{address}: the model is not loaded: its scan did not pass",
            f"See `modelkeep scan {address}`.",
        )
    require_access(workspace, "read_weights", examined.subject)
    request = Request(examined.artifact, examined.manifest, examined.formats())
    if request.file_of("onnx") is None:
        raise InputError(
            f"{address}: only ONNX models run in the gateway itself",
            "Serve it with MLServer, Triton or MLflow and give its URL: --model NAME=URL",
        )
    return examined.subject, OnnxBackend(open_session(request))


def _claimed(name: str, rules: ModelRules, workspace: Workspace) -> Subject:
    """The model an operator says to stand behind a URL: nobody can hash it there."""
    if not rules.artifact:
        raise UsageError(
            f"model {name!r} is behind a URL, and nothing says which model that is",
            f'Name the file whose evidence counts: [serve.models.{name}] artifact = "PATH"',
        )
    artifact = open_artifact(rules.artifact)
    subject = Subject("model", artifact.name, digest_artifact(artifact).digest)
    require_access(workspace, "deploy", subject)
    return subject


async def _remote(name: str, url: str, rules: ModelRules, serving: Serving) -> Backend:
    upstream = Upstream(url, serving.values * 16, serving.deadline_seconds)
    if rules.protocol == "mlflow":
        return mlflow_backend.MlflowBackend(upstream, serving.values)
    return await oip_backend.connect(upstream, name, serving.values)
