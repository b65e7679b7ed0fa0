"""A TensorFlow graph opens a file outside the model, by a name it brings along.

Restoring variables, filling lookup tables and reading data sets are normal; their names
come from the loader or from the model's own assets. A constant that is an absolute
path, climbs upward or is a URL makes the graph open that place on the machine that
loads it: it leaks files, fetches from servers, or overwrites.

Before: a table initialised from ``/etc/passwd``, or an asset named ``../../.bashrc``.
After: the vocabulary saved among the assets of the model.

Sources: TensorFlow SavedModel format (assets); CWE-22; CWE-73.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.formats.tensorflow_policy import file_inputs, is_outside, reads_data_sets
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.tensorflow_operator import GRAPHS, operations

RULE: Final = Rule(
    id="TFG002",
    name="tensorflow-path-escapes",
    summary="The graph opens a file outside the model by a name of its own.",
    remedy="Save the file among the model's assets, or let the loading program name it.",
    topic="artifact.swapped_at_load",
    tags=("CWE-22", "CWE-73"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per operator and file, and per asset."""
    for what, name, offset in _outside(context.document):
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"{what} names {name[:200]!r}, which lies outside the model",
            offset=offset,
            evidence={"what": what, "name": name[:200]},
        )


def _outside(document: object) -> Iterator[tuple[str, str, int]]:
    every = operations(document)
    reads_data = any(reads_data_sets(operation.op) for operation in every)
    seen: set[tuple[str, str]] = set()
    for operation in every:
        for place in file_inputs(operation.op, reads_data=reads_data):
            for name in operation.inputs[place] if place < len(operation.inputs) else ():
                if is_outside(name) and (operation.op, name) not in seen:
                    seen.add((operation.op, name))
                    yield f"operator {operation.op}", name, operation.offset
    if isinstance(document, TensorflowGraph):
        for name, offset in document.assets:
            if is_outside(name):
                yield "an asset", name, offset


DETECTOR: Final = Detector(RULE, GRAPHS, run)
