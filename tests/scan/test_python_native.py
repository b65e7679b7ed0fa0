"""PYC008: machine code that code loads."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings, fails
from modelkeep.scan.python_native import DETECTOR

BAD = [
    "import ctypes\nctypes.CDLL(None)",
    'from ctypes import cdll\ncdll.LoadLibrary("./x.so")',
    "import ctypes\nctypes.windll.kernel32.VirtualAlloc(0, 1, 2, 3)",
    'import ctypes\nclass M:\n    def __init__(self):\n        ctypes.CDLL("./payload.so")',
]


@pytest.mark.parametrize("text", BAD)
def test_it_is_found(text: str) -> None:
    assert fails(DETECTOR, text)


@pytest.mark.parametrize(
    "text",
    [
        'import ctypes\nctypes.CDLL("libcudart.so")',
        "import ctypes\nctypes.c_int(1)",
        'from torch.utils.cpp_extension import load\nload(name="x", sources=["x.cu"])',
        'import torch\ntorch.ops.load_library("x.so")',
    ],
)
def test_it_is_not_confused_with(text: str) -> None:
    assert not fails(DETECTOR, text)


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_does_not_fail(name: str) -> None:
    assert not fails(DETECTOR, HARMLESS[name], name)


def test_a_module_without_it_is_silent() -> None:
    assert code_findings(DETECTOR, "import math\nmath.sqrt(4)\n") == []
