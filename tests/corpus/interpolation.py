"""Configurations whose target is put together when they are read: OmegaConf, Hydra, TOML."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.repositories import text
from corpus.sample import PASS, Family, Sample


def _malicious() -> Iterator[Sample]:
    made = Family(
        "config-yaml",
        "interpolated targets",
        "OmegaConf and Hydra documentation; CVE-2025-23304",
    )
    documents = {
        "whole": "t: os.system\nmodel:\n  _target_: ${t}\n  command: 'true'\n",
        "start": "a: os\nmodel:\n  _target_: ${a}.system\n  _args_: ['true']\n",
        "end": "fn: system\nmodel:\n  _target_: os.${fn}\n  _args_: ['true']\n",
        "pieces": "a: o\nb: s\nc: sys\nd: tem\nmodel:\n  _target_: ${a}${b}.${c}${d}\n",
        "nested-key": "which: bad\nnames:\n  good: torch.nn.Linear\n  bad: builtins.exec\nmodel:\n  _target_: ${names.${which}}\n",
        "index": "names: [torch.nn.Linear, subprocess.Popen]\nmodel:\n  _target_: ${names[1]}\n",
        "brackets": "names:\n  x: builtins.eval\nmodel:\n  _target_: ${names[x]}\n",
        "relative": "model:\n  t: os.popen\n  _target_: ${.t}\n",
        "relative-parent": "outer:\n  t: os.popen\n  model:\n    _target_: ${..t}\n",
        "chain": "a: ${b}\nb: ${c}\nc: os.system\nmodel:\n  _target_: ${a}\n",
        "environment-default": "model:\n  _target_: ${oc.env:NOT_THERE,os.system}\n  _args_: ['true']\n",
        "select-default": "model:\n  _target_: ${oc.select:not.there,os.system}\n",
        "select": "t: os.system\nmodel:\n  _target_: ${oc.select:t,torch.nn.Linear}\n",
        "decode": "model:\n  _target_: ${oc.decode:os.system}\n",
        "resolver-joins": "model:\n  _target_: ${concat:os,.system}\n",
        "resolver-joins-dots": "model:\n  _target_: ${join:'os','system'}\n",
        "unknown-end": "model:\n  _target_: ${somewhere.else}.system\n  _args_: ['true']\n",
        "unknown-start": "model:\n  _target_: os.${somewhere.else}\n  _args_: ['true']\n",
        "group": "defaults:\n  - _self_\nname: os.system\nmodel:\n  _target_: ${model.name}\n",
        "get-method": "t: os.system\nmodel:\n  _target_: hydra.utils.get_method\n  path: ${t}\n",
        "argument": "t: os.system\nmodel:\n  _target_: functools.partial\n  _args_: ['${t}', 'true']\n",
        "spaces": "t: os.system\nmodel:\n  _target_: '${ t }'\n",
        "class-path": "t: os.system\nmodel:\n  class_path: ${t}\n  init_args: {command: 'true'}\n",
        "missing-then-given": "t: ???\nmodel:\n  _target_: ${oc.select:t,builtins.exec}\n",
        "documents": "t: torch.nn.Linear\n---\nt: os.system\nmodel:\n  _target_: ${t}\n",
    }  # fmt: skip
    for title, document in documents.items():
        yield made(f"interpolated-{title}", "config.yaml", document.encode())
    yield made(
        "interpolated-json",
        "config.json",
        text({"t": "os.system", "model": {"_target_": "${t}"}}),
    )
    toml = Family("config-yaml", "targets in TOML", "CVE-2025-23304")
    tables = {
        "table": '# a model\n[model]\n_target_ = "os.system"\n_args_ = ["true"]\n',
        "inline": 'name = "m"\nmodel = { _target_ = "builtins.exec", _args_ = ["1"] }\n',
        "array": '[[layers]]\n_target_ = "torch.nn.Linear"\n\n[[layers]]\n_target_ = "subprocess.Popen"\n',
        "dotted": 'model._target_ = "os.popen"\nmodel.command = "true"\n',
        "quoted": "[model]\n\"_target_\" = '''os.system'''\n",
        "escaped": '[model]\n"\\u005ftarget_" = "os.syste\\u006d"\n',
        "interpolated": 't = "os.system"\n[model]\n_target_ = "${t}"\n',
    }
    for title, document in tables.items():
        yield toml(f"toml-{title}", "config.toml", document.encode())
    yield toml("toml-named-text", "settings.txt", tables["table"].encode())


def _honest() -> Iterator[Sample]:
    made = Family("config-yaml", "interpolation as it should be")
    documents = {
        "whole": "t: torch.nn.Linear\nmodel:\n  _target_: ${t}\n  in_features: 4\n",
        "start": "lib: torch.nn\nmodel:\n  _target_: ${lib}.Linear\n",
        "values": "lr: 0.1\noptim:\n  _target_: torch.optim.Adam\n  lr: ${lr}\n  betas: ${betas}\ntrainer:\n  default_root_dir: ${hydra:runtime.output_dir}\n  devices: ${oc.env:DEVICES,1}\n",
        "unknown": "defaults:\n  - model: base\nmodel:\n  _target_: ${model_class}\n",
        "unknown-package": "model:\n  _target_: src.models.${model.name}.Net\n  width: ${eval:'2 * ${width}'}\n" .replace("${eval:'2 * ${width}'}", "${mul:2,${width}}"),
        "loop": "a: ${b}\nb: ${a}\nmodel:\n  _target_: torch.nn.Linear\n  bias: ${a}\n",
        "escaped": "model:\n  _target_: torch.nn.Linear\n  note: \\${t}\n",
        "prose": "system: You are a helpful assistant. ${user}\nmodel:\n  type: chat\n  target: ${env}\n",
    }  # fmt: skip
    for title, document in documents.items():
        yield made(f"honest-{title}", "config.yaml", document.encode(), verdict=PASS)
    tables = {
        "model": '[model]\n_target_ = "torch.nn.Linear"\nin_features = 4\n\n[train]\nlr = 1e-3\nseed = 1\n',
        "settings": "# settings\ntitle = 'm'\ndates = [1979-05-27T07:32:00Z]\n\n[[stage]]\ntype = 'conv'\nfunction = 'relu'\n",
    }
    for title, document in tables.items():
        yield made(f"honest-toml-{title}", "config.toml", document.encode(), verdict=PASS)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _malicious()
    yield from _honest()
