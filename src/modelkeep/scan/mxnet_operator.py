"""An MXNet network uses an operator that is code of somebody else.

``Custom`` runs a Python class that was registered under a name the network gives.
``_Native`` and ``_NDArray`` are given the address of a table of functions in memory,
as text in the file, and call them: whoever writes the address chooses what runs.

Before: ``{"op": "_Native", "attrs": {"info": "0x7f0012345678"}}``.
After: a network of MXNet's own operators.

Sources: Apache MXNet, ``src/operator/custom``; CWE-829; CWE-822.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="MXN001",
    name="mxnet-foreign-operator",
    summary="The network calls code from outside MXNet.",
    remedy="Export the network with MXNet's own operators, or review the code it needs.",
    topic="artifact.malicious_code",
    tags=("CWE-829", "CWE-822"),
)
_BY_ADDRESS: Final = frozenset({"_Native", "_NDArray", "Native", "NDArray"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct operator."""
    seen: set[tuple[str, str]] = set()
    for node in _nodes(context.document):
        kind = str(node.get("op"))
        attributes = {}
        for name in ("attr", "attrs", "param"):
            given = node.get(name)
            attributes.update(given if isinstance(given, dict) else {})
        named = str(attributes.get("op_type", ""))[:200]
        if kind not in _BY_ADDRESS | {"Custom"} or (kind, named) in seen:
            continue
        seen.add((kind, named))
        by_address = kind in _BY_ADDRESS
        yield context.finding(
            RULE,
            Severity.CRITICAL if by_address else Severity.HIGH,
            f"operator {kind} calls the functions at an address in the file"
            if by_address
            else f"operator {kind} runs the Python class registered as {named!r}",
            offset=0,
            evidence={"operator": kind, "type": named},
        )


def _nodes(document: object) -> Iterator[dict[str, object]]:
    """The nodes of a symbol file; other JSON has none."""
    root = document.value if isinstance(document, Tree) else None
    if not isinstance(root, dict) or not {"nodes", "arg_nodes", "heads"} <= root.keys():
        return
    for nodes in (root["nodes"], *_hidden(document)):
        for node in nodes if isinstance(nodes, list) else ():
            if isinstance(node, dict):
                yield node


def _hidden(document: object) -> Iterator[object]:
    if isinstance(document, Tree):
        yield from (value for key, value in document.hidden if key == "nodes")


DETECTOR: Final = Detector(RULE, frozenset({"json"}), run)
