"""An XML model names code that its runtime would load or run.

PMML and OpenVINO documents are data, but both have doors: an extension library or GPU
kernel beside the network, a Python layer, a script in an ``Extension``, a Java class
as a function, an included file, a stylesheet. A custom layer whose code the user must
bring anyway is only mentioned.

Before: ``<layer type="Custom"><data library="./libx.so"/></layer>``
After: the network converted to standard operations.

Sources: OpenVINO extensibility guide; PMML 4.4 (Extension, Apply); XInclude 1.0; CWE-829.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.xml_text import Element, XmlDocument
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="XML002",
    name="xml-names-code",
    summary="The XML names code that is loaded or run with the model.",
    remedy="Convert the model to standard operations, or read the code it names first.",
    topic="artifact.malicious_code",
    tags=("CWE-829", "CWE-94"),
)
_LIBRARY: Final = re.compile(r"\.(?:so(?:\.\d+)*|dll|dylib|pyd|jar|py|pyc|cl)$", re.IGNORECASE)
_SCRIPT: Final = re.compile(
    r"\b(?:eval|exec|execfile|__import__|compile|system|popen|getattr)\s*\(|\bsubprocess\b"
    r"|\bimport\s+\w+|\bRuntime\b.{0,20}\bexec\b|\bProcessBuilder\b|\bScriptEngine\b"
    r"|javascript:|<script\b|\bpowershell\b|/bin/(?:ba)?sh\b|\bcurl\s|\bwget\s"
    r"|\bos\.(?:system|popen|exec)"
)
_JAVA: Final = re.compile(
    r"java\.(?:lang\.(?:Runtime|Process(?:Builder)?|reflect|ClassLoader)|beans|rmi)\b"
    r"|java\.net\.URLClassLoader"
    r"|javax\.(?:script|naming|management)\b|com\.sun\.|sun\.|org\.apache\.commons\.coll"
    r"|groovy\.|org\.codehaus\.groovy|org\.springframework"
)
_PYTHON_LAYERS: Final = frozenset({"Python", "PyOp", "PythonOp", "PythonLayer"})
_FILE_KEYS: Final = frozenset(
    "path library libraries lib plugin module filename file src href dll so extension impl "
    "implementation location entry uri url".split()
)
_CODE_NAMES: Final = re.compile(
    r"script|code|python|java|groovy|exec|command|eval", re.IGNORECASE
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per element or instruction that names code."""
    document = context.document
    if not isinstance(document, XmlDocument):
        return
    for line, target, data in document.instructions:
        if target == "xml-stylesheet" and "css" not in data:
            yield context.finding(
                RULE, Severity.HIGH, f"line {line}: stylesheet {data!r} would be run",
                evidence={"what": data},
            )  # fmt: skip
    for element in document.elements:
        for severity, sentence in _judge(element, document.root):
            yield context.finding(
                RULE,
                severity,
                f"line {element.line}: <{element.name}> {sentence}",
                evidence={"what": sentence},
            )


def _judge(element: Element, root: str) -> Iterator[tuple[Severity, str]]:
    if _JAVA.match(element.local) or _JAVA.match(element.attributes.get("class", "")):
        yield Severity.CRITICAL, f"constructs {element.attributes.get('class', element.local)}"
    elif element.local == "include" and "href" in element.attributes:
        yield Severity.HIGH, f"includes {element.attributes['href']!r}"
    elif element.local == "script" and root.lower() != "html":
        yield Severity.HIGH, f"is a script: {element.text[:80]!r}"
    elif element.local == "Extension":
        yield from _extension(element)
    elif element.local == "Apply" and "." in element.attributes.get("function", ""):
        name = element.attributes["function"]
        severity = Severity.CRITICAL if _JAVA.match(name) else Severity.INFO
        yield severity, f"calls the Java class {name!r}"
    else:
        yield from _attributes(element)


def _extension(element: Element) -> Iterator[tuple[Severity, str]]:
    """An extension is free text of its writer; code in it is meant to be run."""
    text = " ".join([element.text, *element.attributes.values()])
    kind = " ".join(element.attributes.get(key, "") for key in ("name", "extender"))
    if _SCRIPT.search(text) or (_CODE_NAMES.search(kind) and re.search(r"\w\(", text)):
        yield Severity.HIGH, f"holds code: {text.strip()[:80]!r}"
    elif _library(element) is not None:
        yield Severity.HIGH, f"names the library {_library(element)!r}"


def _attributes(element: Element) -> Iterator[tuple[Severity, str]]:
    library = _library(element)
    if library is not None:
        yield Severity.HIGH, f"names the library {library!r}"
    elif element.attributes.get("type") in _PYTHON_LAYERS:
        yield Severity.HIGH, "is a layer that runs Python"
    elif any(_SCRIPT.search(value) for value in element.attributes.values()):
        yield Severity.HIGH, f"holds code: {' '.join(element.attributes.values())[:80]!r}"
    elif element.local == "layer" and element.attributes.get("version") == "extension":
        kind = element.attributes.get("type", "?")
        yield Severity.INFO, f"is a custom layer {kind!r}: its code is needed"


def _library(element: Element) -> str | None:
    """The code file an attribute names; names of other files are no concern here."""
    values = [v for k, v in element.attributes.items() if k.lower() in _FILE_KEYS]
    if element.local.lower() in ("extension", "extensions"):
        values = list(element.attributes.values())
    return next((value for value in values if _LIBRARY.search(value.strip())), None)


DETECTOR: Final = Detector(RULE, frozenset({"xml"}), run)
