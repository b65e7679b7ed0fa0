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


# A DOS program, or a library whose header was cut off: two letters, so the name must agree.
_BEGINNING: Final = "unread:Windows program"
_NAMES: Final = (".dll", ".exe", ".pyd", ".sys", ".ocx", ".com")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding for the file."""
    kind = _kind(context)
    if kind is None or context.source.read(0, 8).startswith(_PORTABLE):
        return
    # Native code is what a wheel is for; whoever installs it runs it all the same.
    in_wheel = context.location.path.endswith(".whl") and context.location.member is not None
    yield context.finding(
        RULE,
        Severity.MEDIUM if in_wheel else Severity.HIGH,
        f"{kind} inside a {'wheel' if in_wheel else 'model'}",
        offset=0,
        evidence={"kind": kind},
    )


def _kind(context: Context) -> str | None:
    if isinstance(context.document, NativeProgram):
        return context.document.kind
    name = context.location.member or context.location.path
    if context.format == _BEGINNING and name.lower().endswith(_NAMES):
        return "Windows program"
    return None


DETECTOR: Final = Detector(RULE, frozenset({"elf", "pe", "macho", _BEGINNING}), run)
