"""A pickle looks up an attribute of something it made.

``getattr`` with a class and a constant name is how old protocols store a method, and that
name is judged like an import. With anything else in its place it leads out of the data:
from an instance to its class, from there to a module and to what runs code.

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
from modelkeep.scan.pickle_names import is_resolved_lookup

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
    seen: set[str] = set()
    for event in context.document.events:
        if not isinstance(event, Use) or event.how == "build" or is_resolved_lookup(event):
            continue
        if not isinstance(event.target, Import) or not is_lookup(event.target.dotted):
            continue
        holder, name = _what(event.arguments)
        if f"{holder}.{name}" in seen:
            continue
        seen.add(f"{holder}.{name}")
        method = holder.endswith("()") and holder != "?()" and name.isidentifier()
        ordinary = method and not name.startswith("__")
        yield context.finding(
            RULE,
            Severity.MEDIUM if ordinary else Severity.HIGH,
            f"{event.target.dotted} would look up {name} of {holder}",
            offset=event.offset,
            confidence=Confidence.MEDIUM,
            evidence={"attribute": f"{holder}.{name}"},
        )


def _what(arguments: tuple[object, ...]) -> tuple[str, str]:
    """Holder and attribute, ``?`` for what is not known."""
    holder = arguments[0] if arguments else None
    name = arguments[1] if len(arguments) > 1 else None
    return (
        holder.dotted if isinstance(holder, Import | Result) else "?",
        name if isinstance(name, str) else "?",
    )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
