"""What a file is besides its bytes: a file or a link, and its mode.

A link where a file was signed lets the bytes change behind the name, so types count.
Modes do not survive an object store, so a difference is told and counts only when asked for.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from modelkeep.core import InputError
from modelkeep.sources import Artifact


class Mark(msgspec.Struct, frozen=True):
    """Type (``file`` or ``link``) and permission bits in octal of one file."""

    type: str
    mode: str


@dataclass(frozen=True, slots=True)
class MarkDifference:
    """Files whose type or mode is not as signed: name and sentence."""

    types: tuple[tuple[str, str], ...] = ()
    modes: tuple[tuple[str, str], ...] = ()


def read_marks(artifact: Artifact) -> dict[str, Mark]:
    """Marks of an artifact's files by name, ``.`` for a single file.

    Links of a Hugging Face cache to blobs of the same repository count as the files
    they stand for, and so does a link that the user names as the model.

    Raises:
        InputError: a file has gone.
    """
    outside = artifact.links()
    root = artifact.path.resolve()
    marks = {}
    for name in artifact.files:
        path = artifact.locate(name)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            linked = artifact.is_directory and path.is_symlink()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
        blob = linked and name not in outside and not path.resolve().is_relative_to(root)
        marks[name or "."] = Mark("link" if linked and not blob else "file", f"{mode:04o}")
    return marks


def compare_marks(signed: Mapping[str, Mark], actual: Mapping[str, Mark]) -> MarkDifference:
    """Compare marks of the files that are both signed and there."""
    both = sorted(signed.keys() & actual.keys())
    return MarkDifference(
        tuple(
            (name, f"{name}: signed as a {signed[name].type}, now a {actual[name].type}")
            for name in both
            if signed[name].type != actual[name].type
        ),
        tuple(
            (name, f"{name}: mode {actual[name].mode}, signed with {signed[name].mode}")
            for name in both
            if signed[name].mode not in ("", actual[name].mode)
        ),
    )
