"""A template takes all time or memory, whatever the request is.

A loop over a constant range of a billion, a text repeated a million times or a number raised to
a huge power stops a server at its first request, in a sandbox too.

Before: ``{% for i in range(10 ** 9) %}...``.
After: ``{% for message in messages %}...``.

Sources: CWE-400, CWE-834; ``MAX_RANGE`` of Jinja's sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.jinja_text import Template
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="JIN003",
    name="template-endless",
    summary="Rendering the template takes all time or memory of the server.",
    remedy="Use the template of the original model.",
    topic="runtime.dos",
    tags=("CWE-400", "CWE-834"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per line."""
    if not isinstance(context.document, Template):
        return
    lines: set[int] = set()
    for event in context.document.events:
        if event.kind == "huge" and event.line not in lines:
            lines.add(event.line)
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"the template computes {event.text} (line {event.line})",
                evidence={"what": event.text},
            )


DETECTOR: Final = Detector(RULE, frozenset({"jinja"}), run)
