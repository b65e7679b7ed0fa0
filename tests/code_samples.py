"""Python files of models, harmless and not; they are only ever read."""

from __future__ import annotations

from typing import ClassVar

import pytest

from modelkeep.core import Finding, Severity
from modelkeep.scan import Detector
from samples import found_by

MODELING = '''
"""A model in the manner of published modelling files."""
import importlib
import json
import math
import os
from typing import Optional

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import is_flash_attn_2_available, logging

logger = logging.get_logger(__name__)
try:
    from flash_attn import flash_attn_func
except ImportError:
    flash_attn_func = None
if importlib.util.find_spec("xformers") is not None:
    import xformers.ops as xops

ACT = {"relu": nn.ReLU, "gelu": nn.GELU}


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.act = ACT[config.hidden_act]()
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)
        self.dtype = getattr(torch, config.torch_dtype)
        self.eval()
        self.compile = torch.compile(self.proj)

    def forward(self, x: torch.Tensor, mask: Optional[torch.Tensor] = None):
        if hasattr(self, "gradient_checkpointing"):
            x = checkpoint(self.proj, x)
        return self.act(x) / math.sqrt(x.size(-1))


class Tokenizer:
    vocab_files_names = {"vocab_file": "vocab.json"}

    def __init__(self, vocab_file, **kwargs):
        with open(vocab_file, encoding="utf-8") as handle:
            self.encoder = json.load(handle)

    def save_vocabulary(self, directory, prefix=None):
        path = os.path.join(directory, (prefix + "-" if prefix else "") + "vocab.json")
        with open(path, "w", encoding="utf-8") as out:
            out.write(json.dumps(self.encoder, ensure_ascii=False))
        return (path,)


class Model(PreTrainedModel):
    def __init__(self, config: PretrainedConfig):
        super().__init__(config)
        self.layers = nn.ModuleList([Attention(config) for _ in range(config.n)])
        self.post_init()

    @classmethod
    def from_checkpoint(cls, path):
        state = torch.load(path, map_location="cpu", weights_only=True)
        module = importlib.import_module("." + "layers", __package__)
        return getattr(module, "build")(state)


def load_image(url):
    import requests
    from PIL import Image

    return Image.open(requests.get(url, stream=True, timeout=10).raw)


if __name__ == "__main__":
    import subprocess

    subprocess.run(["python", "-m", "pytest"])
'''

VERSIONEER = """
import os
import subprocess
import sys
from setuptools import setup

ns = {}
exec("__version__ = '1.0'", ns)
with open("version.py") as f:
    exec(f.read(), ns)
try:
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"]).decode().strip()
except subprocess.CalledProcessError:
    commit = "unknown"
cuda = subprocess.check_output([os.path.join(os.environ["CUDA_HOME"], "bin", "nvcc"), "-V"])
setup(name="x", version=ns["__version__"], entry_points={"console_scripts": ["x = x:main"]})
"""

HARMLESS = {"modeling_x.py": MODELING, "setup.py": VERSIONEER}


def code_findings(detector: Detector, text: str, name: str = "modeling_x.py") -> list[Finding]:
    """What one rule says about a module."""
    return found_by(detector, text.encode(), name=name)


def worst(findings: list[Finding]) -> Severity | None:
    """The worst severity, or ``None`` without findings."""
    return max((f.severity for f in findings), key=lambda s: s.rank, default=None)


def fails(detector: Detector, text: str, name: str = "modeling_x.py") -> bool:
    """Whether one rule alone would fail a module."""
    found = worst(code_findings(detector, text, name))
    return found is not None and found >= Severity.HIGH


class BehavesLikeARule:
    """What every rule about Python code does: a test file gives the rule and its samples.

    ``bad`` are modules that must fail by this rule alone, ``good`` those it must not be
    confused by; published code and code without the act are silent.
    """

    detector: ClassVar[Detector]
    bad: ClassVar[tuple[str, ...]]
    good: ClassVar[tuple[str, ...]]

    def test_it_is_found(self, subtests: pytest.Subtests) -> None:
        for text in self.bad:
            with subtests.test(text=text):
                assert fails(self.detector, text)

    def test_it_is_not_confused(self, subtests: pytest.Subtests) -> None:
        for text in self.good:
            with subtests.test(text=text):
                assert not fails(self.detector, text)

    @pytest.mark.parametrize("name", HARMLESS)
    def test_code_of_honest_models_does_not_fail(self, name: str) -> None:
        assert not fails(self.detector, HARMLESS[name], name)

    def test_a_module_without_it_is_silent(self) -> None:
        assert code_findings(self.detector, "import math\nmath.sqrt(4)\n") == []
