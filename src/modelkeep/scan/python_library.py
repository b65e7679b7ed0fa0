"""Code of an ordinary package beside code that comes with a model.

A loader of models calls ``forward``, ``initialize`` and their like by name, so what they do
happens to whoever loads the model. In a package for programs nobody calls them unasked:
what its functions do is what their callers want, unless the act itself is hidden or hostile:
code or commands that are decoded or fetched, credentials or the whole environment that
leave, a host that collects what is stolen, a place that is run at every start. What runs
at import is judged alike everywhere.

Sources: PEP 427 (wheels); CWE-506.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.core import Severity
from modelkeep.scan.hosts import names_metadata_service, suspicious_host
from modelkeep.scan.interface import Context
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_origins import is_own_login
from modelkeep.scan.python_policy import LOGIN, STARTUP_PLACES, Act
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import (
    DECODED,
    ENVIRONMENT,
    NETWORK,
    SECRET,
    SITE,
    WHOLE,
    flat,
    joined,
)
from modelkeep.scan.shell_policy import judge

_REMOTE_SHELL: Final = frozenset({"os.dup2"})
_HIDDEN: Final = frozenset({DECODED, NETWORK})
_AT_IMPORT: Final = frozenset(
    """
    sys.meta_path.insert sys.meta_path.append sys.path_hooks.insert sys.path_hooks.append
    sys.addaudithook ctypes.CDLL ctypes.WinDLL ctypes.OleDLL ctypes.PyDLL
    ctypes.cdll.LoadLibrary ctypes.windll.LoadLibrary
    """.split()
)
"""What packages do at import; what is then called through it is an act of its own."""
_HANDED_ON: Final = frozenset(
    f"importlib.machinery.{name}Loader"
    for name in ("SourceFile", "SourcelessFile", "ExtensionFile")
)
"""Classes by which packages tell how modules are found, not called there."""
_DATA: Final = re.compile(
    r"\.(?:json|txt|log|lock|db|npz|npy|html?|css|svg|png|toml|cfg|ini|ya?ml|csv|md|cache)$"
)
_DROPPED: Final = re.compile(r"(?:^|[\s'\"=;&|])(?:/tmp|/var/tmp|/dev/shm)/\.?\w")
"""A program in a place where anybody can write."""
_LONGEST: Final = 4096
PROGRAM: Final = re.compile(
    r"\.(py|pyc|pth|so|dll|dylib|sh|bat|exe|ps1|bin\.py|elf|cmd)\b", re.IGNORECASE
)
"""A file that is run or loaded."""


def is_library(context: Context) -> bool:
    """Whether code lies in a wheel, so that programs call it and no loader of models does.

    A folder that only looks like a package is none: anybody can add a build description.
    """
    streams = [context.location.path, *(context.location.member or "").split("!")[:-1]]
    return any(name.lower().endswith(".whl") for name in streams)


def is_plain(event: Event) -> bool:
    """Whether an act waits for its caller and nothing about it is hidden or hostile."""
    if event.name in _REMOTE_SHELL or event.act is Act.DELETE:
        return False
    if event.place is Place.IMPORT:
        table = _AT_IMPORT if event.called else _HANDED_ON
        plain = event.name in table and not _HIDDEN & event.labels
        return plain and not any(map(_is_hostile, map(flat, event.values)))
    if event.act in {Act.OPEN, Act.WRITE, Act.COPY}:
        return event.called and _keeps_own_files(event)
    if event.act in {Act.SEND, Act.REQUEST}:
        return _sends_what_is_asked(event)
    runs_text = event.act in {Act.EXECUTE, Act.UNPICKLE}
    hidden = _HIDDEN | {ENVIRONMENT} if runs_text else _HIDDEN
    return not hidden & event.labels and not any(map(_is_hostile, map(flat, event.values)))


def _sends_what_is_asked(event: Event) -> bool:
    """Whether a request takes along neither credentials nor all it can find."""
    sent = joined(*event.args, *(v for key, v in event.named.items() if key not in LOGIN))
    if {SECRET, WHOLE, DECODED} & sent or retrieves_program(event):
        return False
    texts = [flat(value)[:_LONGEST] for value in event.values]
    if event.act is Act.REQUEST and names_metadata_service(" ".join(texts)):
        return True
    return not any(map(suspicious_host, texts))


def retrieves_program(event: Event) -> bool:
    """Whether what is fetched is stored under the name of a program."""
    target = flat(event.argument(1, "filename"))
    return "retrieve" in event.name and PROGRAM.search(target) is not None


def _keeps_own_files(event: Event) -> bool:
    """Whether a file is what a program logs in with, or data that it keeps beside itself."""
    own = event.act is not Act.OPEN or event.name.startswith("pathlib.")
    place = event.receiver if own else event.argument(0, "file")
    path = (flat(place) or place.text).lower()
    if event.act is Act.OPEN and is_own_login(path):
        return True
    beside = SITE in place.labels and event.act is not Act.COPY
    return beside and bool(_DATA.search(path)) and not any(map(path.count, STARTUP_PLACES))


def _is_hostile(text: str) -> bool:
    """Whether a text is a command that no program needs, or names a host that steals."""
    text = text[:_LONGEST]
    if not text:
        return False
    return bool(_DROPPED.search(text)) or any(
        severity > Severity.MEDIUM for severity, _, _ in judge(text)
    )
