"""An MLflow model names a loader, or paths, that are not MLflow's.

``MLmodel`` says which module loads the model, and MLflow imports it. A module of Python's
own library or one that reaches the system turns loading into running it. Paths may lead
outside the model, an environment may come from an address.

Before: ``loader_module: subprocess``.
After: ``loader_module: mlflow.sklearn``.

Sources: MLflow documentation, MLmodel file format; CVE-2024-37052 to CVE-2024-37060; CWE-470.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Path, Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="MLF001",
    name="mlflow-loader",
    summary="The MLflow model would be loaded by code or from paths that are not its own.",
    remedy="Log the model again with its MLflow flavor; read its code directory.",
    topic="artifact.malicious_code",
    tags=("CWE-470", "CWE-22"),
)
_ESCAPES: Final = re.compile(r"^[/\\~]|^[A-Za-z]:[\\/]|(^|[/\\])\.\.([/\\]|$)|^\w+://")
_CLIMBS: Final = re.compile(r"(^|[/\\])\.\.([/\\]|$)|://")
_PATHS: Final = frozenset(
    "artifact_path model_path data code code_paths model_code_path python_model path "
    "pickled_model model_data serialization_path model_binary model_dir uri env conda "
    "virtualenv component_path".split()
)
_FREE: Final = frozenset({"run_id", "artifact_path", "signature", "metadata", "uri", "source"})
"""Where the model was logged from; nothing is opened by it when it is loaded."""


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per odd loader or path of an ``MLmodel`` file."""
    document = context.document
    if not isinstance(document, Tree) or not isinstance(document.value, dict):
        return
    if not isinstance(document.value.get("flavors"), dict):
        return
    for path, value in document.walk():
        if isinstance(value, str) and path:
            yield from _entry(context, path, value)


def _entry(context: Context, path: Path, value: str) -> Iterator[Finding]:
    key = str(path[-1])
    if key == "loader_module":
        severity = _loader(value)
        if severity is not None:
            message = f"loading the model would import {value!r}"
            yield context.finding(RULE, severity, message, evidence={key: value[:200]})
        return
    known = {str(part) for part in path} & _PATHS and not _FREE & {str(p) for p in path[:2]}
    if key == "model_code_path" and not _CLIMBS.search(value):
        return  # where the code lay when it was logged; only its last part is used
    if known and _ESCAPES.search(value):
        message = f"{key} leads outside the model: {value[:80]!r}"
        yield context.finding(RULE, Severity.HIGH, message, evidence={key: value[:200]})


def _loader(module: str) -> Severity | None:
    if re.fullmatch(r"mlflow(\.\w+)*", module):
        return None
    if standing(f"{module}._load_pyfunc", "reduce") is Standing.DANGEROUS:
        return Severity.HIGH
    odd = not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", module)
    return Severity.HIGH if odd else Severity.INFO


DETECTOR: Final = Detector(RULE, frozenset({"yaml", "json"}), run)
