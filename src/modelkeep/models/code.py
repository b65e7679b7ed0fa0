"""The user's own code: found in a folder they name, hashed, and only then imported.

This is the one place that imports what a user brings. The folder's digest goes into
the record as a subject of kind code, so a number can be traced to the code it came from.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from modelkeep.core import InputError, Subject
from modelkeep.core.text import printable
from modelkeep.sources import digest_bytes, root_digest

_IMPORTABLE: Final = frozenset({".py", ".pyc", ".pyd", ".so"})
_SKIPPED: Final = frozenset({".venv", "__pycache__"})  # neither is imported from


def code_subject(folder: Path) -> Subject:
    """Everything under a folder that Python could import, as one subject.

    Raises:
        InputError: no such folder, or no Python file in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: --code is not a directory")
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _IMPORTABLE and path.is_file() and not _SKIPPED & set(path.parts)
    )
    if not any(path.suffix == ".py" for path in files):
        raise InputError(f"{folder}: no Python file in it")
    digests = [digest_bytes(path.read_bytes()) for path in files]
    return Subject("code", printable(folder.resolve().name), root_digest(digests))


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
    module = _import(module_name, folder.resolve())
    found = getattr(module, function, None)
    if not callable(found):
        raise InputError(f"{module_name} has no function {function!r}")
    return cast("Callable[..., Any]", found)


def _import(name: str, folder: Path) -> ModuleType:
    """Import a module from the sources in a folder, and from nothing else.

    A module of the same name that was imported before, or bytecode lying about,
    would run other code than the one whose digest is recorded.
    """
    before = {n: m for n, m in sys.modules.items() if _lies_under(m, folder)}
    for stale in before:
        del sys.modules[stale]
    saved = sys.pycache_prefix, sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    try:
        with tempfile.TemporaryDirectory(prefix="modelkeep-") as empty:
            sys.pycache_prefix, sys.dont_write_bytecode = empty, True
            importlib.invalidate_caches()
            module = importlib.import_module(name)
    except Exception as error:
        raise InputError(f"importing {name} from {folder} failed: {error!r}"[:500]) from error
    finally:
        sys.path.remove(str(folder))
        sys.pycache_prefix, sys.dont_write_bytecode = saved
        for fresh in [n for n, m in sys.modules.items() if _lies_under(m, folder)]:
            del sys.modules[fresh]
        sys.modules.update(before)
    if not _lies_under(module, folder):
        raise InputError(
            f"{name} is the name of another module ({module.__file__})", "Rename yours."
        )
    return module


def _lies_under(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).resolve().is_relative_to(folder)
