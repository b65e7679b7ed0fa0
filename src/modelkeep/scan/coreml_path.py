"""A Core ML model opens a file outside its package.

Weights of a program lie in files named ``@model_path/weights/...``; a linked model is named
with a search path. An absolute or upward name opens whatever lies there on the machine
that loads the model. So does an item in the manifest of a package.

Before: a weight in ``@model_path/../../../secret.bin``.
After: a weight in ``@model_path/weights/weight.bin``.

Sources: coremltools, ``MIL.proto`` (BlobFileValue), ``LinkedModel.proto``; CWE-22.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.coreml import CoremlModel
from modelkeep.formats.tensorflow_policy import is_outside
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="CML002",
    name="coreml-path-escapes",
    summary="The model opens a file outside its package.",
    remedy="Save the model again with its weights inside the package.",
    topic="artifact.swapped_at_load",
    tags=("CWE-22",),
)
_ROOT: Final = "@model_path/"


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per file."""
    for name, offset in _files(context.document):
        if not is_outside(name.removeprefix(_ROOT)):
            continue
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"the model opens {name[:200]!r}, which lies outside its package",
            offset=offset,
            evidence={"file": name[:200]},
        )


def _files(document: object) -> Iterator[tuple[str, int]]:
    """Files a model names, or the manifest of a package."""
    if isinstance(document, CoremlModel):
        yield from dict(document.files).items()
    if not isinstance(document, Tree) or not isinstance(document.value, dict):
        return
    entries = document.value.get("itemInfoEntries")
    if "rootModelIdentifier" not in document.value or not isinstance(entries, dict):
        return
    for entry in entries.values():
        path = entry.get("path") if isinstance(entry, dict) else None
        if isinstance(path, str):
            yield path, 0


DETECTOR: Final = Detector(RULE, frozenset({"coreml", "json"}), run)
