"""Compiled Python comes with a model: code nobody can read.

Byte code runs like source when it is imported, but a reviewer does not see it, and it
need not match a source file beside it. Code that uses functions which start programs, run
text or restore objects fails; other byte code is noted.

Before: ``modeling.pyc`` in a model repository.
After: ``modeling.py``.

Sources: CWE-506; reports on malicious packages that ship only ``.pyc`` files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.marshal_data import CodeObject
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_policy import ACTS, DANGEROUS_MODULES, RISKY, Act

RULE: Final = Rule(
    id="PYC009",
    name="python-bytecode",
    summary="The model brings compiled Python, which a reviewer cannot read.",
    remedy="Remove the byte code; ask for the source and let Python compile it.",
    topic="artifact.malicious_code",
    tags=("CWE-506",),
)
_DECODERS: Final = frozenset(
    "b64decode b85decode a85decode fromhex unhexlify decompress".split()
)
_SAME_NAME: Final = {"system": "platform", "load": "json", "loads": "json"}
"""A function of the same name in a harmless module."""
_CACHED: Final = re.compile(r"(?:__pycache__/)?([^/]+?)(?:\.(?:cpython|pypy)[\w.-]*)?\.pyc$")


def risky_names(code: CodeObject) -> Iterator[str]:
    """Functions that a code object, or one within it, uses and that reach a sink."""
    for inner in code.walk():
        words = {item for item in inner.constants if isinstance(item, str)}
        names = set(inner.names)
        for name, act in ACTS.items():
            if act not in RISKY or (act is Act.UNPICKLE and not _DECODERS & names):
                continue
            module, _, last = name.rpartition(".")
            if module == "builtins":
                known = last == "exec" and last in names
                known |= last in {"eval", "compile"} and {last, *_DECODERS} & names > {last}
            elif "(" in module:
                continue
            else:
                root = module.rpartition(".")[2]
                known = root != last and root in names | words and last in names | words
                known &= _SAME_NAME.get(last, "-") not in names
            if known:
                yield name
        if "__import__" in names and (DANGEROUS_MODULES | {"getattr"}) & (words | names):
            yield "builtins.__import__"
        if "getattr" in names and "builtins" in names:
            yield "builtins.getattr"


def network_names(code: CodeObject) -> Iterator[str]:
    """Functions that a code object uses and that speak to other machines."""
    for inner in code.walk():
        used = set(inner.names)
        for name, act in ACTS.items():
            root, _, last = name.replace("()", "").rpartition(".")
            speaks = act in {Act.SEND, Act.CONNECT} or last == "urlretrieve"
            modules = {root, root.partition(".")[0]}
            if speaks and last in used and modules & used:
                yield name


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding for the byte code, or one per dangerous function in it."""
    code = context.document
    if not isinstance(code, CodeObject):
        return
    found = sorted(set(risky_names(code)))
    beside = _has_source(context)
    if not beside:  # with its source it is read there
        found += sorted(set(network_names(code)) - set(found))
    for name in found:
        severe = ACTS.get(name) in {Act.COMMAND, Act.EXECUTE}
        yield context.finding(
            RULE,
            Severity.CRITICAL if severe else Severity.HIGH,
            f"compiled code uses {name}",
            confidence=Confidence.MEDIUM,
            evidence={"call": name},
        )
    if not found:
        yield context.finding(
            RULE,
            Severity.INFO if beside else Severity.MEDIUM,
            f"compiled Python code ({code.name})"
            + (", its source lies beside it" if beside else " without its source"),
        )


def _has_source(context: Context) -> bool:
    """Whether the module's source is part of what is checked."""
    path = context.location.member or context.location.path
    source = _CACHED.sub(r"\1.py", path)
    return source != path and source in context.root


DETECTOR: Final = Detector(RULE, frozenset({"pyc", "marshal"}), run)
