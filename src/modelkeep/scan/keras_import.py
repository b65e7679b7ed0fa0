"""A Keras configuration fetches a function from outside Keras, or one that reaches out.

Loading imports the ``module`` and looks the name up; the function becomes an activation, a
loss or a layer's body and is called with values of the file's choosing. Within
Keras itself some functions download, unpack, load models or switch the safe mode off.
Keras writes plain functions as ``builtins`` with the function's own name: that is
normal. A class of an unknown package is no matter of this rule.

Before: ``{"module": "os", "class_name": "function", "config": "system"}``
After: ``{"module": "builtins", "class_name": "function", "config": "relu"}``

Sources: CVE-2025-1550, CVE-2025-8747, CVE-2025-9906, CVE-2025-12060; CWE-94, CWE-502.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.keras_objects import KerasObject, keras_objects
from modelkeep.scan.named_code import code_name, is_builtin_sink, is_class_name, is_sink

RULE: Final = Rule(
    id="KRS002",
    name="keras-fetches-function",
    summary="Loading the model would fetch and call a function outside of modelling.",
    remedy="Do not load the file; ask its publisher for a model of standard layers.",
    topic="artifact.malicious_code",
    tags=("CWE-94", "CWE-502"),
)
KERAS: Final = re.compile(
    r"(?:keras|tf_keras|keras_hub|keras_nlp|keras_cv|keras_core|keras_tuner"
    r"|tensorflow\.keras|tensorflow\.python\.keras|tf\.keras)(?:\.|$)"
)
# Where functions of modelling live, and names in them that do other things.
_MODELLING: Final = re.compile(
    r"(?:\.src|\.api|\.legacy|\._legacy|\.v\d)*\.(?:activations|losses|metrics|initializers"
    r"|regularizers|constraints|optimizers|layers|ops|random|quantizers|applications|nn"
    r"|backend\.(?:torch|jax|tensorflow|numpy|openvino))(?:\.\w+)*"
)
_REACHING: Final = re.compile(
    r"(?:get_file|load_\w+|save_\w+|read_\w+|write_\w+|model_from_\w+|deserialize\w*|enable_\w+"
    r"|register_\w+|\w+_from_directory|set_\w+|extract_\w+|run_\w+|func_load|py_function"
    r"|numpy_function|get_custom_objects|clear_session|import_\w+|download\w*)"
)
# Modules of Keras that hold no object a model is made of.
_MACHINERY: Final = re.compile(r"(?:\.src|\.api)?\.(?:utils|saving|export|config)(?:\.\w+)*")
_TF_SINKS: Final = re.compile(
    r"(?:.*\.)?(?:read_file|write_file|py_function|numpy_function|py_func|matching_files"
    r"|load_op_library|load_library|ReadFile|WriteFile|MatchingFiles|EagerPyFunc|PyFunc"
    r"|gfile\.\w+|delete_file\w*|rename_file\w*|print_v2|ImmutableConst)"
)
_TF_OPS: Final = frozenset({"TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda"})
_CALLED: Final = frozenset({"function", "fn", "activation", "loss", "call_fn", "callable"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per name that is fetched and should not be."""
    seen: set[str] = set()
    for found in keras_objects(context.document):
        for severity, name in _judge(found):
            if name in seen:
                continue
            seen.add(name)
            yield context.finding(
                RULE,
                severity,
                f"loading would fetch {name} for {found.place}",
                evidence={"name": name},
            )


def _judge(found: KerasObject) -> Iterator[tuple[Severity, str]]:
    if found.module and found.name:
        dotted = f"{found.module}.{found.name}"
        severity = _fetched(found, dotted)
        if severity is not None:
            yield severity, dotted
    spelled = code_name(found.class_name)
    if spelled is not None and is_sink(spelled):
        yield Severity.CRITICAL, spelled
    yield from _called(found)


def _fetched(found: KerasObject, dotted: str) -> Severity | None:
    """How bad it is to fetch a name from its module."""
    if found.module in ("builtins", "__builtin__"):
        return Severity.CRITICAL if is_builtin_sink(dotted) else None
    is_plain = found.is_function or not is_class_name(dotted)
    if KERAS.match(found.module):
        return _inside_keras(found, dotted, is_plain=is_plain)
    known = standing(dotted, "reduce")
    if known is Standing.DANGEROUS:
        return Severity.CRITICAL
    if known is Standing.SAFE or not is_plain:
        return None
    if dotted.startswith(("tensorflow.", "tf.", "jax.", "torch.nn.")):
        return None
    return Severity.HIGH


def _inside_keras(found: KerasObject, dotted: str, *, is_plain: bool) -> Severity | None:
    rest = KERAS.sub(".", found.module, count=1).rstrip(".")
    if not is_plain:
        is_odd = _MACHINERY.fullmatch(rest) and found.name != "FeatureSpace"
        return Severity.HIGH if is_odd else None
    if _REACHING.fullmatch(found.name) or not (rest == "" or _MODELLING.fullmatch(rest)):
        return Severity.CRITICAL if standing(dotted) is Standing.DANGEROUS else Severity.HIGH
    return None


def _called(found: KerasObject) -> Iterator[tuple[Severity, str]]:
    """Functions given by their dotted name in the old form."""
    if not isinstance(found.config, dict):
        return
    is_operator = found.class_name in _TF_OPS
    module, function = found.setting("module"), found.setting("function")
    if isinstance(module, str) and isinstance(function, str):
        dotted = f"{module}.{function}"
        if is_sink(dotted) or standing(dotted, "reduce") is Standing.DANGEROUS:
            yield Severity.CRITICAL, dotted
    for key in _CALLED & found.config.keys():
        value = found.config[key]
        if is_operator and isinstance(value, str) and _TF_SINKS.fullmatch(value):
            yield Severity.HIGH, f"tensorflow.{value}"
        name = code_name(value)
        if name is not None and not is_operator and is_sink(name):
            yield Severity.CRITICAL, name


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
