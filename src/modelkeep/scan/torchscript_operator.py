"""A TorchScript model calls operators that read or write files, or that are not PyTorch's.

TorchScript is not Python: its code can only call registered operators. Some of them map,
read or save files by any path; operators of other namespaces run code of a library that
must be loaded first.

Before: ``torch.from_file("/etc/passwd", False, 100)`` in a scripted module.
After: the tensor stored in the model.

Sources: PyTorch documentation of TorchScript, ``native_functions.yaml``; CWE-73.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.python_source import PythonSource
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="TSC001",
    name="torchscript-operator",
    summary="The TorchScript code calls an operator that reaches outside the model.",
    remedy="Export the model again without the operator, or to ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-73",),
)
_CODE: Final = re.compile(r"(^|[/!])code/(__torch__|.*\.py$)")
_REACHES: Final = re.compile(
    r"(?:^|_)(?:from_file|read|write|load|save|open|exec|system|popen|spawn|url|http|socket"
    r"|shell|fork|file|eval|PythonOp|py_?func)(?:_|$)",
    re.IGNORECASE,
)
_ITS_OWN: Final = frozenset(
    "aten prim prims torchvision torchaudio quantized quantized_decomposed sparse inductor "
    "mkldnn mkldnn_prepacked xnnpack prepacked onednn metal vulkan static_runtime _quantized "
    "onnx higher_order torch_scatter torch_sparse torch_cluster torchtext fbgemm rnn "
    "image".split()
)
_HARMLESS: Final = frozenset({"fork", "_fork", "prim.fork", "torch.jit.fork"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per operator that reaches outside."""
    member = context.location.member or ""
    if not isinstance(context.document, PythonSource) or not _CODE.search(member):
        return
    seen: set[str] = set()
    for node in ast.walk(context.document.tree):
        name = _dotted(node.func) if isinstance(node, ast.Call) else ""
        if not name.startswith(("torch.", "ops.")) or name in seen:
            continue
        seen.add(name)
        space, operator = name.split(".")[-2:]
        if _REACHES.search(operator) and operator not in _HARMLESS:
            message = f"the model calls {name}, which reaches outside of it"
            yield context.finding(RULE, Severity.HIGH, message, evidence={"operator": name})
        elif name.startswith("ops.") and space not in _ITS_OWN:
            message = f"the model calls {name}, an operator of another library"
            yield context.finding(RULE, Severity.MEDIUM, message, evidence={"operator": name})


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


DETECTOR: Final = Detector(RULE, frozenset({"python"}), run)
