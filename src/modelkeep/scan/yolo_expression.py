"""A YOLO model description holds an expression that the loader evaluates.

The layers of a YOLO model are a YAML list ``[from, number, module, arguments]``. Many
releases of its loaders pass the module, text arguments and the activation to ``eval``. Names
of layers and numbers belong there; a call of anything else runs when the model is built.

Before: ``backbone: [[-1, 1, "os.system('...')", [64]]]``.
After: ``backbone: [[-1, 1, Conv, [64, 3, 2]]]``.

Sources: ``parse_model`` of YOLOv5 and its successors; CWE-95.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="HUB005",
    name="yolo-description-evaluates",
    summary="Building the model evaluates an expression from its description.",
    remedy="Replace the expression by the name of a layer or a number.",
    topic="artifact.malicious_code",
    tags=("CWE-95",),
)
_LISTS: Final = ("backbone", "head", "neck")
_TEXTS: Final = ("activation", "anchors", "nc", "depth_multiple", "width_multiple")
_LONGEST: Final = 1 << 16
_LAYERS: Final = frozenset({"nn", "torch"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per expression that does more than name a layer."""
    if not isinstance(context.document, Tree):
        return
    for _, mapping in context.document.mappings():
        if not any(isinstance(mapping.get(name), list) for name in _LISTS):
            continue
        for text in _texts([mapping.get(name) for name in (*_LISTS, *_TEXTS)]):
            if _does_more(text):
                yield context.finding(
                    RULE,
                    Severity.HIGH,
                    f"the model description evaluates {text[:80]!r}",
                    evidence={"text": text[:200]},
                )


def _texts(values: list[object]) -> Iterator[str]:
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            waiting += value[::-1]
        elif isinstance(value, dict):
            waiting += value.values()


def _does_more(text: str) -> bool:
    """Whether Python would evaluate a text to something else than a layer or a constant."""
    if len(text) > _LONGEST:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(_is_more(node) for node in ast.walk(tree))


def _is_more(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _root(node.func) not in _LAYERS
    if isinstance(node, ast.Attribute):
        dotted = ast.unparse(node)
        return "__" in node.attr or standing(dotted) is Standing.DANGEROUS
    if isinstance(node, ast.Name):
        return "__" in node.id
    return isinstance(
        node,
        ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Await,
    )


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
