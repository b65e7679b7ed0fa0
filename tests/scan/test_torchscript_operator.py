"""TSC001: operators of TorchScript that reach outside the model."""

from __future__ import annotations

import io

import pytest

from modelkeep.core import Severity
from modelkeep.scan.torchscript_operator import DETECTOR
from samples import found_by, zip_of

MODULE = """class Net(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  training : bool
  l : __torch__.torch.nn.modules.linear.Linear
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    _0 = torch.add(torch.matmul(x, self.weight), CONSTANTS.c0, alpha=1)
    _1 = ops.prim.NumToTensor(torch.size(_0, 0))
    {line}
    return torch.relu(_0)
"""


def script(line: str) -> bytes:
    return zip_of({"net/code/__torch__.py": MODULE.replace("{line}", line).encode()})


@pytest.mark.parametrize(
    "line",
    [
        'y = torch.from_file("/etc/passwd", False, 10)',
        'y = ops.aten.from_file("/etc/passwd", False, 10)',
        "torch.save([x], 'x.pt')",
        "y = ops.image.read_file('/etc/passwd')",
        "ops.image.write_file('/root/.bashrc', x)",
        "y = ops.custom.run_shell_command('true')",
    ],
)
def test_operators_that_reach_files_are_high(line: str) -> None:
    (finding,) = found_by(DETECTOR, script(line))
    assert finding.severity is Severity.HIGH
    assert finding.location.member == "net/code/__torch__.py"


def test_operators_of_other_libraries_are_medium() -> None:
    (finding,) = found_by(DETECTOR, script("y = ops.mylib.fused(x)"))
    assert finding.severity is Severity.MEDIUM


@pytest.mark.parametrize("line", ["pass", "y = ops.torchvision.nms(x, x, 0.5)", "y = fork(x)"])
def test_ordinary_code_is_silent(line: str) -> None:
    assert found_by(DETECTOR, script(line)) == []


def test_python_elsewhere_is_not_torchscript() -> None:
    raw = zip_of({"net/lib/net.py": b"import torch\ntorch.save(x, 'y')\n"})
    assert found_by(DETECTOR, raw) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_torch_writes() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Conv1d(2, 2, 1), torch.nn.ReLU(), torch.nn.Dropout())
    out = io.BytesIO()
    torch.jit.save(torch.jit.trace(net.eval(), torch.ones(1, 2, 3)), out)
    assert found_by(DETECTOR, out.getvalue(), name="m.pt") == []
