"""``modelkeep data pii``: personal data and secrets in a data set, counted and masked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelkeep.core import EvidenceError, InputError, NotChecked, Verdict
from modelkeep.core.settings import Value
from modelkeep.data import read_blocks, style_of
from modelkeep.data.personal import Finder, Held
from modelkeep.data.tables import SUFFIXES
from modelkeep.pipeline.accessing import require_access_here
from modelkeep.pipeline.listening import Listener
from modelkeep.sources import Artifact, open_artifact, stamp

_LARGEST: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class PersonalReport:
    """What was found.

    Attributes:
        verdict: FAIL if anything is held beyond chance, INCONCLUSIVE if a file was not read.
        held: by file, column and kind.
        not_checked: what was not read, and why.
    """

    verdict: Verdict
    held: tuple[Held, ...]
    not_checked: tuple[NotChecked, ...]


def find_personal_data(
    data: str | Path, *, listener: Listener | None = None, **flags: Value | None
) -> PersonalReport:
    """Look through every text and whole number of a data set; no finding is recorded.

    Args:
        data: what to look through.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the data cannot be read to its end, or holds nothing to read.
        EvidenceError: it changed while it was read.
    """
    (listener or Listener()).tell(f"looking for personal data in {data}")
    artifact = open_artifact(data)
    require_access_here(flags, "read_data", artifact)
    before = stamp(artifact)
    finder, missed, read = Finder(), list[NotChecked](), 0
    for name in artifact.files:
        why = _look(artifact, name, finder)
        read += not why
        if why:
            missed.append(NotChecked(artifact.display(name), why))
    if stamp(artifact) != before:
        raise EvidenceError(f"{artifact.path}: changed while it was read")
    if not read:
        raise InputError(
            f"{artifact.path}: holds no table and no text", "Give tables or files of text."
        )
    held = tuple(finder.held())
    bad = any(not found.by_chance for found in held)
    verdict = Verdict.FAIL if bad else Verdict.INCONCLUSIVE if missed else Verdict.PASS
    return PersonalReport(verdict, held, tuple(missed))


def _look(artifact: Artifact, name: str, finder: Finder) -> str:
    """Read one file; says why it was not."""
    shown, path = artifact.display(name), artifact.locate(name)
    style = style_of(shown)
    if style in SUFFIXES.values():
        for block in read_blocks(path, style):
            finder.add(shown, style, block)
        return ""
    if style != "text":
        return "is neither a table nor a text"
    if path.stat().st_size > _LARGEST:
        return f"is a text of more than {_LARGEST} bytes"
    finder.add_text(shown, path.read_bytes().decode("utf-8", "replace"))
    return ""
