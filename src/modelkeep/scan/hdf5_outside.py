"""An HDF5 file takes links or values from a file that is not part of the model.

An external link, raw storage or a virtual dataset names another file, and the library
opens it when the model is loaded: a private file of whoever loads it becomes weights
that can be read back, and the digest of the model says nothing about those bytes. A link of a
user-defined kind calls whatever the program registered for it.

Before: ``f["w"] = h5py.ExternalLink("/etc/passwd", "/x")``
After: the values copied into the file: ``f["w"] = other["x"][()]``.

Sources: CVE-2026-1669 (Keras), CWE-73, CWE-200; HDF5 File Format Specification 3.0.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.hdf5 import Hdf5Document
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="HDF001",
    name="hdf5-reads-other-files",
    summary="The HDF5 file takes values from a file that is not part of the model.",
    remedy="Copy the values into the file, or keep the other file in the model's directory.",
    topic="artifact.swapped_at_load",
    tags=("CWE-73", "CWE-200"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per place that names a file outside the artifact."""
    if not isinstance(context.document, Hdf5Document):
        return
    folder = posixpath.dirname(context.location.path)
    seen: set[tuple[str, str]] = set()
    for item in context.document.outside:
        place = posixpath.normpath(posixpath.join(folder, item.file))
        escapes = posixpath.isabs(item.file) or ".." in item.file.split("/")
        escapes = escapes or "\\" in item.file
        if (item.kind, item.file) in seen or (not escapes and place in context.root):
            continue
        seen.add((item.kind, item.file))
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"{item.kind} {item.path!r} reads {item.file!r}",
            evidence={"file": item.file, "kind": item.kind},
        )


DETECTOR: Final = Detector(RULE, frozenset({"hdf5"}), run)
