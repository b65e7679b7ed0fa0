"""A Keras layer takes a pickle, a program or a file from elsewhere when it is loaded.

``TorchModuleWrapper`` unpickles a whole PyTorch module, ``TFSMLayer`` runs a SavedModel at a
path, and the vocabulary of a lookup layer may be a path or an address that is read
instead of the words themselves.

Before: ``StringLookup(vocabulary="/etc/passwd")``
After: ``StringLookup(vocabulary=["a", "b"])``, which stores the words in the model.

Sources: CVE-2025-49655, CVE-2025-12058; Keras ``TFSMLayer``; CWE-502, CWE-73, CWE-918.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.keras_objects import KerasObject, keras_objects

RULE: Final = Rule(
    id="KRS003",
    name="keras-layer-reads-elsewhere",
    summary="A layer unpickles, runs or reads something that the configuration names.",
    remedy="Save the model with standard layers and with its words inside.",
    topic="artifact.malicious_code",
    tags=("CWE-502", "CWE-73", "CWE-918"),
)
_LOOKUPS: Final = frozenset(
    {"StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"}
)
_PATH_KEYS: Final = ("vocabulary", "vocabulary_file", "idf_weights", "vocabulary_path")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per layer."""
    for found in keras_objects(context.document):
        name = found.class_name.rpartition(">")[2].rpartition(".")[2]
        for severity, what in _judge(context, found, name):
            yield context.finding(
                RULE,
                severity,
                f"{name} at {found.place} {what}",
                evidence={"path": found.place, "what": what},
            )


def _judge(context: Context, found: KerasObject, name: str) -> Iterator[tuple[Severity, str]]:
    if name == "TorchModuleWrapper":
        yield Severity.HIGH, "unpickles a PyTorch module"
    elif name in ("TFSMLayer", "TFSMlayer"):
        yield Severity.HIGH, f"runs the SavedModel at {found.setting('filepath')!r}"
    elif name in _LOOKUPS:
        for key in _PATH_KEYS:
            value = found.setting(key)
            if isinstance(value, str) and value:
                yield _path_severity(context, value), f"reads {value!r}"


def _path_severity(context: Context, path: str) -> Severity:
    """A file beside the model belongs to it; one that leaves its directory does not."""
    leaves = posixpath.isabs(path) or ".." in path.split("/") or "\\" in path or ":" in path
    if leaves or path.startswith("~"):
        return Severity.HIGH
    beside = posixpath.join(posixpath.dirname(context.location.path), path)
    return Severity.INFO if posixpath.normpath(beside) in context.root else Severity.MEDIUM


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
