"""A template includes, imports or extends a file outside its own place.

Chat templates stand alone. One that names a file absolutely, upwards, by an address, or by
a name computed at run time makes the server read what lies there and run it as a template.

Before: ``{% include '/etc/passwd' %}``.
After: the included text written into the template.

Sources: CWE-98, CWE-22; Jinja template loaders.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.jinja_text import Template
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_library import is_library

RULE: Final = Rule(
    id="JIN002",
    name="template-includes-outside",
    summary="The template reads a file that is not part of it.",
    remedy="Write the included text into the template, or use the original model's template.",
    topic="artifact.malicious_code",
    tags=("CWE-98", "CWE-22"),
)
_LEAVES: Final = re.compile(r"^[/\\~]|^\w:|\.\.[/\\]|://")
"""A name that leads out of the folder of the templates."""


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per file."""
    if not isinstance(context.document, Template):
        return
    # The pages of a package include each other, by the loader that the package sets up.
    inside = is_library(context)
    for event in context.document.events:
        if event.kind == "include":
            leaves = not inside or _LEAVES.search(event.text)
            severity = Severity.HIGH if leaves else Severity.MEDIUM
            yield context.finding(
                RULE,
                severity,
                f"the template includes {event.text!r} (line {event.line})",
                evidence={"name": event.text},
            )


DETECTOR: Final = Detector(RULE, frozenset({"jinja"}), run)
