"""PyTorch saves: state dicts, whole modules, both formats, TorchScript, exported programs."""

from __future__ import annotations

import argparse
import collections
import io
import pathlib
import pickle
import warnings

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
import torch.distributed.checkpoint
from torch import nn

from corpus.saves.shelf import Shelf, in_main


class Net(nn.Module):
    """A user's network."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.LayerNorm(3), nn.Linear(3, 2))
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.body(x)


class Images(nn.Module):
    """A user's convolutional network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)
        self.head = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        x = torch.relu(self.norm(self.conv(x)))
        if x.mean() > 0:
            x = x * 2
        return self.head(x.mean((2, 3)))


def save(shelf: Shelf) -> None:
    """Write all saves of this module."""
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    in_main(Net)
    _zip(shelf)
    _modules(shelf)
    _programs(shelf)
    _safetensors(shelf)


def _put(
    shelf: Shelf, name: str, what: object, file: str = "model.pt", **options: bool
) -> None:
    torch.save(what, shelf.place("torch", name, file, "torch"), **options)


def _zip(shelf: Shelf) -> None:
    net = Net()
    adam = torch.optim.AdamW(net.parameters())
    net(torch.rand(2, 4)).sum().backward()
    adam.step()
    schedule = torch.optim.lr_scheduler.StepLR(adam, 3)
    checkpoint = {
        "epoch": 3, "state_dict": net.state_dict(), "optimizer": adam.state_dict(),
        "scheduler": schedule.state_dict(), "loss": torch.tensor(0.5), "rng": torch.get_rng_state(),
    }  # fmt: skip
    settings = argparse.Namespace(arch="resnet", lr=0.1, out=pathlib.PosixPath("/tmp/run"))
    numpy_state = np.random.RandomState(1).get_state()
    tensors = {
        str(kind).removeprefix("torch."): torch.zeros(2, 2).to(kind)
        for kind in (torch.float16, torch.bfloat16, torch.int8, torch.uint8, torch.int16,
                     torch.int64, torch.bool, torch.complex64, torch.float64, torch.float8_e4m3fn)
    }  # fmt: skip
    base = torch.arange(10.0)
    special = {
        "sparse": torch.eye(3).to_sparse(), "csr": torch.eye(3).to_sparse_csr(),
        "quantized": torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8),
        "channel": torch.quantize_per_channel(
            torch.rand(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([0, 0]), 0, torch.qint8),
        "parameter": nn.Parameter(torch.rand(2)), "view": base[2:6], "base": base,
        "transposed": torch.rand(2, 3).t(), "strided": base[::2], "meta": torch.empty(2, device="meta"),
        "size": torch.Size([1, 2]), "device": torch.device("cpu"), "dtype": torch.float16,
        "nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    }  # fmt: skip
    made: dict[str, object] = {
        "state-dict": net.state_dict(), "checkpoint": checkpoint, "tensor": torch.rand(3),
        "list": [torch.rand(2), torch.rand(2)], "dtypes": tensors,
        "optimizer": adam.state_dict(), "parameters": list(net.parameters()),
        "namespace": {"args": settings, "model": net.state_dict()},
        "numpy-inside": {"w": np.arange(3.0), "scalar": np.float64(0.5), "rng": numpy_state},
        "ordered": collections.OrderedDict(net.state_dict()), "empty": {},
        "counter": {"seen": collections.Counter("ab"), "lr": collections.defaultdict(float)},
        "bytes": {"text": "os.system", "raw": b"cos\nsystem\n"},
        "half": {k: v.half() for k, v in net.state_dict().items()},
        **{f"special-{name}": value for name, value in special.items()},
    }  # fmt: skip
    for number, (name, what) in enumerate(made.items()):
        file = ("model.pt", "model.pth", "pytorch_model.bin", "last.ckpt")[number % 4]
        _put(shelf, name, what, file)
    for name in ("state-dict", "checkpoint", "dtypes", "namespace", "special-view"):
        _put(shelf, f"legacy-{name}", made[name], _use_new_zipfile_serialization=False)
    for protocol in (3, 4, 5):
        torch.save(checkpoint, shelf.place("torch", f"protocol-{protocol}", "c.pt", "torch"),
                   pickle_protocol=protocol)  # fmt: skip
    shelf.pickle("torch", "bare-pickle", net.state_dict(), "torch")
    shelf.pickle("torch", "bare-pickle-module", net, "torch", 2)


def _modules(shelf: Shelf) -> None:
    layers = {
        "linear": nn.Linear(2, 2), "conv": nn.Conv2d(1, 2, 3), "lstm": nn.LSTM(2, 3),
        "gru": nn.GRU(2, 2), "embedding": nn.Embedding(4, 2), "batch-norm": nn.BatchNorm1d(2),
        "attention": nn.MultiheadAttention(4, 2), "dropout": nn.Dropout(0.1),
        "encoder": nn.TransformerEncoderLayer(4, 2, 8), "losses": nn.CrossEntropyLoss(),
        "containers": nn.ModuleDict({"a": nn.ModuleList([nn.GELU()]), "b": nn.ParameterList([nn.Parameter(torch.rand(1))])}),
    }  # fmt: skip
    for name, layer in layers.items():
        _put(shelf, f"module-{name}", layer)
    net = Net()
    _put(shelf, "module-custom", net, "model.pth")
    _put(shelf, "module-custom-legacy", net, _use_new_zipfile_serialization=False)
    _put(shelf, "module-sequential", net.body)
    hooked = nn.Linear(2, 2)
    hooked = torch.nn.utils.parametrizations.spectral_norm(hooked)
    _put(shelf, "state-parametrized", hooked.state_dict())
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    _put(shelf, "optimizer-whole", optimizer)
    dataset = torch.utils.data.TensorDataset(torch.rand(3, 2), torch.tensor([0, 1, 0]))
    _put(shelf, "dataset", dataset)
    quantized = torch.ao.quantization.quantize_dynamic(Net(), {nn.Linear}, torch.qint8)
    _put(shelf, "quantized-state", quantized.state_dict())


def _programs(shelf: Shelf) -> None:
    net, images = Net().eval(), Images().eval()
    for name, model in {"mlp": net, "conv": images, "lstm": nn.LSTM(2, 3)}.items():
        script = torch.jit.script(model)
        script.save(str(shelf.place("torchscript", f"script-{name}", "model.pt", "torch")))
    traced = torch.jit.trace(net, torch.rand(1, 4))
    traced.save(str(shelf.place("torchscript", "traced", "model.pt", "torch")))
    extra = {"config.json": '{"classes": ["a", "b"]}'}
    torch.jit.save(traced, str(shelf.place("torchscript", "extra", "m.ts", "torch")), extra)
    program = torch.export.export(net, (torch.rand(2, 4),))
    torch.export.save(program, shelf.place("torchscript", "exported", "model.pt2", "torch"))
    fixed = torch.export.export(nn.Conv1d(1, 2, 3), (torch.rand(1, 1, 8),))
    torch.export.save(fixed, shelf.place("torchscript", "exported-conv", "model.pt2", "torch"))
    path = shelf.place("torchscript", "package", "package.pt", "torch")
    with torch.package.PackageExporter(path) as exporter:
        exporter.extern(["torch.**", "numpy.**"])
        exporter.save_pickle("model", "model.pkl", nn.Linear(2, 2).state_dict())
        exporter.save_text("about", "notes.txt", "trained on toy data")
    folder = shelf.folder("torch", "distributed", "checkpoint", "torch")
    torch.distributed.checkpoint.save(net.state_dict(), checkpoint_id=folder, no_dist=True)


def _safetensors(shelf: Shelf) -> None:
    state = Net().state_dict()
    for name, metadata in {
        "plain": None, "pt": {"format": "pt"},
        "notes": {"format": "pt", "note": "metric uses eval() and os.system is not called"},
        "training": {"ss_network_module": "networks.lora", "ss_tag_frequency": '{"a": {"b": 1}}'},
    }.items():  # fmt: skip
        path = shelf.place("safetensors", name, "model.safetensors", "safetensors")
        safetensors.torch.save_file(state, path, metadata)
    kinds = {
        str(k): torch.zeros(2, 3).to(k)
        for k in (
            torch.float16,
            torch.bfloat16,
            torch.int8,
            torch.int64,
            torch.bool,
            torch.float8_e5m2,
        )
    }
    safetensors.torch.save_file(
        kinds, shelf.place("safetensors", "dtypes", "model.safetensors", "safetensors")
    )
    arrays = {"a": np.arange(3), "zero": np.zeros((0, 2)), "scalar": np.array(1.0)}
    safetensors.numpy.save_file(
        arrays, shelf.place("safetensors", "numpy", "w.safetensors", "safetensors")
    )
    many = {f"model.layers.{i}.weight": np.ones(1, "float16") for i in range(400)}
    safetensors.numpy.save_file(
        many, shelf.place("safetensors", "many", "w.safetensors", "safetensors")
    )
    safetensors.numpy.save_file(
        {}, shelf.place("safetensors", "empty", "w.safetensors", "safetensors")
    )
    buffer = io.BytesIO()
    torch.save({"safetensors": safetensors.numpy.save(arrays)}, buffer)
    shelf.bytes("torch", "bytes-of-safetensors", "cache.pt", "torch", buffer.getvalue())
    shelf.bytes("torch", "pickled-tensor", "t.pkl", "torch", pickle.dumps(torch.rand(2, 2), 2))
