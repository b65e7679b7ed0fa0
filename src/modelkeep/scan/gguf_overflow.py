"""Counts, lengths or extents in a GGUF file overflow a loader's arithmetic.

Native loaders multiply these numbers and allocate the product. A number near 2**64 wraps
around, the buffer becomes small, and reading the file writes behind it: code runs in the
process that loads the model. A file that was merely cut short never holds such numbers.

Before: a header that announces 2**61 tensors.
After: the file as converted from the original weights.

Sources: CVE-2024-21802, CVE-2024-21825, CVE-2024-21836, CVE-2024-23496, CVE-2024-23605,
CVE-2025-53630; CWE-190, CWE-122.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.gguf import Model
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="GGF001",
    name="gguf-overflows-loader",
    summary="A number in the header is made to overflow memory of the program that loads it.",
    remedy="Do not load the file; convert the original weights again.",
    topic="artifact.malicious_code",
    tags=("CWE-190", "CWE-122"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per number."""
    if not isinstance(context.document, Model):
        return
    for offset, sentence in context.document.attacks:
        yield context.finding(
            RULE, Severity.HIGH, sentence, offset=offset, evidence={"what": sentence}
        )


DETECTOR: Final = Detector(RULE, frozenset({"gguf"}), run)
