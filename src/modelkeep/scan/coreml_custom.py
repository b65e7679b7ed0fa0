"""A Core ML model needs classes from the application that runs it.

Custom layers and custom models are classes of the application, found by the name that the
model gives. The model cannot bring them, but it chooses which one runs and with what.

Before: a layer with the class name ``MyDecoder``.
After: the same computed by Core ML's own layers.

Sources: Core ML, ``MLCustomLayer`` and ``MLCustomModel``; CWE-470; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.coreml import CoremlModel
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="CML001",
    name="coreml-custom-code",
    summary="The model chooses classes of the application to run.",
    remedy="Convert the model without custom layers, or review the classes it names.",
    topic="artifact.malicious_code",
    tags=("CWE-470", "CWE-829"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per class."""
    if not isinstance(context.document, CoremlModel):
        return
    for name, offset in dict(context.document.classes).items():
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"the model runs the class {name[:200]!r} of the application",
            offset=offset,
            evidence={"class": name[:200]},
        )


DETECTOR: Final = Detector(RULE, frozenset({"coreml"}), run)
