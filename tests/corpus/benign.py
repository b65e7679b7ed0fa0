"""The benign half of the corpus: real saves, packed by ``make_benign.py``."""

from __future__ import annotations

import functools
import json
import tarfile
from pathlib import Path
from typing import Final

from corpus.sample import PASS, Sample

PACKED: Final = Path(__file__).with_name("benign.tar.xz")
MANIFEST: Final = "manifest.json"


@functools.cache
def samples() -> dict[str, Sample]:
    """Every sample by its id; the content of all of them is held."""
    files: dict[str, bytes] = {}
    with tarfile.open(PACKED) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            files[member.name] = opened.read() if opened else b""
    found: dict[str, Sample] = {}
    for row in json.loads(files[MANIFEST]):
        content = _content(files, row["path"])
        sample = Sample(
            row["name"], row["group"], "benign", Path(row["path"]).name, content,
            source=row["source"], verdict=PASS,
        )  # fmt: skip
        found[sample.id] = sample
    return found


def _content(files: dict[str, bytes], path: str) -> bytes | dict[str, bytes]:
    if path in files:
        return files[path]
    below = f"{path}/"
    return {name.removeprefix(below): d for name, d in files.items() if name.startswith(below)}
