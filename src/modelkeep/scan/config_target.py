"""A configuration names a function that is called, with arguments, when it is read.

Hydra, OmegaConf, NeMo, Lightning, MMEngine, LangChain and others build objects from maps such
as ``{"_target_": "package.Class", ...}``: any importable callable will do. A class is
normal and only mentioned where its code must come from elsewhere; a function that starts
programs, loads code or opens files is an attack. Keys that other tools use for
other things (``type``, ``target``) count only for names that have no other meaning.

A name may be put together from other values of the document (``${t}``, ``${a}.system``); it is
judged as what it becomes. If the document leaves open what is called, what it does settle
is judged: a module that starts programs, or a function of that kind, is an attack, anything
else is a warning, because the name then comes from a place that was not checked.

Before: ``_target_: ${name}`` with ``name: os.system`` and ``_args_: ["..."]``
After: ``_target_: torch.nn.Linear`` with ``in_features: 4``

Sources: CVE-2025-23304 (NeMo), Unit 42 on Uni2TS and FlexTok; Hydra, "Instantiating objects
with Hydra"; OmegaConf, "Variable interpolation"; LangChain serialisation; CWE-94, CWE-470.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Path, Tree
from modelkeep.scan.config_interpolation import HOLE, interpolated
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.named_code import (
    code_name,
    is_sink,
    is_sink_module,
    is_sink_name,
    judge_target,
)

RULE: Final = Rule(
    id="CFG001",
    name="config-names-code",
    summary="Reading the configuration would call a function that it names.",
    remedy="Remove the target, or allow only classes you know before instantiating.",
    topic="artifact.malicious_code",
    tags=("CWE-94", "CWE-470"),
)
_STRONG: Final = frozenset(
    "_target_ __target__ _target class_path _component_ _callable_ py_class _cls_ "
    "py/object py/type py/class py/function py/newobj py/name".split()
)
_WEAK: Final = frozenset(
    "target cls class type func function fn callable factory constructor import_path "
    "entry_point handler hook _method_ _fn_ _class_ __class__ __type__ _class".split()
)
_NAMED: Final = ("function", "func", "callable", "class", "cls", "attr", "method")
# Beside an ambiguous key, what it names is built with these.
_ARGUMENTS: Final = frozenset("params init_args kwargs _args_ _kwargs_ init_kwargs".split())
_RESOLVER: Final = re.compile(
    r"\$\{[^}]*(?:__import__|\beval\s*\(|\bexec\s*\(|os\.(?:system|popen)|subprocess\b"
    r"|\b(?:exec|shell|sh|cmd|python|py|system):)"
)
_ARGUMENT_LISTS: Final = frozenset({"_args_", "args"})
_MOST_ARGUMENTS: Final = 1000
_MOST_FINDINGS: Final = 100


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct name."""
    if not isinstance(context.document, Tree):
        return
    seen: set[tuple[str, Severity]] = set()
    for key, name, severity in _targets(context.document):
        if (name, severity) in seen or len(seen) >= _MOST_FINDINGS:
            continue
        seen.add((name, severity))
        act = "need" if severity is Severity.INFO else "call"
        yield context.finding(
            RULE,
            severity,
            f"{key}: instantiating would {act} {name}",
            evidence={"target": name},
        )


def _targets(tree: Tree) -> Iterator[tuple[str, str, Severity]]:
    for key, value in tree.hidden:
        yield from _judge(str(key), value, has_arguments=False)
    for path, value in tree.walk():
        if isinstance(value, dict):
            for filled in _filled(value, tree.value, path):
                yield from _of_map(filled)
        elif isinstance(value, str) and "${" in value and _RESOLVER.search(value):
            yield "interpolation", value[:100], Severity.HIGH


def _of_map(value: dict[str, object]) -> Iterator[tuple[str, str, Severity]]:
    """The names in one map that its reader may call."""
    has_arguments = not _ARGUMENTS.isdisjoint(value)
    asked = value.get("path")
    if str(value.get("_target_")).startswith("hydra.utils.get_") and asked is not None:
        yield from _judge("_target_", asked, has_arguments=True)
        return
    for key in (_STRONG | _WEAK) & value.keys():
        yield from _judge(key, value[key], has_arguments=has_arguments)
    if not _STRONG.isdisjoint(value):
        yield from _arguments(value)
    yield from _langchain(value)
    yield from _pairs(value)


def _filled(value: dict[str, object], root: object, path: Path) -> Iterator[dict[str, object]]:
    """A map with what its interpolations stand for, once for each way to read them."""
    written = {k: v for k, v in value.items() if isinstance(v, str) and "${" in v}
    listed = _ARGUMENT_LISTS & value.keys()
    if not written and not listed:
        yield value
        return
    base, inside = root, path
    first = path[0] if path else ""
    if isinstance(root, list) and isinstance(first, int) and first < len(root):
        base, inside = root[first], path[1:]  # one of several documents
    ways = {k: interpolated(v, base, (*inside, k)) for k, v in written.items()}
    plain = {k: _list_filled(value[k], base, (*inside, k)) for k in listed}
    for place in range(max((len(way) for way in ways.values()), default=1)):
        chosen = {k: way[min(place, len(way) - 1)] for k, way in ways.items()}
        yield {**value, **plain, **chosen}


def _list_filled(value: object, root: object, path: Path) -> object:
    if not isinstance(value, list):
        return value
    return [
        interpolated(item, root, path)[0] if isinstance(item, str) and "${" in item else item
        for item in value[:_MOST_ARGUMENTS]
    ]


def _judge(
    key: str, value: object, *, has_arguments: bool
) -> Iterator[tuple[str, str, Severity]]:
    if isinstance(value, str) and HOLE in value:
        yield from _unsettled(key, value)
        return
    name = code_name(value)
    if name is None:
        return
    if key in _STRONG or (key in ("target", "cls", "class") and has_arguments):
        severity = judge_target(name)
        if severity is not None:
            yield key, name, severity
    elif key in _WEAK and is_sink(name):
        yield key, name, Severity.CRITICAL


def _unsettled(key: str, value: str) -> Iterator[tuple[str, str, Severity]]:
    """A name of which the document settles only a part: what is known may say enough."""
    shown = value.replace(HOLE, "${...}")
    start, _, rest = value.partition(HOLE)
    if (start.endswith(".") and is_sink_module(start)) or is_sink_name(rest):
        yield key, shown, Severity.HIGH
    elif key in _STRONG:
        yield key, shown, Severity.MEDIUM


def _arguments(value: dict[str, object]) -> Iterator[tuple[str, str, Severity]]:
    """Functions handed to what is called: ``functools.partial`` calls its first argument."""
    given = value.get("_args_", value.get("args"))
    for argument in given if isinstance(given, list) else ():
        name = code_name(argument)
        if name is not None and is_sink(name):
            yield "_args_", name, Severity.CRITICAL


def _pairs(value: dict[str, object]) -> Iterator[tuple[str, str, Severity]]:
    """A module and a name in two keys; what ``jsonpickle`` evaluates."""
    module = value.get("module", value.get("__module__"))
    for key in _NAMED:
        name = value.get(key)
        if isinstance(module, str) and isinstance(name, str):
            dotted = code_name(f"{module.strip()}.{name.strip()}")
            if dotted is not None and is_sink(dotted):
                yield key, dotted, Severity.CRITICAL
    if isinstance(value.get("py/repr"), str):
        yield "py/repr", str(value["py/repr"])[:100], Severity.HIGH


def _langchain(value: dict[str, object]) -> Iterator[tuple[str, str, Severity]]:
    """``{"lc": 1, "type": "constructor", "id": ["package", "module", "Class"]}``."""
    parts = value.get("id")
    if "lc" not in value or value.get("type") != "constructor" or not isinstance(parts, list):
        return
    name = code_name(".".join(part for part in parts if isinstance(part, str)))
    if name is None or name.startswith("langchain"):
        return
    severity = judge_target(name)
    if severity is not None:
        yield "id", name, severity


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml", "toml"}), run)
