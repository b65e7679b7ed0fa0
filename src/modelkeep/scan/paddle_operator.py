"""A PaddlePaddle program uses an operator that reaches outside the program.

``py_func`` calls into Python; ``save``, ``load`` and ``read_file`` open files by a name in
the program; others wait for connections or make them. The rest compute. The newer
form of programs, JSON, is read as well.

Before: an inference program with ``py_func``, or with ``save_combine`` to ``/etc/...``.
After: the program exported for inference with ``paddle.jit.save``.

Sources: PaddlePaddle operator registry; CWE-94; CWE-73.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.paddle_program import PaddleOperator, PaddleProgram
from modelkeep.formats.tensorflow_policy import is_outside
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PDL001",
    name="paddle-operator-reaches-out",
    summary="The program calls into Python, opens files or opens connections.",
    remedy="Export the program for inference again, without that operator.",
    topic="artifact.malicious_code",
    tags=("CWE-94", "CWE-73"),
)
_PYTHON: Final = frozenset({"py_func", "py_layer", "pylayer", "fwd_pyfunc", "bwd_pyfunc"})
_FILES: Final = frozenset({"save", "save_combine", "load", "load_combine", "read_file"})
_CONNECTS: Final = frozenset(
    """
    listen_and_serv send recv_save send_barrier fetch_barrier gen_nccl_id c_gen_nccl_id
    gen_bkcl_id c_gen_bkcl_id distributed_lookup_table prefetch checkpoint_notify
    heter_listen_and_serv send_and_recv
    """.split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct operator and reason."""
    seen: set[tuple[str, str]] = set()
    for operator in _operators(context.document):
        judged = _judge(operator)
        if judged is None or (operator.kind, judged[1]) in seen:
            continue
        severity, what = judged
        seen.add((operator.kind, what))
        yield context.finding(
            RULE,
            severity,
            f"operator {operator.kind[:200]!r} {what}",
            offset=operator.offset,
            evidence={"operator": operator.kind[:200], "reach": what},
        )


def _operators(document: object) -> Iterator[PaddleOperator]:
    """Operators of a program, or of its JSON form, where ``#`` names them."""
    if isinstance(document, PaddleProgram):
        yield from document.operators
    elif isinstance(document, Tree) and _is_program(document.value):
        for _, mapping in document.mappings():
            kind = mapping.get("#")
            if isinstance(kind, str):
                yield PaddleOperator(kind.rpartition(".")[2], 0)


def _is_program(value: object) -> bool:
    code = value.get("base_code") if isinstance(value, dict) else None
    return isinstance(code, dict) and code.get("magic") == "pir"


def _judge(operator: PaddleOperator) -> tuple[Severity, str] | None:
    if operator.kind in _PYTHON:
        return Severity.CRITICAL, "calls a Python function of the process"
    if operator.kind in _CONNECTS:
        return Severity.HIGH, "opens network connections"
    if operator.kind in _FILES:
        named = next((value for _, value in operator.texts if is_outside(value)), None)
        if named is not None:
            return Severity.HIGH, f"opens {named[:200]!r}, which lies outside the model"
        if operator.kind == "read_file":
            return Severity.HIGH, "reads a file that it names"
    return None


DETECTOR: Final = Detector(RULE, frozenset({"paddle program", "json"}), run)
