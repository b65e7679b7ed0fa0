"""A configuration asks loaders to run code of a repository without asking.

``trust_remote_code`` is the user's answer to "may code of this repository run?". A model
that brings the answer itself takes the question away where a loader reads it from there.

Before: ``{"trust_remote_code": true}``.
After: the flag given by whoever loads the model, after reading the code.

Sources: transformers "custom models"; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="HUB003",
    name="configuration-trusts-code",
    summary="The configuration allows code of a repository to run without asking.",
    remedy="Remove the flag and give it where the model is loaded, after reading the code.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per document."""
    if not isinstance(context.document, Tree):
        return
    for path, mapping in context.document.mappings():
        if mapping.get("trust_remote_code") is True:
            where = ".".join(str(step) for step in (*path, "trust_remote_code"))
            yield context.finding(
                RULE, Severity.MEDIUM, f"{where} is set", evidence={"key": where}
            )
            return


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
