"""Code of an ordinary package beside code that comes with a model.

A loader of models calls ``forward``, ``initialize`` and their like by name, so what they do
happens to whoever loads the model. In a package for programs nobody calls them unasked:
what its functions do is what their callers want, unless the act itself is hidden or hostile.
What runs at import is judged alike everywhere.

Sources: PEP 427 (wheels); CWE-506.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import Severity
from modelkeep.scan.interface import Context
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import DECODED, NETWORK, SECRET, flat
from modelkeep.scan.shell_policy import judge

_NEVER: Final = frozenset({"os.dup2", "sys.settrace", "sys.setprofile"})
_BY_SHELL: Final = frozenset(
    "os.system os.popen subprocess.getoutput subprocess.getstatusoutput".split()
)
_HIDDEN: Final = frozenset({DECODED, NETWORK})
_AT_IMPORT: Final = frozenset(
    """
    sys.meta_path.insert sys.meta_path.append sys.path_hooks.insert sys.path_hooks.append
    sys.addaudithook ctypes.CDLL ctypes.WinDLL ctypes.OleDLL ctypes.PyDLL
    ctypes.cdll.LoadLibrary ctypes.windll.LoadLibrary
    """.split()
)
"""What packages do at import; what is then called through it is an act of its own."""


def is_library(context: Context) -> bool:
    """Whether code lies in a wheel, so that programs call it and no loader of models does.

    A folder that only looks like a package is none: anybody can add a build description.
    """
    streams = [context.location.path, *(context.location.member or "").split("!")[:-1]]
    return any(name.lower().endswith(".whl") for name in streams)


def is_plain(event: Event) -> bool:
    """Whether an act waits for its caller and nothing about it is hidden or hostile."""
    if event.name in _NEVER:
        return False
    if event.place is Place.IMPORT:
        return event.called and event.name in _AT_IMPORT and not _HIDDEN & event.labels
    if event.name in _BY_SHELL and event.argument(0, "cmd").constant is not None:
        return False  # what it runs was decided by whoever wrote the package
    sends_secrets = event.act is Act.SEND and SECRET in event.labels
    if sends_secrets or _HIDDEN & event.labels:
        return False
    return not any(map(_is_hostile, map(flat, event.values)))


def _is_hostile(text: str) -> bool:
    """Whether a text is a command that no program needs, or names a host that steals."""
    return any(severity > Severity.MEDIUM for severity, _, _ in judge(text))
