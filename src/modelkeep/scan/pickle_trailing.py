"""Bytes follow the last pickle of a file.

The unpickler stops at STOP and never looks at them; another program may. A
file that is one thing to one reader and another to the next is how payloads pass
a checker. PyTorch's old format keeps its tensors there, and is passed over.

Before: a pickle with a script glued behind its last opcode.
After: the object dumped again, to a file that ends where the pickle ends.

Sources: CPython ``pickletools.py`` (STOP); "polyglot" files in picklescan advisories.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats import pickle_stream
from modelkeep.formats.pickle_events import PickleDocument
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL004",
    name="pickle-trailing-data",
    summary="Bytes follow the end of the pickle.",
    remedy="Save the object again, or ask the publisher what the bytes are.",
    topic="artifact.malicious_code",
    tags=("CWE-506",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield a finding if the stream goes on behind its last STOP."""
    document = context.document
    if not isinstance(document, PickleDocument) or not document.end:
        return
    tail = context.source.size - document.end
    if tail > 0 and not pickle_stream.is_old_torch(context.source):
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            f"{tail} bytes follow the end of the pickle",
            offset=document.end,
            confidence=Confidence.MEDIUM,
        )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
