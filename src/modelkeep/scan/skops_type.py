"""A skops file would build an object of a dangerous type or call a hidden method.

skops asks the user to trust the types a file names. Some of its nodes reach further than
their names show: an operator node calls any function of its class field, a method node
takes any attribute of an object.

Before: a node with ``__loader__: OperatorFuncNode`` and ``__module__: os``.
After: the model dumped again by ``skops.io.dump``.

Sources: CVE-2025-54412; CVE-2025-54413; CVE-2025-54886; skops documentation, secure
persistence; CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_policy import RISKY, act_of

RULE: Final = Rule(
    id="SKO001",
    name="skops-dangerous-type",
    summary="Loading the skops file would build or call something dangerous.",
    remedy="Do not trust the types the file names; ask its publisher to dump it again.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)
_TRUSTED: Final = frozenset(
    "numpy scipy sklearn builtins collections datetime functools".split()
)
_NOT_TRUSTED: Final = ("numpy.f2py", "numpy.testing", "numpy.distutils", "scipy._lib")
_OPERATORS: Final = frozenset({"attrgetter", "methodcaller", "call"})
_BUILDERS: Final = frozenset(
    {"eval", "exec", "compile", "open", "__import__", "getattr", "input"}
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per dangerous or unknown type."""
    document = context.document
    if not isinstance(document, Tree) or not _is_skops(document):
        return
    seen: set[tuple[str, str]] = set()
    for _, node in document.mappings():
        for dotted, loader in _names(node):
            if (dotted, loader) in seen:
                continue
            seen.add((dotted, loader))
            severity = _severity(dotted, loader, node)
            if severity is not None:
                message = f"{loader or 'the schema'} would use {dotted}"
                yield context.finding(RULE, severity, message, evidence={"type": dotted})


def _is_skops(document: Tree) -> bool:
    return any("__loader__" in node and "__module__" in node for _, node in document.mappings())


def _names(node: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Every name a node leads to, with the kind of node."""
    loader = str(node.get("__loader__", ""))
    for module, name in (("__module__", "__class__"), ("module_path", "function")):
        if isinstance(node.get(module), str) and isinstance(node.get(name), str):
            yield f"{node[module]}.{node[name]}", loader


def _severity(dotted: str, loader: str, node: dict[str, object]) -> Severity | None:
    module, _, name = dotted.rpartition(".")
    if _reaches_further(loader, module, name, node):
        return Severity.HIGH
    if act_of(dotted) in RISKY or (module == "builtins" and name in _BUILDERS):
        return Severity.CRITICAL
    root = module.partition(".")[0]
    if root in _TRUSTED and not module.startswith(_NOT_TRUSTED):
        return None
    if root == "operator" and loader == "OperatorFuncNode":
        return None
    dangerous = standing(dotted, "newobj") is Standing.DANGEROUS
    return Severity.HIGH if dangerous or root in _TRUSTED else Severity.INFO


def _reaches_further(loader: str, module: str, name: str, node: dict[str, object]) -> bool:
    if loader == "OperatorFuncNode":
        return module != "operator" or name in _OPERATORS
    return loader == "MethodNode" and _hidden_method(node)


def _hidden_method(node: dict[str, object]) -> bool:
    content = node.get("content")
    function = content.get("func") if isinstance(content, dict) else None
    return not isinstance(function, str) or "__" in function or "." in function


DETECTOR: Final = Detector(RULE, frozenset({"json"}), run)
