"""An unpickler that knows nothing but the allow tables.

Used only in the confined child, on bytes whose scan was clean. The scan has shown how
each name is used; this is the second lock: whatever asks for a name that the tables do not
list, by whatever road, is refused. It takes the place of ``pickle.Unpickler`` in the
whole process, so that a library which unpickles in turn gets the same one.

Source: CPython documentation, "Restricting Globals".
"""

from __future__ import annotations

import functools
import importlib
import io
import pickle  # noqa: TID251 - the one place that unpickles, confined and after the scan
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import IO, Any, Final

from modelkeep.core import InputError, MalformedArtifactError
from modelkeep.formats import Budget, MemorySource, Reading
from modelkeep.formats.pickle_events import Import, PickleDocument
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.formats.pickle_stream import read

_USES: Final = ("reduce", "newobj", "import")


def is_listed(dotted: str) -> bool:
    """Whether the tables list a name for any use."""
    return any(standing(dotted, how) is Standing.SAFE for how in _USES)


class RestrictedUnpickler(pickle.Unpickler):
    """Finds listed names only."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - any listed thing
        """Look a name up.

        Raises:
            UnpicklingError: the tables do not list it.
        """
        return _listed(super().find_class, module, name)


def _listed(find: Callable[[str, str], Any], module: str, name: str) -> Any:  # noqa: ANN401
    named = Import(module, name, 0, "find_class").dotted
    if not is_listed(named):
        raise pickle.UnpicklingError(f"{named} is not on the allow-list")
    found = find(module, name)
    if isinstance(found, ModuleType):
        raise pickle.UnpicklingError(f"{named} is a module")
    return found


def _load(file: IO[bytes], **options: Any) -> Any:  # noqa: ANN401 - pickle's own signature
    return RestrictedUnpickler(file, **options).load()


def _loads(data: bytes, /, **options: Any) -> Any:  # noqa: ANN401 - pickle's own signature
    return RestrictedUnpickler(io.BytesIO(data), **options).load()


def restrict_everywhere() -> None:
    """Make every use of ``pickle`` in this process a restricted one.

    joblib and others subclass the unpickler written in Python, so its own lookup changes too.
    """
    for name in ("pickle", "_pickle"):
        module = sys.modules[name]
        vars(module).update(load=_load, loads=_loads, Unpickler=RestrictedUnpickler)
    written_in_python = vars(pickle)["_Unpickler"]
    find = written_in_python.find_class
    written_in_python.find_class = lambda self, module, name: _listed(
        functools.partial(find, self), module, name
    )


def import_what_is_named(data: bytes) -> None:
    """Import the modules of listed names, while that is still possible.

    Raises:
        InputError: the pickle needs a name that the tables do not list, or a module
            that is not installed.
    """
    for found in _imports(data):
        if not is_listed(found.dotted):
            raise InputError(
                f"the pickle needs {found.dotted}, which is not on the allow-list",
                "Export the model as ONNX, skops or safetensors.",
            )
        module = found.dotted.rpartition(".")[0]
        while module:
            try:
                importlib.import_module(module)
            except ModuleNotFoundError as error:
                parent = module.rpartition(".")[0]
                if not parent:
                    raise InputError(f"the pickle needs {module}: {error}") from error
                module = parent
            else:
                break


def _imports(data: bytes) -> Iterator[Import]:
    reading = Reading()
    try:
        read(MemorySource(data), Budget(), reading)
    except MalformedArtifactError as error:
        raise InputError(f"the pickle cannot be read: {error}") from error
    document = reading.document
    if isinstance(document, PickleDocument):
        yield from (event for event in document.events if isinstance(event, Import))
    for part in reading.parts:
        source = part.open()
        if part.known is None:
            yield from _imports(source.read(0, source.size))
