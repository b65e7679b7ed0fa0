"""An XML document names entities that reach outside it or multiply.

An external entity or document type makes the parser fetch a file or an address and put
it into the document (XXE): local secrets leak, other hosts are called. Entities
made of entities grow a kilobyte into gigabytes. No library writes either into a model.

Before: ``<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>``
After: the same document without a document type.

Sources: CWE-611 (XXE), CWE-776 (entity expansion); OWASP XXE prevention.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.xml_text import XmlDocument
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="XML001",
    name="xml-entity",
    summary="Parsing the XML would fetch something or grow without bound.",
    remedy="Remove the DOCTYPE; save the model again with the library that made it.",
    topic="artifact.swapped_at_load",
    tags=("CWE-611", "CWE-776"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per entity or document type."""
    if not isinstance(context.document, XmlDocument):
        return
    for line, sentence in context.document.entities:
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"line {line}: {sentence}",
            evidence={"entity": sentence},
        )


DETECTOR: Final = Detector(RULE, frozenset({"xml"}), run)
