"""A YAML tag asks the parser to import a module or to construct an object.

``yaml.load`` with a loader that knows ``!!python`` tags imports what they name and calls it;
SnakeYAML, js-yaml and Psych have tags of their own that do the same. Plain Python
types (tuples, byte strings) are harmless; names that are known to be safe are silent; a class
that the user must bring is only mentioned.

Before: ``!!python/object/apply:os.system ["..."]``
After: plain lists, maps and texts, read with ``yaml.safe_load``.

Sources: CVE-2017-18342, CVE-2020-14343 (PyYAML), CVE-2022-1471 (SnakeYAML), CVE-2021-37678
(Keras); CWE-502.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.named_code import is_builtin_sink, is_class_name

RULE: Final = Rule(
    id="YML001",
    name="yaml-tag-constructs",
    summary="Loading the YAML would import or construct what a tag names.",
    remedy="Read it with a safe loader; have it written as plain data.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)
_YAML: Final = "tag:yaml.org,2002:"
_PYTHON: Final = re.compile(r"python/(object/apply|object/new|object|name|module):(.+)")
_USES: Final = {"object/apply": "reduce", "object/new": "newobj", "object": "newobj"}
_JAVA: Final = re.compile(
    r"javax?\.(?:lang|net|script|naming|management|beans|rmi|sql)\b|com\.sun\.|org\.springframework"
    r"|org\.apache|org\.yaml|groovy"
)
_LOCAL: Final = re.compile(r"!(?:exec|eval|python|shell|system|js|ruby\b.*)", re.IGNORECASE)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct tag."""
    if not isinstance(context.document, Tree):
        return
    seen: set[str] = set()
    for line, tag in context.document.tags:
        severity = _judge(tag)
        if severity is None or tag in seen:
            continue
        seen.add(tag)
        short = tag.replace(_YAML, "!!", 1)
        yield context.finding(
            RULE, severity, f"line {line}: loading would construct {short}",
            evidence={"tag": tag},
        )  # fmt: skip


def _judge(tag: str) -> Severity | None:
    if not tag.startswith(_YAML):
        return Severity.HIGH if _LOCAL.fullmatch(tag) else None
    name = tag.removeprefix(_YAML)
    match = _PYTHON.fullmatch(name)
    if match is not None:
        return _python(match[1], match[2].strip())
    if name.startswith(("js/function", "ruby/", "perl/", "php/")):
        return Severity.HIGH
    if "." in name and not name.startswith("python/"):
        return Severity.CRITICAL if _JAVA.match(name) else Severity.HIGH
    return None


def _python(kind: str, name: str) -> Severity | None:
    """How bad a tag of PyYAML is; a name without a module is a built-in."""
    if kind == "module":
        return Severity.CRITICAL if _reaches(f"{name}.x") else Severity.HIGH
    dotted = name if "." in name else f"builtins.{name}"
    if dotted.startswith("builtins.") and is_builtin_sink(dotted):
        return Severity.CRITICAL
    known = standing(dotted, _USES.get(kind, "import"))
    if known is Standing.SAFE:
        return None
    if known is Standing.DANGEROUS:
        return Severity.CRITICAL
    return Severity.INFO if kind == "name" or is_class_name(dotted) else Severity.HIGH


def _reaches(dotted: str) -> bool:
    return standing(dotted) is Standing.DANGEROUS


DETECTOR: Final = Detector(RULE, frozenset({"yaml"}), run)
