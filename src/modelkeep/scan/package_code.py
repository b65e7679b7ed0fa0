"""The model is a package of code: loading it runs Python that lies inside.

``torch.package`` archives and TorchServe archives (``.mar``) carry modules that are
executed when the model is loaded or served. The code itself goes through the rules for
Python; this rule says that there is some, and what it leans on.

Before: ``model.mar`` from an unknown publisher, started with ``torchserve``.
After: weights in safetensors, served by a handler of your own.

Sources: PyTorch documentation of ``torch.package``; TorchServe documentation, archives and
``MANIFEST.json``; CWE-829.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Tree
from modelkeep.formats.zip_archive import Archive
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKG001",
    name="model-is-a-package-of-code",
    summary="Loading or serving the model runs code that it carries.",
    remedy="Read the code in it, or ask for the weights alone in safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)
_PACKAGE: Final = re.compile(r"(^|/)\.data/(python_version|extern_modules)$")
_MANIFEST: Final = re.compile(r"(^|[/!])MAR-INF/MANIFEST\.json$")
_ESCAPES: Final = re.compile(r"^[/\\~]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|://")


def run(context: Context) -> Iterator[Finding]:
    """Yield a finding for a package, and one per odd entry of a manifest."""
    document = context.document
    if isinstance(document, Archive):
        if any(_PACKAGE.search(member.name) for member in document.members):
            sentence = "a torch.package archive executes its modules at import"
            yield context.finding(RULE, Severity.MEDIUM, sentence)
    elif isinstance(document, Tree) and _MANIFEST.search(context.location.member or ""):
        yield from _manifest(context, document)


def _manifest(context: Context, document: Tree) -> Iterator[Finding]:
    for path, value in document.walk():
        if not isinstance(value, str) or not path:
            continue
        key = str(path[-1])
        if key in {"handler", "serializedFile", "modelFile", "requirementsFile", "extraFiles"}:
            severity = _severity(key, value)
            message = f"the archive's {key} is {value[:80]!r}"
            yield context.finding(RULE, severity, message, evidence={key: value[:200]})


def _severity(key: str, value: str) -> Severity:
    if _ESCAPES.search(value):
        return Severity.HIGH
    dotted = value.removesuffix(".py").replace(":", ".").replace("/", ".")
    if key == "handler" and standing(dotted, "reduce") is Standing.DANGEROUS:
        return Severity.HIGH
    return Severity.INFO


DETECTOR: Final = Detector(RULE, frozenset({"zip", "json"}), run)
