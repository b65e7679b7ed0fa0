"""An ONNX model uses operators that are not part of ONNX.

Standard operators compute; an operator from another domain is native code that
somebody must install, and the Python operator runs Python. ``ai.onnx``,
``ai.onnx.ml`` and the training domains are standard; ``com.microsoft`` ships inside
ONNX Runtime. Functions that the model itself defines are made of operators and no code.

Before: a node ``evil.ops::PyOp`` with the name of a Python function.
After: the same computed by standard operators.

Sources: ONNX IR specification ("operator sets"); ONNX Runtime custom operators.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats import onnx_model
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ONX002",
    name="onnx-foreign-operator",
    summary="The model needs operators from outside ONNX, which are native or Python code.",
    remedy="Export the model with standard operators, or review the library that brings them.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)

_STANDARD: Final = frozenset(
    """
    ai.onnx ai.onnx.ml ai.onnx.training ai.onnx.preview ai.onnx.preview.training
    com.microsoft com.microsoft.nchwc com.microsoft.experimental com.ms.internal.nhwc
    org.pytorch.aten
    """.split()
) | {""}
_RUNS_PYTHON: Final = frozenset(
    {"PyOp", "PythonOp", "PythonOpGrad", "PyFunc", "PyCustomOp", "PyTorchOp"}
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+")
_STARTS_PROGRAMS: Final = frozenset(
    "exec popen python pyfunc shell subprocess system command".split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct foreign operator."""
    if not isinstance(context.document, list):
        return
    own = {
        (item.domain, item.name)
        for item in context.document
        if isinstance(item, onnx_model.LocalFunction)
    }
    seen: set[tuple[str, str]] = set()
    for item in context.document:
        if not isinstance(item, onnx_model.Operator) or (item.domain, item.name) in seen:
            continue
        seen.add((item.domain, item.name))
        judged = _judge(item, own)
        if judged is None:
            continue
        severity, what = judged
        yield context.finding(
            RULE,
            severity,
            f"operator {item.domain or 'ai.onnx'}::{item.name} {what}",
            offset=item.offset,
            confidence=Confidence.HIGH if severity is Severity.CRITICAL else Confidence.MEDIUM,
            evidence={"operator": f"{item.domain}::{item.name}"},
        )


def _judge(item: onnx_model.Operator, own: set[tuple[str, str]]) -> tuple[Severity, str] | None:
    if item.name in _RUNS_PYTHON:
        return Severity.CRITICAL, "runs Python"
    if item.domain in _STANDARD or (item.domain, item.name) in own:
        return None  # the nodes of a function the model brings are judged themselves
    words = {word.lower() for word in _WORD.findall(f"{item.domain} {item.name}")}
    if words & _STARTS_PROGRAMS:
        return Severity.HIGH, "needs a native library of its own and says that it runs programs"
    return Severity.MEDIUM, "needs a native library of its own"


DETECTOR: Final = Detector(RULE, frozenset({"onnx"}), run)
