"""A Keras model holds compiled Python code in a Lambda layer or a serialised lambda.

The code is marshalled bytes in the configuration; it runs when the model is loaded with
``safe_mode=False``, from HDF5 always, and in old versions whenever. A Lambda that
only names a function needs that function to be registered by the user and is mentioned.

Before: ``keras.layers.Lambda(lambda x: x / 255)``
After: ``keras.layers.Rescaling(1 / 255)``, or a registered subclass of ``Layer``.

Sources: CVE-2024-3660, CVE-2025-9905, CVE-2025-9906, CVE-2021-37678; CWE-94, CWE-502.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.keras_objects import KerasObject, keras_objects
from modelkeep.scan.named_code import is_builtin_sink

RULE: Final = Rule(
    id="KRS001",
    name="keras-lambda",
    summary="The model holds compiled Python code that runs when it is loaded.",
    remedy="Replace the Lambda by a standard or a registered layer and save again.",
    topic="artifact.malicious_code",
    tags=("CWE-94", "CWE-502"),
)
_LAMBDAS: Final = frozenset({"Lambda", "__lambda__"})
_LONGEST_NAME: Final = 200
# Base64 of a marshalled code object: its mark with or without the reference flag, then
# two small counts of arguments.
_CODE: Final = re.compile(r"\s*(?:4w|Yw)[A-P]AAA[A-P]")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per Lambda, and one per piece of code outside any."""
    if not isinstance(context.document, Tree):
        return
    told: list[tuple[str | int, ...]] = []
    is_keras = False
    for found in keras_objects(context.document):
        is_keras = True
        if not _is_lambda(found) or any(found.path[: len(p)] == p for p in told):
            continue
        told.append(found.path)
        severity, what = _judge(found)
        yield context.finding(
            RULE,
            severity,
            f"{found.class_name} at {found.place} {what}",
            evidence={"path": found.place, "what": what},
        )
    if not is_keras:
        return
    for path, value in context.document.walk():
        if _is_code(value) and not any(path[: len(p)] == p for p in told):
            place = ".".join(map(str, path))
            yield context.finding(
                RULE,
                Severity.CRITICAL,
                f"compiled Python code at {place}",
                evidence={"path": place, "what": "compiled Python code"},
            )


def _is_lambda(found: KerasObject) -> bool:
    names = (found.class_name, found.registered_name)
    return any(re.split(r"[>.]", name)[-1] in _LAMBDAS for name in names)


def _judge(found: KerasObject) -> tuple[Severity, str]:
    if found.class_name.endswith("__lambda__"):
        return Severity.CRITICAL, "is compiled Python code"
    functions = [found.setting(key) for key in ("function", "mask", "output_shape")]
    if any(_holds_code(value) for value in functions):
        return Severity.CRITICAL, "holds compiled Python code"
    function = functions[0]
    if isinstance(function, dict) and function.get("class_name") == "function":
        function = function.get("config")
    elif found.setting("function_type") not in (None, "function"):
        function = None
    if not isinstance(function, str) or len(function) > _LONGEST_NAME:
        return Severity.HIGH, "calls a function that cannot be told from code"
    if is_builtin_sink(f"builtins.{function.strip()}"):
        return Severity.HIGH, f"calls {function.strip()}"
    return Severity.INFO, f"needs the function {function!r}"


def _holds_code(value: object) -> bool:
    return any(
        _is_code(inner) or (isinstance(inner, dict) and inner.get("class_name") == "__lambda__")
        for _, inner in Tree(value).walk()
    )


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _CODE.match(value) is not None


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
