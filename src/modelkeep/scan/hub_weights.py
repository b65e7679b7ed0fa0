"""The index of a model names a file outside the model.

A model in pieces has an index from tensor to file. A loader joins the name to the model's
folder; an absolute name, a ``..`` or an address leads out of it, and the weights come
from a file that nobody checked. The folders of ``modules.json`` are joined the same way.

Before: ``{"weight_map": {"w": "../../other/model.bin"}}``.
After: ``{"weight_map": {"w": "model-00001-of-00002.safetensors"}}``.

Sources: CWE-22; sharded checkpoints of transformers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="HUB002",
    name="index-names-file-outside",
    summary="The weights are read from a file that is not part of the model.",
    remedy="Save the model again so that its index names files in its own directory.",
    topic="artifact.swapped_at_load",
    tags=("CWE-22",),
)
_OUTSIDE: Final = re.compile(r"^[/\\~]|^[A-Za-z]:[\\/]|^\w+://|(?:^|[/\\])\.\.(?:[/\\]|$)|\0")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per file outside."""
    seen: set[str] = set()
    for name in _names(context.document):
        if name not in seen and _OUTSIDE.search(name):
            seen.add(name)
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"the index names {name!r}, which lies outside the model",
                evidence={"name": name},
            )


def _names(document: object) -> Iterator[str]:
    if not isinstance(document, Tree):
        return
    for path, mapping in document.mappings():
        if path and path[-1] == "weight_map":
            yield from _texts(mapping.values())
        elif {"idx", "path"} <= mapping.keys():
            yield from _texts([mapping["path"]])


def _texts(values: Iterable[object]) -> Iterator[str]:
    """File names, one by one or in lists."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, str))


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml"}), run)
