"""The model is a compiled TensorRT engine, which nobody can read.

An engine holds machine code for a GPU and may hold plug-ins, libraries for the host that
are loaded with it. NVIDIA says to load engines only from those one trusts. No scanner can
look inside, so that trust must come from elsewhere: who signed it, what it was built from.
What can be seen, a library for the host or the path of one, fails the file.

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
    """Yield one finding for the file, and one per library it brings or names."""
    engine = context.document
    if not isinstance(engine, TensorrtEngine):
        return
    yield context.finding(
        RULE,
        Severity.MEDIUM,
        "a TensorRT engine is machine code, its content is not read",
        offset=engine.offset,
    )
    for offset, what in engine.libraries:
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"the engine {what}, which is loaded with it",
            offset=offset,
            evidence={"what": what},
        )


DETECTOR: Final = Detector(RULE, frozenset({"tensorrt engine"}), run)
