"""The user's own code: found in a folder they name, hashed, and only then imported.

This is the one place that imports what a user brings. The folder's digest goes into
the record as a subject of kind code, so a number can be traced to the code it came from.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from modelkeep.core import InputError, Subject
from modelkeep.sources import digest_bytes, root_digest


def code_subject(folder: Path) -> Subject:
    """All Python files under a folder as one subject.

    Raises:
        InputError: no such folder, or no Python file in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: --code is not a directory")
    files = sorted(
        path for path in folder.rglob("*.py") if path.is_file() and ".venv" not in path.parts
    )
    if not files:
        raise InputError(f"{folder}: no Python file in it")
    return Subject(
        "code",
        folder.resolve().name,
        root_digest([digest_bytes(p.read_bytes()) for p in files]),
    )


def call(what: str, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401
    """Call the user's code; whatever it raises becomes an error that names it.

    Raises:
        InputError: it raised.
    """
    try:
        return function(*arguments)
    except Exception as error:
        raise InputError(f"{what} failed: {error!r}"[:500], "Mend that code.") from error


def resolve(reference: str, folder: Path) -> Callable[..., Any]:
    """Import ``package.module:function`` from a folder.

    Raises:
        InputError: the reference has another form, or the module or function is
            not there, or importing it failed.
    """
    module_name, colon, function = reference.partition(":")
    if not colon or not function.isidentifier():
        raise InputError(f"{reference!r} is not of the form package.module:function")
    path = folder.joinpath(*module_name.split("."))
    if not path.with_suffix(".py").is_file() and not (path / "__init__.py").is_file():
        raise InputError(
            f"no module {module_name!r} in {folder}", "Name the folder with --code."
        )
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise InputError(f"importing {module_name} from {folder} failed: {error!r}") from error
    finally:
        sys.path.remove(entry)
    found = getattr(module, function, None)
    if not callable(found):
        raise InputError(f"{module_name} has no function {function!r}")
    return cast("Callable[..., Any]", found)
