"""Which names a pickle may import, and which of them run code: data, not logic.

A name is denied unless listed. The short allow-list holds what saves of plain
data by NumPy, PyTorch and the standard library need; each entry was read in its
library's source and only builds containers or arrays. ``getattr``, ``map``,
``partial``, ``methodcaller`` and their like are never here: they call what they are given.
"""

from __future__ import annotations

import enum
from typing import Final

_SAFE: Final = frozenset(
    """
    _codecs.encode builtins.bool builtins.bytearray builtins.bytes builtins.complex
    builtins.dict builtins.float builtins.frozenset builtins.int builtins.list builtins.object
    builtins.range builtins.set builtins.slice builtins.str builtins.tuple
    collections.Counter collections.OrderedDict collections.deque
    copyreg._reconstructor datetime.date datetime.datetime datetime.time datetime.timedelta
    datetime.timezone decimal.Decimal fractions.Fraction pathlib.PosixPath
    pathlib.PurePosixPath uuid.UUID
    numpy.dtype numpy.ndarray numpy.core.multiarray._reconstruct numpy.core.multiarray.scalar
    numpy._core.multiarray._reconstruct numpy._core.multiarray.scalar
    numpy.core.numeric._frombuffer numpy._core.numeric._frombuffer
    torch.Size torch.device torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v2
    torch._utils._rebuild_parameter torch.serialization._get_layout
    torch.FloatStorage torch.DoubleStorage torch.HalfStorage torch.BFloat16Storage
    torch.LongStorage torch.IntStorage torch.ShortStorage torch.CharStorage
    torch.ByteStorage torch.BoolStorage torch.ComplexFloatStorage torch.ComplexDoubleStorage
    torch.float16 torch.float32 torch.float64 torch.bfloat16 torch.int8 torch.int16
    torch.int32 torch.int64 torch.uint8 torch.bool
    """.split()
)

# First component of modules whose functions start programs, load code, open
# files or sockets. It decides the severity only: unlisted names are denied anyway.
_REACHES_SYSTEM: Final = frozenset(
    """
    __builtin__ builtins _io _osx_support _posixsubprocess _pyrepl _winapi aiohttp asyncio
    bdb cProfile code codeop commands ctypes dill distutils doctest ensurepip
    ftplib gc http httplib idlelib imaplib importlib inspect io joblib lib2to3 linecache
    marshal mmap multiprocessing nt operator os pdb pickle pip pkgutil platform posix
    profile pty pydoc requests runpy shelve shutil smtplib socket ssl subprocess sys
    tarfile telnetlib tempfile test threading timeit trace turtle types urllib urllib2 venv
    webbrowser xmlrpc zipfile zipimport
    """.split()
)


class Standing(enum.Enum):
    """What is known about a name."""

    SAFE = "safe"
    """Read in its library's source: using it so reaches no sink."""
    UNKNOWN = "unknown"
    """From a package that the table does not know: code of its own is needed."""
    UNLISTED = "unlisted"
    """From a package that the table knows, and not proven safe."""
    DANGEROUS = "dangerous"
    """Reaches a sink: starts programs, loads code, opens files or sockets."""


def standing(dotted: str, how: str = "import") -> Standing:
    """What is known about a dotted name.

    Args:
        dotted: module and name, as Python 3 calls it.
        how: ``import``, or what is done with it: ``reduce``, ``newobj``, ``build``...
    """
    del how  # the short list holds for every use
    if dotted in _SAFE:
        return Standing.SAFE
    if any(part in _REACHES_SYSTEM for part in dotted.split(".")[:-1]):
        return Standing.DANGEROUS
    return Standing.UNKNOWN
