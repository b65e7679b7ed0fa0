"""A model artifact holds native machine code.

A saved model is data: weights and a description of how to compute. A program or shared
library beside them, in ``assets.extra`` of a SavedModel or inside an archive, has no
part in that unless something loads it as custom operators or starts it, and then it
does whatever its author wrote. No scanner of models can tell what that is.

Before: ``my_model/assets.extra/ops.so`` next to ``saved_model.pb``.
After: the operators installed from a package that is reviewed and pinned by itself.

Sources: CWE-506; CWE-829; TensorFlow, "Using TensorFlow securely" (models are programs).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.native_program import NativeProgram
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="NAT001",
    name="native-code-in-model",
    summary="A program or shared library lies inside the model.",
    remedy="Remove it; install custom operators from a reviewed and pinned package instead.",
    topic="artifact.malicious_code",
    tags=("CWE-506", "CWE-829"),
)
# Actually Portable Executables carry a model within; they have a rule of their own.
_PORTABLE: Final = (b"MZqFpD", b"jartsr=")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding for the file."""
    document = context.document
    if not isinstance(document, NativeProgram) or context.source.read(0, 8).startswith(
        _PORTABLE
    ):
        return
    yield context.finding(
        RULE,
        Severity.HIGH,
        f"{document.kind} inside a model",
        offset=0,
        evidence={"kind": document.kind},
    )


DETECTOR: Final = Detector(RULE, frozenset({"elf", "pe", "macho"}), run)
