"""Addresses of registered models as MLflow hands them to a repository.

Source: MLflow documentation, ``models:/NAME/VERSION`` and ``models:/NAME@ALIAS``.
"""

from __future__ import annotations

import posixpath
from typing import Final
from urllib.parse import urlparse

from modelkeep.core import InputError

SCHEME: Final = "modelkeep"


def split_address(address: str, path: str) -> tuple[str, str]:
    """MLflow's address of a version, and what is meant inside of it.

    MLflow cuts the last part off an address and hands it over as the path.

    Raises:
        InputError: there is no name and version, or the path leads out of the model.
    """
    parsed = urlparse(address)
    whole = posixpath.join(parsed.path, path or "").strip("/")
    parts = whole.split("/")
    count = 1 if "@" in parts[0] else 2
    named, inside = parts[:count], parts[count:]
    if parsed.scheme != SCHEME or parsed.netloc or len(named) < count or not all(named):
        raise InputError(
            f"{address}/{path}: names no version",
            f"Write {SCHEME}:/NAME/VERSION or NAME@ALIAS.",
        )
    if any(part in ("", ".", "..") for part in inside):
        raise InputError(f"{address}/{path}: leads out of the model")
    return f"models:/{'/'.join(named)}", "/".join(inside)
