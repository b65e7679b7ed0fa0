"""A NumPy file holds Python objects, which is a pickle under another name.

``numpy.load(..., allow_pickle=True)`` unpickles such a file. What the pickle
would import is judged by the pickle rules; this one says that it is there.

Before: ``numpy.save("x.npy", array_of_objects)``.
After: ``numpy.save("x.npy", array.astype("float32"))``.

Sources: NumPy documentation, ``numpy.load``; CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats import npy
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="NPY001",
    name="npy-holds-objects",
    summary="The array holds pickled Python objects instead of numbers.",
    remedy="Save the array with a numeric dtype; never load it with allow_pickle=True.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield a finding if the array's dtype holds objects."""
    if isinstance(context.document, npy.Header) and context.document.objects:
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            f"dtype {context.document.descr} holds Python objects, stored as a pickle",
            offset=context.document.data,
        )


DETECTOR: Final = Detector(RULE, frozenset({"npy"}), run)
