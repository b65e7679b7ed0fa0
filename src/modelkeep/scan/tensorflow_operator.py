"""A TensorFlow graph uses an operator that reaches outside the graph.

A graph is a program. Nearly all operators compute on tensors; a few read or write files,
connect to servers, or call into Python, and they do so on the machine that loads or
serves the model. A model for inference has no use for them. The rule looks at every
graph and function body, at graphs inside constants, and at the TensorFlow operators
that a TFLite model delegates.

Before: a serving function that calls ``tf.io.write_file`` on a path it brings along.
After: files read and written by the program around the model.

Sources: TensorFlow security policy ("models are programs"); CWE-506; CWE-73.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.formats.tensorflow_policy import REACHES, READS_DATA, text_reach
from modelkeep.formats.tensorflow_scope import Operation
from modelkeep.formats.tflite import TfliteModel
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="TFG001",
    name="tensorflow-operator-reaches-out",
    summary="The graph reads or writes files, connects to servers or calls into Python.",
    remedy="Export the model without that operator; do such work in the program around it.",
    topic="artifact.malicious_code",
    tags=("CWE-506", "CWE-73"),
)
GRAPHS: Final = frozenset(
    {
        "tensorflow graph",
        "tensorflow meta graph",
        "tensorflow saved model",
        "tensorflow text graph",
        "tflite",
    }
)


# Graphs as they are trained, where reading data files is what they are for.
_TRAINING: Final = frozenset({"tensorflow meta graph", "tensorflow text graph"})


def operations(document: object) -> list[Operation]:
    """The TensorFlow operations of a document, if it has any."""
    if isinstance(document, TensorflowGraph):
        return document.operations
    return document.delegated if isinstance(document, TfliteModel) else []


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct operator and reason."""
    seen: set[tuple[str, str]] = set()
    for operation in operations(context.document):
        for severity, what in _reasons(operation, context.format):
            if (operation.op, what) in seen:
                continue
            seen.add((operation.op, what))
            place = f" in function {operation.scope!r}" if operation.scope else ""
            given = next((text for texts in operation.inputs for text in texts), "")
            named = f", given {given[:200]!r}" if given else ""
            yield context.finding(
                RULE,
                severity,
                f"operator {operation.op} of node {operation.node!r}{place} {what}{named}",
                offset=operation.offset,
                evidence={"operator": operation.op, "reach": what},
            )


def _reasons(operation: Operation, format_: str) -> Iterator[tuple[Severity, str]]:
    reach = REACHES.get(operation.op)
    if reach is not None and reach[1] == READS_DATA and format_ not in _TRAINING:
        yield Severity.HIGH, reach[1]
    elif reach is not None:
        yield reach
    for text in operation.texts:
        what = text_reach(operation.op, text)
        if what is not None:
            yield Severity.HIGH, what


DETECTOR: Final = Detector(RULE, GRAPHS, run)
