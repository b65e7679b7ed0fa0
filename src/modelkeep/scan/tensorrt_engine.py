"""The model is a compiled TensorRT engine, which nobody can read.

An engine holds machine code for a GPU and may hold plug-ins, libraries for the host that
are loaded with it. NVIDIA says to load engines only from those one trusts. No scanner can
look inside, so that trust must come from elsewhere: who signed it, what it was built from.

Before: ``model.engine`` from a download.
After: ``model.onnx``, checked, and the engine built from it where it is used.

Sources: NVIDIA TensorRT documentation, "Security"; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tensorrt_engine import TensorrtEngine
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="TRT001",
    name="tensorrt-engine-is-opaque",
    summary="The model is compiled machine code that cannot be checked.",
    remedy="Build the engine yourself from a checked ONNX model, or verify its signature.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding for the file."""
    if isinstance(context.document, TensorrtEngine):
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            "a TensorRT engine is machine code, its content is not read",
            offset=context.document.offset,
        )


DETECTOR: Final = Detector(RULE, frozenset({"tensorrt engine"}), run)
