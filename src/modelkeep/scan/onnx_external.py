"""An ONNX tensor lies in a file outside the model's own directory.

External data is named by a path inside the model. An absolute path, a ``..`` part
or a name that is not there makes the runtime read whatever lies at that place when
the model is loaded, and the digest of the model says nothing about those bytes. A link
in the model's directory does the same for a name that looks harmless. The cached
context of an execution provider is a file named in the same way.

Before: a tensor at ``../../../etc/passwd``, or at ``weights.bin``, a link to it.
After: a tensor at ``model.onnx_data``, a plain file beside the model.

Sources: CVE-2022-25882, CVE-2024-27318, CVE-2025-51480, CVE-2026-27489 (symbolic links),
CVE-2026-34446 (hard links); CWE-22; CWE-59.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats import onnx_model
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ONX001",
    name="onnx-external-data-escapes",
    summary="The model reads tensor bytes from a file that is not part of it.",
    remedy="Save the model with all tensors inside, or with the data file in its directory.",
    topic="artifact.swapped_at_load",
    tags=("CWE-22", "CWE-59"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per location that is not a file of the artifact."""
    if not isinstance(context.document, list):
        return
    seen: set[str] = set()
    for item in context.document:
        if not isinstance(item, onnx_model.ExternalTensor) or item.location in seen:
            continue
        seen.add(item.location)
        problem = _problem(item.location, context)
        if problem is None:
            continue
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"tensor {item.tensor!r} reads {item.location!r}, which {problem}",
            offset=item.offset,
            evidence={"location": item.location},
        )


def _problem(location: str, context: Context) -> str | None:
    folder = posixpath.dirname(context.location.path)
    place = posixpath.normpath(posixpath.join(folder, location))
    escapes = posixpath.isabs(location) or ".." in location.split("/")
    if escapes or "\\" in location:
        return "points outside the model"
    if place not in context.root:
        return "is not part of what is checked"
    link = context.links.get(place)
    if link == "symbolic":
        return "is a symbolic link to a file outside the model"
    if link == "hard":  # ONNX refuses to load such a file as well
        return "has another name, by a hard link"
    return None


DETECTOR: Final = Detector(RULE, frozenset({"onnx"}), run)
