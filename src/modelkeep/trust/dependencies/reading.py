"""Which files of a tree say what an environment is built from, and how each is read."""

from __future__ import annotations

import re
from typing import Final

from modelkeep.core import InputError, MalformedArtifactError
from modelkeep.trust.dependencies.interface import DependencyFile
from modelkeep.trust.dependencies.lock_file import read_pipfile_lock, read_toml_lock
from modelkeep.trust.dependencies.requirement_file import read_requirement_file

_TOML_LOCK: Final = re.compile(r"(?:poetry|uv|pdm)\.lock|pylock(?:\.[^.]+)?\.toml")
_PIPFILE: Final = "Pipfile.lock"
_REQUIREMENTS: Final = re.compile(
    r"[\w.-]*(?:requirements|constraints|freeze)[\w.-]*\.(?:txt|in|lock)", re.IGNORECASE
)
_TEXT: Final = (".txt", ".in")
MOST_BYTES: Final = 32 << 20
"""A longer file is no list that somebody keeps."""


def is_dependency_file(path: str) -> bool:
    """Whether a file of a tree is read: by its name, or in a folder ``requirements``."""
    folder, _, name = path.rpartition("/")
    if folder.rpartition("/")[2] == "requirements" and name.endswith(_TEXT):
        return True
    return bool(name == _PIPFILE or _TOML_LOCK.fullmatch(name) or _REQUIREMENTS.fullmatch(name))


def read_dependencies(name: str, raw: bytes) -> DependencyFile:
    """What a requirement or lock file names.

    Args:
        name: its path; the last part says which kind it is.
        raw: its bytes.

    Raises:
        InputError: the name is that of no such file.
        MalformedArtifactError: it is not what its name says.
    """
    last = name.rpartition("/")[2]
    if len(raw) > MOST_BYTES:
        raise MalformedArtifactError(f"larger than {MOST_BYTES >> 20} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedArtifactError(f"not UTF-8 text ({error.reason})") from error
    if last == _PIPFILE:
        return read_pipfile_lock(text)
    if _TOML_LOCK.fullmatch(last):
        return read_toml_lock(text, last)
    if is_dependency_file(name) or last.endswith(_TEXT):
        return read_requirement_file(text)
    raise InputError(
        f"{name}: not the name of a requirement or lock file",
        "Give a .txt of pip, or poetry.lock, uv.lock, pdm.lock, pylock.toml, Pipfile.lock.",
    )
