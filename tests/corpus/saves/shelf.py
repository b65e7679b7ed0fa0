"""Where real saves are put, and the list of what was saved by which library."""

from __future__ import annotations

import importlib.metadata
import pickle
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Shelf:
    """A folder of saves and one row for each."""

    out: Path
    rows: list[dict[str, str]] = field(default_factory=list)

    def place(self, group: str, name: str, file: str, library: str) -> Path:
        """Where to save a file (or a directory) called ``file``."""
        version = importlib.metadata.version(library) if library != "python" else PYTHON
        path = f"{group}/{name}/{file}"
        row = {"group": group, "name": name, "path": path, "source": f"{library} {version}"}
        self.rows.append(row)
        (self.out / path).parent.mkdir(parents=True, exist_ok=False)
        return self.out / path

    def bytes(self, group: str, name: str, file: str, library: str, data: bytes) -> None:
        """Save bytes."""
        self.place(group, name, file, library).write_bytes(data)

    def folder(self, group: str, name: str, file: str, library: str) -> Path:
        """An empty directory to save into."""
        path = self.place(group, name, file, library)
        path.mkdir()
        return path

    def pickle(
        self, group: str, name: str, what: object, library: str, protocol: int = 4
    ) -> None:
        """Save as a pickle."""
        file = ("model.pkl", "model.pickle", "data.pkl")[len(self.rows) % 3]
        self.bytes(group, name, file, library, pickle.dumps(what, protocol))


PYTHON = ".".join(map(str, sys.version_info[:3]))


def in_main(*classes: type) -> None:
    """Let classes be of the user's script, as those of most saves are."""
    for class_ in classes:
        class_.__module__ = "__main__"
        class_.__qualname__ = class_.__name__
        setattr(sys.modules["__main__"], class_.__name__, class_)
