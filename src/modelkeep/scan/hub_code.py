"""A configuration names code that the loader imports.

With ``trust_remote_code`` transformers, diffusers and their kin import what ``auto_map``,
``custom_pipelines``, ``modules.json`` or ``model_index.json`` name. Code that lies beside the
model is scanned by itself. Code of another repository, or code that is not there, is fetched
when the model is loaded: it can change at any time, and nothing here has seen it.

Before: ``{"auto_map": {"AutoModel": "someone/else--modeling.Model"}}``.
After: ``{"auto_map": {"AutoModel": "modeling.Model"}}`` with ``modeling.py`` in the model.

Sources: transformers "custom models"; MITRE ATLAS AML.T0011.000; CWE-829.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Tree
from modelkeep.scan.hub_references import Reference, is_known, locate, references
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="HUB001",
    name="configuration-names-code",
    summary="Loading the model imports code that its configuration names.",
    remedy="Put the code into the model's directory and check it together with the model.",
    topic="artifact.malicious_code",
    tags=("CWE-829", "CWE-494"),
)
_PLACES: Final = {
    "remote": (Severity.HIGH, "is code of another place, fetched when the model is loaded"),
    "outside": (Severity.HIGH, "points outside the model"),
    "missing": (Severity.HIGH, "is code that is not part of what is checked"),
    "unclear": (Severity.MEDIUM, "is no name of code that a loader understands"),
    "here": (Severity.INFO, "is code of the model, which is scanned by itself"),
    "archive": (Severity.INFO, "is code that should lie in the same archive"),
}


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per name; known libraries are passed over."""
    seen: set[Reference] = set()
    for reference in references(context.document):
        if reference in seen:
            continue
        seen.add(reference)
        judged = _judge(context, reference)
        if judged is None:
            continue
        severity, why = judged
        yield context.finding(
            RULE,
            severity,
            f"{reference.key}: {reference.text!r} {why}",
            evidence={"key": reference.key, "name": reference.text},
        )
    yield from _generation(context)


def _generation(context: Context) -> Iterator[Finding]:
    """Code of ``generate`` is named by no key: it only has to lie in its folder."""
    document = context.document
    if not isinstance(document, Tree) or not isinstance(document.value, dict):
        return
    folder = posixpath.dirname(context.location.path)
    place = posixpath.join(folder, "custom_generate", "generate.py")
    if "transformers_version" in document.value and place in context.root:
        severity, why = _PLACES["here"]
        yield context.finding(
            RULE,
            severity,
            f"{place!r} {why}",
            evidence={"key": "custom_generate", "name": place},
        )


def _judge(context: Context, reference: Reference) -> tuple[Severity, str] | None:
    if is_known(reference) and standing(reference.text, "reduce") is not Standing.DANGEROUS:
        return None
    place = locate(context, reference)
    if place in ("missing", "archive") and _is_dangerous(reference.text):
        return Severity.CRITICAL, "is a function that runs programs or reaches the system"
    if reference.installed and place == "missing":
        return Severity.INFO, "is code of another package"
    return _PLACES[place]


def _is_dangerous(name: str) -> bool:
    return standing(name, "reduce") is Standing.DANGEROUS


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
