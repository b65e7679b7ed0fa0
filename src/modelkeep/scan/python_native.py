"""Python code that comes with a model reaches for machine code.

``ctypes`` calls any function of the process and of the C library, beyond everything
Python's own checks see, and makes a function of any address: bytes that are put into memory
and called are a program that no file shows. Kernels that are compiled when the model is
loaded are common and are noted: their sources should be read too.

Before: ``ctypes.CDLL(None).system(b"...")``.
After: an extension module installed as a package.

Sources: CWE-114; CPython documentation of ``ctypes``; PyTorch ``cpp_extension``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_values import NETWORK, flat

RULE: Final = Rule(
    id="PYC008",
    name="python-loads-machine-code",
    summary="Code that comes with the model loads or compiles machine code.",
    remedy="Read what is loaded or compiled; install native code as a package.",
    topic="artifact.malicious_code",
    tags=("CWE-114",),
)
_KNOWN: Final = (
    "cuda",
    "cudart",
    "nvrtc",
    "cublas",
    "cudnn",
    "omp",
    "hip",
    "rocm",
    "nccl",
    "mkl",
)
_FOREIGN: Final = re.compile(r"\b(?:system|popen|execv\w*|fork|dlopen)\s*\(|^(?:/(?!usr/)|~)")
"""Sources that start programs, or a library outside of the model."""
_FUNCTIONS: Final = frozenset(
    {"ctypes.CFUNCTYPE()", "ctypes.PYFUNCTYPE()", "ctypes.WINFUNCTYPE()"}
)
"""Types of functions, which make one of an address."""
_MEMORY: Final = (".mmap", ".mprotect", "VirtualAlloc", "CreateThread", "RtlMoveMemory")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per load of machine code."""
    for event in acts(context, Act.NATIVE, Act.BUILD):
        if NETWORK not in event.labels:
            severity = _severity(event)
            if severity is not None:
                sentence = f"{event.name} loads or compiles machine code"
                yield report(context, RULE, event, severity, sentence)


def _by_address(event: Event) -> Severity | None:
    """Whether bytes in memory are made a function, as no callback of a program is."""
    address = event.argument(0, "obj")
    if event.name == "ctypes.cast" and event.argument(1, "typ").dotted not in _FUNCTIONS:
        return None
    made = address.dotted.startswith(("ctypes.", "mmap.")) or isinstance(address.constant, int)
    return by_place(event, early=Severity.HIGH) if made else None


def _severity(event: Event) -> Severity | None:
    if event.act is Act.BUILD and _FOREIGN.search(" ".join(map(flat, event.values))):
        return by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
    if event.act is Act.BUILD or not event.called:
        return Severity.MEDIUM
    if event.name.endswith(_MEMORY) or event.name == "ctypes.memmove":
        return by_place(event, early=Severity.HIGH)
    if event.name in _FUNCTIONS or event.name == "ctypes.cast":
        return _by_address(event)
    library = event.argument(0, "name")
    known = any(name in flat(library).lower() for name in _KNOWN)
    if known or event.name == "ctypes.CFUNCTYPE":
        return Severity.MEDIUM
    return by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)


DETECTOR: Final = Detector(RULE, PYTHON, run)
