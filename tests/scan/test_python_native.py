"""PYC008: machine code that code loads."""

from __future__ import annotations

from code_samples import BehavesLikeARule
from modelkeep.scan.python_native import DETECTOR


class TestNative(BehavesLikeARule):
    detector = DETECTOR
    bad = (
        "import ctypes\nctypes.CDLL(None)",
        'from ctypes import cdll\ncdll.LoadLibrary("./x.so")',
        "import ctypes\nctypes.windll.kernel32.VirtualAlloc(0, 1, 2, 3)",
        'import ctypes\nclass M:\n    def __init__(self):\n        ctypes.CDLL("./payload.so")',
    )
    good = (
        'import ctypes\nctypes.CDLL("libcudart.so")',
        "import ctypes\nctypes.c_int(1)",
        'from torch.utils.cpp_extension import load\nload(name="x", sources=["x.cu"])',
        'import torch\ntorch.ops.load_library("x.so")',
    )
