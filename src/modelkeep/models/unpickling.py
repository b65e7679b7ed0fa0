"""Watches every name that this process unpickles, whoever asked for it.

Replacing ``pickle.load`` does not reach a caller who took the function before, nor
``pickle.loads``. The interpreter tells an audit hook of each name that an unpickler looks
up; while somebody is watching, a name looked up outside of an admitted load is refused. An
audit hook cannot be removed, so one is set in the process's life and asks who is watching.

Source: PEP 578; CPython ``pickle.find_class`` audit event.
"""

from __future__ import annotations

import sys
from typing import Final

from modelkeep.core import EvidenceError
from modelkeep.models.hooks import ADMITTED

_WATCHING: Final[list[tuple[str, ...]]] = []
_SET: Final[list[bool]] = []


def start_watching(permit: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse to unpickle from now on; ``permit`` are modules whose names are let through."""
    if not _SET:
        _SET.append(True)
        sys.addaudithook(_hear)
    own = tuple(permit)
    _WATCHING.append(own)
    return own


def stop_watching(own: tuple[str, ...]) -> None:
    """Undo one ``start_watching``."""
    _WATCHING.remove(own)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event != "pickle.find_class" or not _WATCHING or ADMITTED.get():
        return
    module, name = str(arguments[0]), str(arguments[1])
    for permit in _WATCHING:
        if not any(module == known or module.startswith(f"{known}.") for known in permit):
            raise EvidenceError(
                f"{module}.{name}: unpickled outside of an admitted load",
                "Load it with modelkeep.load or a function that modelkeep.guard hooks; "
                "what is no model: guard(permit=[MODULE]).",
            )
