"""A pickle calls what another call returned.

Objects are restored by calling imported names. Calling the *result* of a call is how a
payload is put together from harmless pieces: ``methodcaller("system", "...")(os)``,
``partial(f, x)()``, ``getattr(x, "y")()``. What is run then stands nowhere in the file.

Before: ``functools.partial(f, x)`` stored and called while loading.
After: the result stored, as data.

Sources: arXiv 2508.19774 (gadget chains); CPython ``pickle.py`` (``load_reduce``); CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.pickle_events import PickleDocument, Result, Use
from modelkeep.formats.pickle_policy import inner_uses
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL005",
    name="pickle-calls-a-result",
    summary="Loading the pickle would call what another call returned.",
    remedy="Do not load the file; ask its publisher for safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct result that is called."""
    if not isinstance(context.document, PickleDocument):
        return
    seen: set[str] = set()
    for event in context.document.events:
        if not isinstance(event, Use) or event.how in {"build", "fill"}:
            continue
        for called in _called(event):
            if called.dotted in seen:
                continue
            seen.add(called.dotted)
            known = called.callee is not None
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"{event.how.upper()} would call what {called.dotted} returned",
                offset=event.offset,
                confidence=Confidence.HIGH if known else Confidence.MEDIUM,
                evidence={"callee": called.dotted},
            )


def _called(use: Use) -> Iterator[Result]:
    """Results that are called: directly, or by a function that calls its arguments."""
    if isinstance(use.target, Result):
        yield use.target
        return
    for argument, inner in zip(use.arguments, inner_uses(use.target.dotted), strict=False):
        if inner == "reduce" and isinstance(argument, Result):
            yield argument


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
