"""An ONNX model uses operators that are not part of ONNX.

Standard operators compute; an operator from another domain is native code that
somebody must install, and the Python operator runs Python. ``ai.onnx``,
``ai.onnx.ml`` and the training domains are standard; ``com.microsoft`` ships inside
ONNX Runtime.

Sources: ONNX IR specification ("operator sets"); ONNX Runtime custom operators.
"""

from __future__ import annotations

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
    {
        "",
        "ai.onnx",
        "ai.onnx.ml",
        "ai.onnx.training",
        "ai.onnx.preview.training",
        "com.microsoft",
    }
)
_RUNS_PYTHON: Final = frozenset({"PyOp", "PythonOp", "PyFunc", "PyCustomOp"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct foreign operator."""
    if not isinstance(context.document, list):
        return
    seen: set[tuple[str, str]] = set()
    for item in context.document:
        if not isinstance(item, onnx_model.Operator) or (item.domain, item.name) in seen:
            continue
        seen.add((item.domain, item.name))
        runs_python = item.name in _RUNS_PYTHON
        if item.domain in _STANDARD and not runs_python:
            continue
        what = "runs Python" if runs_python else "needs a native library of its own"
        yield context.finding(
            RULE,
            Severity.CRITICAL if runs_python else Severity.MEDIUM,
            f"operator {item.domain or 'ai.onnx'}::{item.name} {what}",
            offset=item.offset,
            confidence=Confidence.HIGH if runs_python else Confidence.MEDIUM,
            evidence={"operator": f"{item.domain}::{item.name}"},
        )


DETECTOR: Final = Detector(RULE, frozenset({"onnx"}), run)
