"""Objects in a Keras configuration: each map that names a class or function to make.

Source: Keras, ``saving/serialization_lib.py`` (version 3) and the legacy HDF5 and YAML form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.formats.tree import Path, Tree

_WITNESSES: Final = frozenset(
    {"config", "module", "registered_name", "inbound_nodes", "spec_name", "build_config"}
)


@dataclass(frozen=True, slots=True)
class KerasObject:
    """A map with ``class_name``, wherever it stands.

    Attributes:
        path: where it stands in the document.
        class_name: as written.
        module: the module it is fetched from; empty for the old form.
        registered_name: ``package>Name`` of a custom object, or empty.
        config: what the object is made from.
    """

    path: Path
    class_name: str
    module: str
    registered_name: str
    config: object

    @property
    def is_function(self) -> bool:
        """Whether a function is fetched and not a class."""
        return self.class_name == "function"

    @property
    def name(self) -> str:
        """The name that is fetched."""
        if self.is_function:
            return self.config if isinstance(self.config, str) else self.registered_name
        return self.class_name

    @property
    def place(self) -> str:
        """The path as people write it."""
        return ".".join(str(step) for step in self.path) or "the document"

    def setting(self, key: str) -> object:
        """A value of the config."""
        return self.config.get(key) if isinstance(self.config, dict) else None


def keras_objects(document: object) -> Iterator[KerasObject]:
    """Every object of a document; none if it is something else."""
    if not isinstance(document, Tree):
        return
    for path, found in document.mappings():
        name = found.get("class_name", found.get("spec_name"))
        if isinstance(name, str) and not _WITNESSES.isdisjoint(found):
            if name == "__typespec__":
                name = _text(found.get("spec_name"))
            module, registered = _text(found.get("module")), _text(found.get("registered_name"))
            yield KerasObject(path, name.strip(), module, registered, found.get("config"))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
