"""JSON-LD read as data: keys are resolved by the contexts that lie in the document itself.

A context that is an address is never fetched; the prefixes Croissant prescribes stand in
for it. Terms that resolve to no vocabulary keep their names and are then nobody's.

Source: W3C JSON-LD 1.1, sections 3.1 (context) and 4.1.5 (compact IRIs), the part of them
that Croissant files use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

CROISSANT: Final = "http://mlcommons.org/croissant/"
RAI: Final = "http://mlcommons.org/croissant/RAI/"
SCHEMA: Final = "https://schema.org/"
DCT: Final = "http://purl.org/dc/terms/"
PROV: Final = "http://www.w3.org/ns/prov#"
PREFIXES: Final = {
    "cr": CROISSANT,
    "rai": RAI,
    "sc": SCHEMA,
    "schema": SCHEMA,
    "dct": DCT,
    "prov": PROV,
}
_MOST_HOPS: Final = 8


class Terms:
    """The names a document gives to the properties of vocabularies."""

    def __init__(self, context: object) -> None:
        self._terms = dict(PREFIXES)
        self._vocabulary = SCHEMA
        for part in context if isinstance(context, list) else [context]:
            if not isinstance(part, dict):
                continue
            for name, meaning in part.items():
                named = meaning.get("@id") if isinstance(meaning, dict) else meaning
                if isinstance(named, str):
                    if name == "@vocab":
                        self._vocabulary = named
                    else:
                        self._terms[name] = named

    def expand(self, key: str) -> str:
        """The full name of a key; ``http`` and ``https`` of schema.org are one."""
        for _ in range(_MOST_HOPS):  # a term may stand for a compact name
            prefix, colon, rest = key.partition(":")
            if key in self._terms and not (colon and rest.startswith("//")):
                key = self._terms[key]
            elif colon and not rest.startswith("//") and prefix in self._terms:
                key = self._terms[prefix] + rest
            else:
                break
        if ":" not in key and not key.startswith("@"):
            key = self._vocabulary + key
        return key.replace("http://schema.org/", SCHEMA, 1)

    def expanded(self, node: dict[str, Any]) -> dict[str, Any]:
        """A node with full names as keys; its values are left as they are."""
        return {self.expand(name): value for name, value in node.items()}


def texts(value: object) -> Iterator[str]:
    """The texts a value holds: itself, of a list all, of a node its value, name or id."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool | int | float):
        yield str(value)
    elif isinstance(value, list):
        for item in value:
            if not isinstance(item, list):
                yield from texts(item)
    elif isinstance(value, dict):
        for key in ("@value", "name", "@id", "url"):
            if isinstance(value.get(key), str):
                yield value[key]
                break
