"""Builders shared by the tests of report, pipeline and command line; imports as a plain module.

The sample model is sound by construction: two Gaussian classes and the boundary between
their means, so nothing is trained and nothing can be over-fitted.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from modelkeep.cli.main import run
from modelkeep.core import (
    Confidence,
    Digest,
    Location,
    Measurement,
    NotChecked,
    Risk,
    Rule,
    Severity,
    Subject,
    ThreatModel,
    Verdict,
)
from modelkeep.evidence import timestamp, utc_now
from modelkeep.policy import Decision, Missing
from modelkeep.report import (
    Report,
    ReportedFile,
    ReportedFinding,
    ReportedReceipt,
    Suppression,
)
from samples import zip_of

ROWS = 120
FEATURES = 4
PLAIN_PICKLE = b"\x80\x04}\x8c\x01wK\x01s."  # {"w": 1}
BOMB = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
CODE = """\
import torch


def build():
    return torch.nn.Linear(4, 2)


def number():
    return 3


def fails():
    raise RuntimeError("the architecture is gone")


def fit(data, seed):
    raise RuntimeError("the recipe is gone")
"""


@dataclass(frozen=True)
class Sample:
    """A model with the rows it was made from and rows it has not seen."""

    model: Path
    data: Path
    test: Path

    @property
    def rows(self) -> dict[str, Any]:
        """The data sets as ``check`` takes them."""
        return {"data": self.data, "test": self.test}

    @property
    def options(self) -> list[str]:
        """The data sets as the command line takes them."""
        return ["--data", str(self.data), "--test", str(self.test)]

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.model.parent


@dataclass(frozen=True)
class Checked:
    """A signed sample that was checked under prod, with the keep that remembers it."""

    sample: Sample
    keep: Path
    report: Report


def sample_in(folder: Path) -> Sample:
    """The sample's paths in a folder."""
    return Sample(folder / "model.onnx", folder / "train.npz", folder / "test.npz")


def write_sample(folder: Path) -> Sample:
    """Write model, training and test rows."""
    sample = sample_in(folder)
    for seed, path in enumerate((sample.data, sample.test)):
        rng = np.random.default_rng(seed)
        labels = rng.permutation(ROWS) % 2
        rows = rng.normal(size=(ROWS, FEATURES)) + 2.0 * labels[:, None] - 1.0
        np.savez(path, x=rows.astype(np.float32), y=labels)
    sample.model.write_bytes(onnx_model())
    return sample


def copy_sample(source: Path, folder: Path) -> Sample:
    """The sample in another folder."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return sample_in(folder)


def onnx_model() -> bytes:
    """Softmax of ``(-sum, sum)``: the boundary half-way between the classes."""
    weights = np.array([[-1.0, 1.0]] * FEATURES, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["rows", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "sample",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", FEATURES])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_weights(folder: Path) -> Path:
    """The same model as bare weights, with a folder of code that builds its architecture."""
    weights = np.array([[-1.0] * FEATURES, [1.0] * FEATURES], dtype=np.float32)
    path = folder / "weights.safetensors"
    save_file({"weight": weights, "bias": np.zeros(2, np.float32)}, path)
    (folder / "code").mkdir(exist_ok=True)
    (folder / "code" / "sample_nets.py").write_text(CODE)
    return path


def flip(path: Path, place: int = -3) -> None:
    """Change one byte of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 0x10
    path.write_bytes(bytes(data))


def directory_of(folder: Path, **files: bytes) -> Path:
    """A directory model; double underscores in a name stand for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def hidden_bomb() -> bytes:
    """An archive with the bomb as a member, as torch saves checkpoints."""
    return zip_of({"archive/data.pkl": BOMB, "archive/version": b"3"})


# Hand-made reports

SUBJECT = Subject("model", "model.onnx", Digest("ab" * 32, "cd" * 32))
RULE = Rule(
    "PKL001",
    "pickle-import-not-allowed",
    "Loading the file would run code.",
    "Do not load the file.",
    "artifact.malicious_code",
    ("CWE-502",),
)


def finding(
    severity: Severity = Severity.CRITICAL,
    message: str = "loading this file would run posix.system",
    location: Location | None = None,
    rule: str = RULE.id,
) -> ReportedFinding:
    """A finding of the hand-made report."""
    place = location or Location("model.pkl", "archive/data.pkl", 4)
    return ReportedFinding(rule, severity, Confidence.HIGH, message, place, "0" * 16)


def suppressed(reason: str = "reviewed") -> ReportedFinding:
    """A finding that does not count."""
    why = Suppression("ignore", reason, "2027-01-31")
    return msgspec.structs.replace(finding(), suppression=why)


def measurement(name: str = "robust_accuracy", value: float = 0.75, **more: Any) -> Measurement:  # noqa: ANN401 - fields of any type
    """A measurement with everything a measurement can have."""
    fields: dict[str, Any] = {
        "low": 0.7,
        "high": 0.8,
        "unit": "fraction",
        "n": 200,
        "attacker": ThreatModel("evasion", "black box", "changes features", "linf", 0.03),
        "budget": {"queries": 200},
        "seed": 0,
        "method": "random search",
        "curve": ((0.0, 0.9), (0.03, 0.75), (0.06, 0.4)),
        "note": "an upper bound",
    }
    return Measurement(name, value, **(fields | more))


def risk(number: int) -> Risk:
    """One of several measured risks."""
    return Risk(
        f"risk number {number}", measurement(), 1 - number / 10, f"mend number {number}"
    )


def denied() -> Decision:
    """A denial with a missing fact and a policy error."""
    missing = (
        Missing("robust", "small changes change the answer", "train again", ()),
        Missing("signed-by-trusted", "nobody signed it", "sign it", ("signature_trusted",)),
    )
    return Decision("deploy", False, "ef" * 32, "prod", missing, ("overflow in a policy",))


def report(**changes: Any) -> Report:  # noqa: ANN401 - fields of any type
    """A report in which every field says something."""
    fields: dict[str, Any] = {
        "verdict": Verdict.FAIL,
        "subject": SUBJECT,
        "profile": "prod",
        "created": "2026-11-22T12:00:00Z",
        "files": (
            ReportedFile("model.pkl", Verdict.FAIL, "zip", (finding(),)),
            ReportedFile("cut.pkl", Verdict.INCONCLUSIVE, "pickle", (), "ends in the middle"),
        ),
        "findings": (finding(Severity.MEDIUM, "no signature", Location("model.sig")),),
        "measurements": (
            measurement(),
            measurement(
                "membership_auc_loss",
                0.6,
                unit="auc",
                curve=((0.0, 0.1), (0.5, 0.7), (1.0, 1.0)),
            ),
        ),
        "risks": (risk(1), risk(2)),
        "not_checked": (NotChecked("poisoning", "no clean data to compare with"),),
        "decision": denied(),
        "receipts": (
            ReportedReceipt("scan", "12" * 32, 0),
            ReportedReceipt("bom", "34" * 32, 1),
        ),
        "rules": (RULE,),
        "materials": (Subject("dataset", "train.npz", Digest("56" * 32, "78" * 32)),),
        "notes": ("a note",),
    }
    return Report(**(fields | changes))


# The command


@dataclass(frozen=True)
class Said:
    """What a command said and with which code it ended."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What it printed, without its line breaks."""
        return " ".join(self.out.split())


def said(*arguments: object) -> Said:
    """Run a command in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in "oe")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    texts = [stream.detach().getvalue().decode() for stream in (out, err)]
    return Said(code, *texts)


def start(*arguments: object, script: str = "", **environment: str) -> subprocess.Popen[bytes]:
    """Start a command, or a script that is given its arguments, in a process of its own."""
    entry = ["-c", script] if script else ["-m", "modelkeep"]
    return subprocess.Popen(
        [sys.executable, *entry, *(str(argument) for argument in arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )


def spoken(*arguments: object, script: str = "", **environment: str) -> Said:
    """Run a command in a process of its own."""
    with start(*arguments, script=script, **environment) as process:
        out, err = process.communicate(timeout=60)
    return Said(process.returncode, out.decode(), err.decode())


def soon() -> str:
    """A moment an hour from now, as statements write it."""
    return timestamp(utc_now() + dt.timedelta(hours=1))
