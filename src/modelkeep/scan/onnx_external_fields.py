"""What an ONNX model says about external data is more than a place.

A tensor outside the model is described by pairs: location, offset, length, checksum. A
loader that sets each pair as an attribute lets the file overwrite what it likes; one that
trusts offset and length can be made to read far outside, or to allocate without end;
and a place given twice is read by one loader here and by the other there.

Before: the pair ``__class__`` or ``basepath`` next to ``location``, or a length of -1.
After: one location, an offset and a length that are plain numbers.

Sources: CVE-2026-34445; ONNX external data specification; CWE-915; CWE-190.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats import onnx_model
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ONX003",
    name="onnx-external-data-fields",
    summary="The description of external data holds what no exporter writes.",
    remedy="Save the model again with the library that made it; do not load this file.",
    topic="artifact.swapped_at_load",
    tags=("CWE-915", "CWE-190"),
)
_KEYS: Final = frozenset({"location", "offset", "length", "checksum"})
# ONNX Runtime keeps weights in the order its kernels want them, and where, like this.
_PREPACKED: Final = re.compile(r"prepacked_\d+")
_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_LARGEST: Final = 2**62
_MOST: Final = 20


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct problem, at most 20."""
    if not isinstance(context.document, list):
        return
    seen: set[str] = set()
    for item in context.document:
        if not isinstance(item, onnx_model.ExternalTensor):
            continue
        for what in _problems(item.entries):
            if what in seen or len(seen) >= _MOST:
                continue
            seen.add(what)
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"external data of tensor {item.tensor!r}: {what}",
                offset=item.offset,
                evidence={"what": what},
            )


def _problems(entries: tuple[tuple[str, str], ...]) -> Iterator[str]:
    keys = [key for key, _ in entries]
    for key in sorted(set(keys)):
        if key not in _KEYS and not _PREPACKED.fullmatch(key):
            yield f"unknown key {key[:100]!r}"
        elif keys.count(key) > 1:
            yield f"key {key[:100]!r} stands more than once"
    end = 0
    for key, value in entries:
        if key in ("offset", "length"):
            if not _NUMBER.fullmatch(value):
                yield f"{key} {value[:100]!r} is no plain number"
            else:
                end += int(value)
    if end > _LARGEST:
        yield "offset and length lead beyond any file"


DETECTOR: Final = Detector(RULE, frozenset({"onnx"}), run)
