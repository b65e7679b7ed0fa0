"""A template includes, imports or extends a file outside its own place.

Chat templates stand alone. One that names a file absolutely, upwards, by an address, or by
a name computed at run time makes the server read what lies there and run it as a template.

Before: ``{% include '/etc/passwd' %}``.
After: the included text written into the template.

Sources: CWE-98, CWE-22; Jinja template loaders.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.jinja_text import Template
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="JIN002",
    name="template-includes-outside",
    summary="The template reads a file that is not part of it.",
    remedy="Write the included text into the template, or use the original model's template.",
    topic="artifact.malicious_code",
    tags=("CWE-98", "CWE-22"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per file."""
    if not isinstance(context.document, Template):
        return
    for event in context.document.events:
        if event.kind == "include":
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"the template includes {event.text!r} (line {event.line})",
                evidence={"name": event.text},
            )


DETECTOR: Final = Detector(RULE, frozenset({"jinja"}), run)
