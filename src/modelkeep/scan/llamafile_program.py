"""The model is a program.

A llamafile carries weights and the program that runs them in one executable file. Whoever
opens it runs code that its publisher chose, with all rights of the user; a model file proper is
only read. Anybody can put any program in front of the same weights.

Before: ``model.llamafile``.
After: the GGUF file from inside it, run by a program of one's own.

Sources: Protect AI PAIT-LMAFL-300; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.llamafile import Program
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="LMF001",
    name="model-is-a-program",
    summary="The file runs as a program when it is opened.",
    remedy="Take the model out of it (it is a zip) and run it with a program you trust.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield a finding for the file."""
    document = context.document
    in_front = (context.location.member or "").endswith("[0x0]")
    if not isinstance(document, Program) or in_front:  # the zip hands its front out again
        return
    models = ", ".join(document.models[:5])
    carries = f" that carries {models}" if models else ""
    kind = "a program for many systems" if document.portable else "a program"
    yield context.finding(
        RULE,
        Severity.HIGH,
        f"the file is {kind}{carries}",
        offset=0,
        evidence={"models": models},
    )


DETECTOR: Final = Detector(RULE, frozenset({"llamafile"}), run)
