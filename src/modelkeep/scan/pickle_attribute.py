"""A pickle looks up an attribute of something it made.

``getattr`` with a class and a constant name is how old protocols store a method, and that
name is judged like an import. With anything else in its place it leads out of the data:
from an instance to its class, from there to a module and to what runs code. The getters
of ``operator`` may be stored; calling one while loading is a finding of its own.

Before: ``pickle.dumps(model.predict, 2)``.
After: the model stored, the method looked up by the program.

Sources: CPython ``pickle.py`` (bound methods are stored as ``getattr``); fickling and
picklescan advisories on ``getattr`` chains; CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument, Result, Use
from modelkeep.formats.pickle_policy import is_lookup
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL008",
    name="pickle-attribute-lookup",
    summary="Loading the pickle would look up an attribute of something it made.",
    remedy="Do not load the file; ask its publisher for safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per lookup that is not an import by another name."""
    if not isinstance(context.document, PickleDocument):
        return
    seen: set[tuple[str, str]] = set()
    for event in context.document.events:
        if not isinstance(event, Use) or event.how in {"build", "fill"}:
            continue
        if not isinstance(event.target, Import) or not is_lookup(event.target.dotted):
            continue
        holder, name = _what(event.target.dotted, event.arguments)
        if holder is None or (holder, name) in seen:
            continue
        seen.add((holder, name))
        parts = name.split(".")
        ordinary = all(part.isidentifier() and not part.startswith("__") for part in parts)
        yield context.finding(
            RULE,
            Severity.MEDIUM if ordinary else Severity.HIGH,
            f"{event.target.dotted} would look up {name} of {holder}",
            offset=event.offset,
            confidence=Confidence.MEDIUM,
            evidence={"attribute": f"{holder}.{name}"},
        )


def _what(lookup: str, arguments: tuple[object, ...]) -> tuple[str | None, str]:
    """Holder and attribute, ``?`` for what is not known; no holder where an import results."""
    if not lookup.endswith(".getattr"):  # of what is given later
        name = arguments[0] if len(arguments) == 1 or "methodcaller" in lookup else None
        return "?", name if isinstance(name, str) else "?"
    holder, name = (*arguments, None, None)[:2]
    if not isinstance(name, str):
        return "?", "?"
    if isinstance(holder, Import):
        return None, name
    return (holder.dotted if isinstance(holder, Result) else "?"), name


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
