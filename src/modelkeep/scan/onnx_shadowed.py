"""An ONNX model brings its own definition of a standard operator.

A model may hold functions, and a node runs the function of its domain and name. A
function in the standard domain replaces what everybody believes that operator does:
the graph reads ``Relu`` while something else is computed, in every runtime that follows
the specification, and the plain operator in those that do not.

Before: a function ``ai.onnx::Softmax`` that adds a backdoor.
After: functions in a domain of the exporter's own.

Sources: ONNX IR specification, "Model-local functions"; CWE-436.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats import onnx_model
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ONX004",
    name="onnx-standard-operator-replaced",
    summary="The model replaces a standard operator by a function of its own.",
    remedy="Export the model again; functions belong into a domain of their own.",
    topic="artifact.swapped_at_load",
    tags=("CWE-436",),
)
_STANDARD: Final = frozenset({"", "ai.onnx", "ai.onnx.ml"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per function in a standard domain."""
    if not isinstance(context.document, list):
        return
    for item in context.document:
        if isinstance(item, onnx_model.LocalFunction) and item.domain in _STANDARD:
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"function {item.domain or 'ai.onnx'}::{item.name} replaces that operator",
                offset=item.offset,
                evidence={"function": f"{item.domain}::{item.name}"},
            )


DETECTOR: Final = Detector(RULE, frozenset({"onnx"}), run)
