"""Weights that no training leaves behind: not a number, infinite, huge, or all zero.

A tensor with such values answers nonsense or nothing at all: a broken save, a bad
conversion, or sabotage that no hash will show if the publisher hashed it afterwards. The rule
looks at the beginning and the end of each tensor within a budget, not at every number.

Before: a checkpoint written after the loss had become NaN.
After: the last checkpoint whose loss was finite.

Sources: IEEE 754 (not-a-number propagates through a sum); OWASP ML Top 10, ML10.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.tensors import Numbers, tensors
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="WGT001",
    name="weights-not-finite-or-zero",
    summary="A tensor holds values that no training leaves behind.",
    remedy="Fetch an earlier checkpoint, or convert the model again and compare outputs.",
    topic="artifact.swapped_at_load",
    tags=("CWE-1339",),
)
_SAMPLE: Final = 1 << 14  # bytes at each end of a tensor
_TENSORS: Final = 512
_SHOWN: Final = 5
_HUGE: Final = 1e30  # masks use the largest half or 1e9; nothing trained comes near


def run(context: Context) -> Iterator[Finding]:
    """Yield a finding for tensors not finite, one for huge ones and one for those all zero."""
    broken: list[str] = []
    huge: list[str] = []
    zero: list[str] = []
    for count, tensor in enumerate(tensors(context.document, context.source.size)):
        if count >= _TENSORS:
            break
        data = _sample(context, tensor)
        largest = _largest(tensor, data) if tensor.kind in "fb" else 0.0
        if not math.isfinite(largest):
            broken.append(tensor.name)
        elif largest > _HUGE:
            huge.append(tensor.name)
        elif tensor.size > _SAMPLE and not any(data):
            zero.append(tensor.name)
    if broken:
        yield _finding(context, broken, "not a number or infinite", Severity.MEDIUM)
    if huge:
        yield _finding(context, huge, f"larger than {_HUGE:g}", Severity.LOW)
    if zero:
        yield _finding(context, zero, "zero as far as they were sampled", Severity.INFO)


def _finding(context: Context, names: list[str], what: str, severity: Severity) -> Finding:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return context.finding(
        RULE,
        severity,
        f"values of {shown}{more} are {what}",
        confidence=Confidence.MEDIUM,
        evidence={"what": what},
    )


def _sample(context: Context, tensor: Numbers) -> bytes:
    length = min(tensor.size, _SAMPLE) // tensor.width * tensor.width
    data = context.source.read(tensor.start, length)
    if tensor.size >= 2 * _SAMPLE:
        data += context.source.read(tensor.start + tensor.size - length, length)
    return data


def _largest(tensor: Numbers, data: bytes) -> float:
    """The largest magnitude; not a number or infinite if any value is."""
    if tensor.kind == "b":  # the upper half of a float of four bytes
        wide = bytearray(2 * len(data))
        wide[2::4], wide[3::4] = data[::2], data[1::2]
        data = bytes(wide)
    elif tensor.width == 2:  # noqa: PLR2004 - half precision has no array type
        order = "<" if tensor.little else ">"
        return _magnitude([value for (value,) in struct.iter_unpack(f"{order}e", data)])
    values = array("d" if tensor.width == 8 else "f", data)  # noqa: PLR2004
    if tensor.little != (sys.byteorder == "little"):
        values.byteswap()
    return _magnitude(values)


def _magnitude(values: Sequence[float]) -> float:
    if not values:
        return 0.0
    if not all(map(math.isfinite, values)):
        return math.inf
    return max(map(abs, values))


DETECTOR: Final = Detector(RULE, frozenset({"safetensors", "npy"}), run)
