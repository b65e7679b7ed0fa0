"""A pickle gives an instance an attribute that Python itself looks up.

``BUILD`` writes the state of an object into it. A state with the key ``__setstate__``
makes the next ``BUILD`` call whatever was stored there; ``__class__`` turns the instance
into another class. A planted ``append``, ``extend`` or ``add`` is called by the opcodes that
fill a list or set. Savers write data attributes.

Before: an object whose state holds ``{"__setstate__": print}``.
After: the same state without that key.

Sources: CPython ``pickle.py`` (``load_build`` looks ``__setstate__`` up on the instance);
modelscan issue 330; CWE-915.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument, Use
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL007",
    name="pickle-plants-special-attribute",
    summary="The pickle gives an instance an attribute with a meaning to Python.",
    remedy="Do not load the file; ask its publisher for safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-502", "CWE-915"),
)
# Written by typing, functools, pydantic and torch.jit into the state of ordinary instances.
_ORDINARY: Final = frozenset(
    """
    __orig_class__ __doc__ __name__ __qualname__ __module__ __wrapped__ __annotations__
    __overloads__
    __fields_set__ __private_attribute_values__ __pydantic_extra__ __pydantic_fields_set__
    __pydantic_private__ __version__ __note__ __notes__ __parameters__ __args__ __origin__
    """.split()
)
_PYDANTIC: Final = frozenset({"__fields_set__", "__pydantic_fields_set__"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per target and special key."""
    if not isinstance(context.document, PickleDocument):
        return
    seen: set[tuple[str, str]] = set()
    for event in context.document.events:
        if not isinstance(event, Use):
            continue
        if event.how == "fill" and not isinstance(event.target, Import):
            yield _filled(context, event)
        if event.how != "build":
            continue
        for key in _special(event.keys):
            if (event.target.dotted, key) in seen:
                continue
            seen.add((event.target.dotted, key))
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"BUILD would set {key} of what {event.target.dotted} returned",
                offset=event.offset,
                evidence={"target": event.target.dotted, "key": key},
            )


def _filled(context: Context, use: Use) -> Finding:
    return context.finding(
        RULE,
        Severity.HIGH,
        f"filling what {use.target.dotted} returned would call a method that BUILD gave it",
        offset=use.offset,
        evidence={"target": use.target.dotted},
    )


def _special(keys: tuple[str, ...]) -> Iterator[str]:
    pydantic = not _PYDANTIC.isdisjoint(keys)
    for key in keys:
        ordinary = key in _ORDINARY or (pydantic and key == "__dict__")
        special = key == "?()" or (key.startswith("__") and key.endswith("__"))
        if special and not ordinary:
            yield key


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
