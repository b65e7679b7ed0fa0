"""A Keras model needs a class or function of the user's own, and brings none of it.

A custom layer is named by its package and found in what the loading program has registered
or can import. The file holds no code; what runs is the code that is installed under that
name. This is said so that the code is reviewed as well as the model.

Before: ``{"module": "my_model", "class_name": "Attention", "registered_name": "My>Attention"}``
After: the same, with ``my_model`` scanned and its digest recorded.

Sources: Keras, "Serialize and deserialize"; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.keras_import import KERAS
from modelkeep.scan.keras_objects import KerasObject, keras_objects

RULE: Final = Rule(
    id="KRS004",
    name="keras-custom-code-needed",
    summary="The model needs a class that is not part of Keras.",
    remedy="Review the code that is registered or installed under this name.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per name."""
    seen: set[str] = set()
    for found in keras_objects(context.document):
        name = _custom(found)
        if name is not None and name not in seen:
            seen.add(name)
            yield context.finding(
                RULE, Severity.INFO, f"custom code required: {name}", evidence={"name": name}
            )


def _custom(found: KerasObject) -> str | None:
    package, mark, _ = found.registered_name.partition(">")
    if mark and package not in ("keras", "Keras", "keras_hub", "keras_nlp", "keras_cv"):
        return found.registered_name
    is_foreign = found.module and found.module != "builtins" and not KERAS.match(found.module)
    if is_foreign and not found.is_function:
        dotted = f"{found.module}.{found.name}"
        if standing(dotted, "reduce") in (Standing.UNKNOWN, Standing.UNLISTED):
            return dotted
    return None


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
