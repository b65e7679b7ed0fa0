"""An ONNX tensor lies in a file outside the model's own directory.

External data is named by a path inside the model. An absolute path, a ``..`` part
or a name that is not there makes the runtime read whatever lies at that place when
the model is loaded, and the digest of the model says nothing about those bytes.

Sources: CVE-2022-25882, CVE-2024-27318, CVE-2025-51480; CWE-22.
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
    tags=("CWE-22",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per location that is not a file of the artifact."""
    if not isinstance(context.document, list):
        return
    folder = posixpath.dirname(context.location.path)
    seen: set[str] = set()
    for item in context.document:
        if not isinstance(item, onnx_model.ExternalTensor) or item.location in seen:
            continue
        seen.add(item.location)
        place = posixpath.normpath(posixpath.join(folder, item.location))
        escapes = posixpath.isabs(item.location) or ".." in item.location.split("/")
        escapes = escapes or "\\" in item.location
        if not escapes and place in context.root:
            continue
        why = "points outside the model" if escapes else "is not part of what is checked"
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"tensor {item.tensor!r} reads {item.location!r}, which {why}",
            offset=item.offset,
            evidence={"location": item.location},
        )


DETECTOR: Final = Detector(RULE, frozenset({"onnx"}), run)
