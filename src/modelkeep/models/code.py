"""The user's own code: found in a folder they name, hashed, and only then imported.

This is the one place that imports what a user brings. The folder's digest goes into
the record as a subject of kind code, so a number can be traced to the code it came from.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from modelkeep.core import InputError, Subject
from modelkeep.core.text import printable
from modelkeep.sources import digest_bytes, root_digest

_IMPORTABLE: Final = frozenset({".py", ".pyc", ".pyd", ".so"})
_SKIPPED: Final = frozenset(
    {".venv", "venv", "site-packages", "__pycache__"}
)  # neither is imported from


def code_subject(folder: Path) -> Subject:
    """Everything under a folder that Python could import, as one subject.

    Raises:
        InputError: no such folder, or no Python file in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: --code is not a directory")
    root = folder.resolve()
    libraries = _libraries(root)
    files = sorted(
        path
        for path in root.rglob("*")
        if path.suffix in _IMPORTABLE
        and not _SKIPPED & set(path.relative_to(root).parts)
        and _lies_in(str(path), root, libraries)
        and path.is_file()
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
    world = _World(folder.resolve())
    module = world.load(module_name)
    found = getattr(module, function, None)
    if not callable(found):
        raise InputError(f"{module_name} has no function {function!r}")
    return world.inside(found)


def _libraries(folder: Path) -> tuple[str, ...]:
    """Places under a folder that libraries are installed in, such as ``.venv``."""
    inner = f"{folder}{os.sep}"
    return tuple(f"{p}{os.sep}" for p in (*sys.path, sys.prefix) if p.startswith(inner))


def _lies_in(file: str, folder: Path, libraries: tuple[str, ...]) -> bool:
    return file.startswith(f"{folder}{os.sep}") and not file.startswith(libraries)


class _World:
    """The user's modules, imported from the sources in one folder and nothing else.

    A module of the same name that was imported before, or bytecode lying about,
    would run other code than the one whose digest is recorded. The modules stay out of
    ``sys.modules`` except while the user's code runs.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._modules: dict[str, ModuleType] = {}

    def load(self, name: str) -> ModuleType:
        """Import a module.

        Raises:
            InputError: importing it failed, or the name is another module's.
        """
        with self._entered():
            try:
                module = importlib.import_module(name)
            except Exception as error:
                message = f"importing {name} from {self._folder} failed: {error!r}"
                raise InputError(message[:500]) from error
            if not self._is_ours(module):
                raise InputError(
                    f"{name} is the name of another module ({module.__file__})", "Rename yours."
                )
        return module

    def inside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, able to import its neighbours when it is called."""

        def run(*arguments: object) -> object:
            with self._entered():
                return function(*arguments)

        return run

    @contextmanager
    def _entered(self) -> Iterator[None]:
        outside = {n: m for n, m in sys.modules.items() if self._is_ours(m)}
        for name in outside:
            del sys.modules[name]
        sys.modules.update(self._modules)
        saved = sys.pycache_prefix, sys.dont_write_bytecode
        sys.path.insert(0, str(self._folder))
        try:
            with tempfile.TemporaryDirectory(prefix="modelkeep-") as empty:
                sys.pycache_prefix, sys.dont_write_bytecode = empty, True
                importlib.invalidate_caches()
                yield
        finally:
            sys.path.remove(str(self._folder))
            sys.pycache_prefix, sys.dont_write_bytecode = saved
            self._modules = {n: m for n, m in sys.modules.items() if self._is_ours(m)}
            for name in self._modules:
                del sys.modules[name]
            sys.modules.update(outside)

    def _is_ours(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        return isinstance(file, str) and _lies_in(file, self._folder, _libraries(self._folder))
