"""A TensorFlow graph needs an operator that TensorFlow does not have.

The operator comes from a shared library that the program must load first. The model by
itself cannot bring it, so that this is a fact to know and no attack: the model is
only as trustworthy as that library.

Before: a graph with the node ``MyPackage>Decode``.
After: the same computed by standard operators, or the library pinned and reviewed.

Sources: TensorFlow guide, "Create an op"; CWE-829.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.tensorflow_operator import GRAPHS, operations

RULE: Final = Rule(
    id="TFG003",
    name="tensorflow-custom-operator",
    summary="The graph needs an operator from a library outside TensorFlow.",
    remedy="Review and pin the library that brings the operator, or export without it.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)
_MOST: Final = 50


@functools.cache
def standard() -> frozenset[str]:
    """Every operator that TensorFlow 2.21 registers, those that only it uses included."""
    table = files("modelkeep.formats").joinpath("tensorflow_operators.txt")
    return frozenset(table.read_text(encoding="ascii").split())


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct operator, at most 50."""
    document = context.document
    known = standard()
    defined = document.functions if isinstance(document, TensorflowGraph) else set()
    seen: set[str] = set()
    for operation in operations(document):
        op = operation.op
        if op in known or op in defined or op in seen or len(seen) >= _MOST:
            continue
        seen.add(op)
        yield context.finding(
            RULE,
            Severity.INFO,
            f"operator {op[:200]!r} needs a library outside TensorFlow",
            offset=operation.offset,
            evidence={"operator": op[:200]},
        )


DETECTOR: Final = Detector(RULE, GRAPHS, run)
