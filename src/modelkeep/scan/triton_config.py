"""A Triton configuration makes the server load code, or files from outside the model.

The server loads a backend by name, a Python backend runs ``model.py``, an execution
environment is an archive with a whole Python in it, operator libraries are loaded
as they are, and a repository agent is a library that sees every model first. Each of
these can be named by a path, and a path may lead out of the repository.

Before: the parameter ``EXECUTION_ENV_PATH`` with the value ``"/tmp/env.tar.gz"``.
After: ``"$$TRITON_MODEL_DIRECTORY/env.tar.gz"``, a file that is checked with the model.

Sources: Triton Inference Server, model configuration and Python backend; CWE-22; CWE-829.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.protobuf_text import Message
from modelkeep.formats.tensorflow_policy import is_outside
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="TRI001",
    name="triton-loads-code",
    summary="The configuration makes the server load code, or files from outside the model.",
    remedy="Keep every file inside the model's directory; review the code that is loaded.",
    topic="artifact.malicious_code",
    tags=("CWE-22", "CWE-829"),
)
_BACKENDS: Final = frozenset(
    """
    tensorrt tensorrt_plan onnxruntime onnxruntime_onnx tensorflow tensorflow_graphdef
    tensorflow_savedmodel pytorch pytorch_libtorch openvino dali fil ensemble vllm tensorrtllm
    identity repeat square stateful libtorch
    """.split()
)
_OWN: Final = re.compile(r"\$\$TRITON_MODEL_DIRECTORY(?P<rest>/.*)?", re.DOTALL)
_NATIVE: Final = re.compile(r".*\.(so|dll|dylib)(\.\d+)*", re.IGNORECASE | re.DOTALL)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per setting."""
    if not isinstance(context.document, Message):
        return
    for severity, name, value, what in _settings(context.document):
        yield context.finding(
            RULE,
            severity,
            f"{name} {value[:200]!r} {what}",
            offset=0,
            evidence={"setting": name, "value": value[:200]},
        )


def _settings(config: Message) -> Iterator[tuple[Severity, str, str, str]]:
    yield from _backends(config)
    names = config.texts("default_model_filename")
    names += [t for m in config.messages("cc_model_filenames") for t in m.texts("value")]
    for name in names:
        if _leads_out(name):
            yield Severity.HIGH, "model file", name, "lies outside the model"
    for operations in config.messages("model_operations"):
        for library in operations.texts("op_library_filename"):
            yield Severity.HIGH, "operator library", library, "is native code that is loaded"
    for agent in config.messages("model_repository_agents", "agents"):
        name = agent.text("name")
        if name != "checksum":
            yield Severity.MEDIUM, "repository agent", name, "is a library of its own"
    for parameter in config.messages("parameters"):
        yield from _parameter(parameter)


def _backends(config: Message) -> Iterator[tuple[Severity, str, str, str]]:
    for field in ("backend", "platform", "runtime"):
        for name in config.texts(field):
            if (
                is_outside(name)
                or "/" in name
                or (field != "runtime" and _NATIVE.fullmatch(name))
            ):
                yield Severity.HIGH, field, name, "is a path to code that is loaded"
            elif name == "python" and field == "backend":
                yield Severity.INFO, field, name, "runs the Python code in the model"
            elif field != "runtime" and name and name not in _BACKENDS:
                yield Severity.MEDIUM, field, name, "is a library of its own"


def _parameter(parameter: Message) -> Iterator[tuple[Severity, str, str, str]]:
    key = parameter.text("key")
    values = parameter.texts("value")
    values += [text for m in parameter.messages("value") for text in m.texts("string_value")]
    for value in values:
        if key == "EXECUTION_ENV_PATH" and _leads_out(value):
            yield Severity.HIGH, key, value, "is a Python environment outside the model"
        elif key == "EXECUTION_ENV_PATH":
            yield (
                Severity.MEDIUM,
                key,
                value,
                "is a Python environment that is unpacked and run",
            )
        elif _NATIVE.fullmatch(value) or ".." in value.split("/"):
            yield Severity.HIGH, f"parameter {key}", value, "leads to code or files outside"


def _leads_out(path: str) -> bool:
    own = _OWN.fullmatch(path)
    if own is not None:
        return ".." in (own.group("rest") or "").split("/")
    return is_outside(path)


DETECTOR: Final = Detector(RULE, frozenset({"triton config"}), run)
