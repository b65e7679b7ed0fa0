"""Repositories, code, notebooks, packages and everyday files that only look suspicious."""

from __future__ import annotations

import base64
import csv
import io
import json
import random
import struct
import tarfile
import wave
import zipfile
import zlib

import numpy as np
import safetensors.numpy
import transformers

from corpus.saves.boosters import CHAT
from corpus.saves.shelf import Shelf

WEIGHTS = safetensors.numpy.save({"w": np.ones(4, "float32")}, {"format": "pt"})
CODE = '''"""A small custom model."""

import math
from typing import Optional

import torch
from torch import nn
from transformers import PreTrainedModel

from .configuration_tiny import TinyConfig


class TinyModel(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config: TinyConfig) -> None:
        super().__init__(config)
        self.scale = math.sqrt(config.hidden_size)
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.eval()

    def forward(self, x: torch.Tensor, mask: Optional[torch.Tensor] = None) -> torch.Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x)) / self.scale
        return getattr(torch, "tanh")(x) if mask is None else x * mask
'''
CONFIGURATION = """from transformers import PretrainedConfig


class TinyConfig(PretrainedConfig):
    model_type = "tiny"

    def __init__(self, hidden_size=4, **kwargs):
        self.hidden_size = hidden_size
        super().__init__(**kwargs)
"""
README = """---
license: apache-2.0
library_name: transformers
tags: [text-classification]
---
# Tiny

```python
import os, subprocess, pickle
os.system("pip install transformers")
model = pickle.load(open("model.pkl", "rb"))
exec(open("train.py").read())
```
"""


def save(shelf: Shelf) -> None:
    """Write all saves of this module."""
    _repositories(shelf)
    _configurations(shelf)
    _code(shelf)
    _everyday(shelf)


def _json(of: object) -> bytes:
    return json.dumps(of, indent=2).encode()


def _put(
    shelf: Shelf, group: str, name: str, files: dict[str, bytes], file: str = "repository"
) -> None:
    folder = shelf.folder(group, name, file, "python")
    for inner, data in files.items():
        (folder / inner).parent.mkdir(parents=True, exist_ok=True)
        (folder / inner).write_bytes(data)


def _repositories(shelf: Shelf) -> None:
    kinds = {
        "bert": transformers.BertConfig(hidden_size=8), "gpt2": transformers.GPT2Config(n_embd=8),
        "llama": transformers.LlamaConfig(hidden_size=64), "vit": transformers.ViTConfig(hidden_size=8),
        "t5": transformers.T5Config(d_model=8), "whisper": transformers.WhisperConfig(d_model=8),
    }  # fmt: skip
    tokenizer = {
        "version": "1.0", "added_tokens": [{"id": 0, "content": "<s>", "special": True}],
        "pre_tokenizer": {"type": "ByteLevel"}, "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": {f"os{i}": i for i in range(300)}, "merges": ["o s", "e v"]},
    }  # fmt: skip
    for number, (name, config) in enumerate(kinds.items()):
        folder = shelf.folder("hf-repo", name, "repository", "transformers")
        config.architectures = [type(config).__name__.replace("Config", "Model")]
        config.save_pretrained(folder)
        transformers.GenerationConfig(max_length=10).save_pretrained(folder)
        (folder / "model.safetensors").write_bytes(WEIGHTS)
        (folder / "README.md").write_text(README)
        (folder / "tokenizer.json").write_bytes(_json(tokenizer))
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 10**30}
        if number % 2:
            settings["chat_template"] = CHAT
        (folder / "tokenizer_config.json").write_bytes(_json(settings))
        (folder / ".gitattributes").write_text(
            "*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
        )
    auto = {"model_type": "tiny", "hidden_size": 4, "auto_map": {
        "AutoConfig": "configuration_tiny.TinyConfig", "AutoModel": "modeling_tiny.TinyModel"}}  # fmt: skip
    code = {"modeling_tiny.py": CODE.encode(), "configuration_tiny.py": CONFIGURATION.encode()}
    _put(
        shelf,
        "hf-repo",
        "auto-map-clean",
        {"config.json": _json(auto), "model.safetensors": WEIGHTS, **code},
    )
    index = {
        "metadata": {"total_size": 32},
        "weight_map": {
            "a": "model-00001-of-00002.safetensors",
            "b": "model-00002-of-00002.safetensors",
        },
    }
    _put(shelf, "hf-repo", "sharded", {"config.json": _json({"model_type": "bert"}), "model.safetensors.index.json": _json(index),
         "model-00001-of-00002.safetensors": WEIGHTS, "model-00002-of-00002.safetensors": WEIGHTS})  # fmt: skip
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
               {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]  # fmt: skip
    _put(shelf, "hf-repo", "sentence-transformers", {"modules.json": _json(modules), "config.json": _json({"model_type": "bert"}),
         "1_Pooling/config.json": _json({"word_embedding_dimension": 4}), "vocab.txt": b"[PAD]\nos\nsystem\neval\n", "model.safetensors": WEIGHTS})  # fmt: skip
    diffusers = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0", "unet": ["diffusers", "UNet2DConditionModel"],
                 "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"], "safety_checker": [None, None]}  # fmt: skip
    _put(shelf, "hf-repo", "diffusers", {"model_index.json": _json(diffusers), "unet/config.json": _json({"_class_name": "UNet2DConditionModel"}),
         "unet/diffusion_pytorch_model.safetensors": WEIGHTS})  # fmt: skip
    adapter = {
        "peft_type": "LORA",
        "base_model_name_or_path": "org/base",
        "target_modules": ["q_proj"],
        "r": 8,
        "auto_mapping": None,
    }
    _put(
        shelf,
        "hf-repo",
        "adapter",
        {
            "adapter_config.json": _json(adapter),
            "adapter_model.safetensors": WEIGHTS,
            "README.md": README.encode(),
        },
    )
    _put(shelf, "hf-repo", "templates", {"chat_template.jinja": CHAT.encode(), "config.json": _json({"model_type": "qwen2"}),
         "tokenizer_config.json": _json({"chat_template": [{"name": "default", "template": CHAT}, {"name": "rag", "template": CHAT}]})})  # fmt: skip


RECORD = "".join(
    f"{name},,\n"
    for name in (
        "tiny/__init__.py",
        "tiny/model.py",
        *(f"tiny-1.dist-info/{file}" for file in ("METADATA", "WHEEL", "RECORD")),
    )
)
TEMPLATES = {
    "tools": "{%- if tools %}{{- '<tools>' }}{%- for tool in tools %}{{- tool | tojson(indent=2) }}{%- endfor %}{%- endif %}"
    "{%- for m in messages %}{{- m['role'] ~ ': ' ~ (m.content if m.content is string else m.content[0].text) }}{%- endfor %}",
    "namespace": "{%- set ns = namespace(found=false, last=messages|length - 1) %}{%- for m in messages[::-1] %}{%- if m.role == 'user' and not ns.found %}"
    "{%- set ns.found = true %}{%- endif %}{%- endfor %}{{ ns.last }}",
    "macro": "{%- macro render(x, depth=0) %}{%- if x is mapping %}{%- for k, v in x.items() %}{{ k }}: {{ render(v, depth + 1) }}{%- endfor %}{%- else %}{{ x }}{%- endif %}{%- endmacro %}{{ render(messages) }}",
    "date": "{{ strftime_now('%d %b %Y') }}{{ bos_token }}{% if messages[0]['role'] != 'user' %}{{ raise_exception('must alternate') }}{% endif %}{% generation %}x{% endgeneration %}",
    "strip": "{% set parts = message.content.split('</think>') %}{{ parts[-1].lstrip('\n').replace('<think>', '') }}{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join(' ') }}",
}


def _configurations(shelf: Shelf) -> None:
    for name, template in TEMPLATES.items():
        shelf.bytes(
            "config-yaml",
            f"template-{name}",
            "chat_template.jinja",
            "python",
            template.encode(),
        )
    yamls = {
        "hydra": "model:\n  _target_: torch.nn.Linear\n  in_features: 4\n  out_features: 2\noptimizer:\n  _target_: torch.optim.AdamW\n  lr: 1.0e-3\n",
        "hydra-own": "model:\n  _target_: my_project.models.Net\n  depth: 3\ndefaults:\n  - dataset: imagenet\n",
        "lightning": "trainer:\n  class_path: lightning.pytorch.Trainer\n  init_args:\n    max_epochs: 3\n    callbacks:\n    - class_path: lightning.pytorch.callbacks.EarlyStopping\n",
        "nemo": "encoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\n  feat_in: 80\ntokenizer:\n  dir: ???\n  type: bpe\n",
        "yolo": "nc: 80\nscales:\n  n: [0.33, 0.25, 1024]\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\n  - [-1, 3, C2f, [128, True]]\n",
        "compose": "services:\n  db:\n    image: postgres\n    command: postgres -c max_connections=10\n",
        "workflow": "on: push\njobs:\n  a:\n    runs-on: ubuntu\n    steps:\n    - run: |\n        python -c \"import os; os.system('ls')\"\n",
        "conda": "name: env\nchannels: [conda-forge]\ndependencies:\n- python=3.11\n- pip:\n  - mlflow==3.1\n",
        "tags": "a: !!str 5\nb: !!float 1\nc: !!set {x, y}\nd: &n [1, 2]\ne: *n\n",
    }  # fmt: skip
    for name, text in yamls.items():
        shelf.bytes("config-yaml", f"yaml-{name}", "config.yaml", "python", text.encode())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in {
            "model_config.yaml": yamls["nemo"].encode(),
            "tokenizer.vocab": b"a\nb\n",
        }.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    shelf.bytes("config-yaml", "nemo-archive", "model.nemo", "python", out.getvalue())


def _code(shelf: Shelf) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Train"]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [], "source": [
            "import pandas as pd\n", "%matplotlib inline\n", "df = pd.read_csv('data.csv')\n", "df.eval('a + b')"]},
        {"cell_type": "code", "metadata": {}, "execution_count": 2, "source": ["!pip install scikit-learn\n"],
         "outputs": [{"output_type": "display_data", "metadata": {}, "data": {
             "image/png": base64.b64encode(_png()).decode(), "text/html": "<table><tr><td>1</td></tr></table>"}}]},
    ]  # fmt: skip
    book = {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    shelf.bytes("misc", "notebook", "train.ipynb", "python", _json(book))
    book["cells"] = cells[:2]
    shelf.bytes("misc", "notebook-plain", "explore.ipynb", "python", _json(book))
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {"tiny/__init__.py": "from tiny.model import f\n", "tiny/model.py": "def f(x):\n    return x + 1\n",
                           "tiny-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
                           "tiny-1.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
                           "tiny-1.dist-info/RECORD": RECORD}.items():  # fmt: skip
            archive.writestr(zipfile.ZipInfo(name), text)
    shelf.bytes("misc", "wheel", "tiny-1-py3-none-any.whl", "python", wheel.getvalue())
    shelf.bytes("misc", "pth-paths", "editable.pth", "python", b"/home/me/project/src\n./lib\n")
    shelf.bytes(
        "misc",
        "modelfile",
        "Modelfile",
        "python",
        b'FROM ./model.gguf\nPARAMETER temperature 0.7\nSYSTEM """You are kind."""\n',
    )
    triton = b'name: "m"\nplatform: "onnxruntime_onnx"\nmax_batch_size: 8\ninput [{name: "x" data_type: TYPE_FP32 dims: [4]}]\n'
    _put(
        shelf,
        "misc",
        "triton",
        {"m/config.pbtxt": triton, "m/1/labels.txt": b"cat\ndog\n"},
        "model_repository",
    )
    comfy = {"3": {"class_type": "KSampler", "inputs": {"seed": 5, "model": ["4", 0]}}, "4": {
        "class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd.safetensors"}}, "6": {
        "class_type": "CLIPTextEncode", "inputs": {"text": "import os, a painting of eval()", "clip": ["4", 1]}}}  # fmt: skip
    shelf.bytes("misc", "comfyui", "workflow.json", "python", _json(comfy))
    pmml = '<?xml version="1.0"?><PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header copyright="me"/><DataDictionary numberOfFields="1"><DataField name="x" optype="continuous" dataType="double"/></DataDictionary></PMML>'
    shelf.bytes("xml", "pmml", "model.pmml", "python", pmml.encode())
    net = '<?xml version="1.0"?><net name="m" version="11"><layers><layer id="0" name="x" type="Parameter" version="opset1"><data shape="1,4" element_type="f32"/><output><port id="0" precision="FP32"/></output></layer><layer id="1" name="r" type="Result" version="opset1"><input><port id="0"/></input></layer></layers><edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/></edges></net>'
    _put(
        shelf,
        "xml",
        "openvino",
        {"openvino_model.xml": net.encode(), "openvino_model.bin": bytes(16)},
        "model",
    )
    msgpack = (
        b"\x81\xa6params\x81\xa6kernel\xc7\x1e\x01\x93\x92\x02\x02\xa7float32\xc4\x10"
        + bytes(16)
    )
    shelf.bytes("misc", "flax", "flax_model.msgpack", "python", msgpack)


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = b"".join(b"\0" + bytes([n * 8 % 256] * 24) for n in range(8))
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _everyday(shelf: Shelf) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows(
        [["id", "text"], *([n, f"row {n}, import os; os.system('x')"] for n in range(40))]
    )
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        out.writeframes(bytes(400))
    files: dict[str, tuple[str, bytes]] = {
        "csv": ("data.csv", text.getvalue().encode()), "readme": ("README.md", README.encode()),
        "png": ("picture.png", _png()), "wav": ("sound.wav", sound.getvalue()),
        "jpeg": ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xdb\0C\0" + bytes(range(64)) + b"\xff\xd9"),
        "gif": ("a.gif", b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"),
        "pdf": ("paper.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"),
        "json-log": ("train.log", b"".join(b'{"step": %d, "loss": 0.5, "cmd": "python -c exec"}\n' % n for n in range(50))),
        "log": ("run.log", b"2026-01-01 epoch 1 loss 0.5\ncos\nsystem similarity 0.3\n(S'true'\n"),
        "requirements": ("requirements.txt", b"numpy>=2\ntorch==2.13.0\n-r dev.txt\n"),
        "license": ("LICENSE", b"Apache License\nVersion 2.0\n"), "vocab": ("vocab.txt", b"[CLS]\n[SEP]\nc\nos\nsystem\nR\n.\n"),
        "merges": ("merges.txt", b"#version: 0.2\n\xc4\xa0 t\nh e\n"), "utf-16": ("notes.txt", "h\u00e9llo".encode("utf-16")),
        "latin-1": ("names.txt", "Andr\u00e9\nZo\u00eb\n".encode("latin-1")), "empty": ("__init__.py", b""),
        "toml": ("pyproject.toml", b"[project]\nname = 'x'\n"), "ini": ("setup.cfg", b"[metadata]\nname = x\n"),
        "html": ("report.html", b"<!doctype html><title>Report</title><p>eval</p>"), "tsv": ("labels.tsv", b"a\t1\nb\t2\n"),
        "zeros": ("padding.bin", bytes(2000)), "floats": ("weights.bin", np.linspace(-1, 1, 999, dtype="<f4").tobytes()),
        "ints": ("ids.bin", np.arange(1000, dtype="<i8").tobytes()), "halves": ("w.dat", np.ones(500, "<f2").tobytes()),
    }  # fmt: skip
    for name, (file, data) in files.items():
        shelf.bytes(
            "text" if file.endswith(("txt", "md", "csv", "log", "tsv")) else "other",
            name,
            file,
            "python",
            data,
        )
    source = random.Random(7)
    for first in b"(]}c\x80NIKJGXUSTVBCFLM)\x08\x93{<P":
        data = bytes([first]) + source.randbytes(700)
        shelf.bytes("other", f"random-{first:02x}", "blob.bin", "python", data)
