"""CFG001: targets of configurations, judged like the names in pickles."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.config_target import DETECTOR
from samples import bomb, found_by, scan_bytes


def severities(document: object) -> list[Severity]:
    return [f.severity for f in found_by(DETECTOR, json.dumps(document).encode())]


@pytest.mark.parametrize(
    "document",
    [
        {"_target_": "os.system", "command": "true"},
        {"a": [{"b": {"_target_": "subprocess.Popen", "args": ["true"]}}]},
        {"_target_": "builtins.exec", "_args_": ["1"]},
        {"_target_": " os.system "},
        {"_target_": "os:system"},
        {"model": {"target": "os.system", "params": {}}},
        {"target": "os.system"},
        {"cls": "subprocess.run", "args": []},
        {"type": "os.system", "command": "true"},
        {"class_path": "subprocess.Popen", "init_args": {"args": "true"}},
        {"_component_": "builtins.eval"},
        {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {}},
        {"func": "runpy.run_path"},
        {"py/object": "subprocess.Popen"},
        {"py/reduce": [{"py/type": "os.system"}, {"py/tuple": ["true"]}]},
        {"module": "os", "function": "system"},
        {"_target_": "functools.partial", "_args_": ["os.system"]},
        {"__module__": "subprocess", "class": "Popen"},
    ],
)
def test_a_function_that_reaches_the_system_is_critical(document: object) -> None:
    assert severities(document) == [Severity.CRITICAL]


@pytest.mark.parametrize(
    "document",
    [
        {"_target_": "some_package.tasks.run_it"},
        {"target": "some_package.run_it", "params": {}},
        {"x": "${exec:true}"},
        {"py/repr": "os/os.system('true')"},
        {"x": "${eval:__import__('os')}"},
        {"x": "${oc.decode:${eval(1)}}"},
    ],
)
def test_an_unknown_function_is_high(document: object) -> None:
    assert severities(document) == [Severity.HIGH]


@pytest.mark.parametrize(
    "document",
    [
        {"_target_": "my_model.Net", "width": 4},
        {"py/object": "my_model.Net", "width": 4},
        {"target": "ldm.models.diffusion.ddpm.LatentDiffusion", "params": {}},
        {"class_path": "my_package.data.MyData", "init_args": {}},
        {"_target_": "torch.nn.functional.relu"},
        {"_component_": "torchtune.models.llama3.lora_llama3_8b"},
        {"lc": 1, "type": "constructor", "id": ["my_package", "Chain"], "kwargs": {}},
    ],
)
def test_a_class_is_only_mentioned(document: object) -> None:
    assert severities(document) == [Severity.INFO]


@pytest.mark.parametrize(
    "document",
    [
        {"_target_": "collections.OrderedDict"},
        {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.30.0"},
        {"target": "label", "type": "text", "class": "cat"},
        {"target": "example.com", "type": "image.png", "path": "pickle.pkl"},
        {"target": "requests.json", "type": "a.b"},
        {"target_modules": ["q_proj"], "func": "relu"},
        {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "PromptTemplate"]},
        {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]},
        {"type": "haystack.components.generators.openai.OpenAIGenerator"},
        {"root": "${oc.env:HOME}/data", "lr": "${model.lr}", "text": "os.system('x')"},
        {"_target_": "exec"},
        {"text": "${", "note": "uses eval() metric and os.system"},
        {"@architectures": "spacy.Tok2Vec.v2"},
    ],
)
def test_ordinary_configurations_are_silent(document: object) -> None:
    assert severities(document) == []


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nmodel:\n  _target_: os.system\n",
        "a: &x os.system\nmodel:\n  _target_: *x\n",
        "base: &b {_target_: os.system}\nmodel:\n  <<: *b\n",
        "m:\n  _target_: os.system\n  _target_: torch.nn.Linear\n",
        "m:\n  _target_: torch.nn.Linear\n  _target_: os.system\n",
        "---\na: 1\n---\nm: {_target_: os.system}\n",
        "? {_target_: os.system}\n: 1\n",
        "m:\n  _target_: !!str os.system\nn: 1\n",
        "m:\n  _target_: >-\n    os.system\n  n: 1\n",
    ],
)
def test_yaml_hides_nothing(text: str) -> None:
    found = [f.severity for f in found_by(DETECTOR, text.encode(), name="c.yaml")]
    assert Severity.CRITICAL in found


def test_a_name_is_told_once() -> None:
    assert len(severities([{"_target_": "os.system"}] * 5)) == 1


def test_the_class_that_hydra_is_asked_for_is_judged() -> None:
    document = {"_target_": "hydra.utils.get_method", "path": "os.system"}
    assert severities(document) == [Severity.CRITICAL]
    assert severities({"_target_": "hydra.utils.get_method", "_args_": ["x"]}) != []
    assert severities({"_target_": "hydra.utils.get_class", "path": "my.Net"}) == [
        Severity.INFO
    ]


def test_a_pickle_in_a_stable_baselines_file_is_judged(tmp_path: Path) -> None:
    packed = base64.b64encode(bomb()).decode()
    document = {"policy_class": {":type:": "<class 'abc.ABCMeta'>", ":serialized:": packed}}
    result = scan_bytes(tmp_path, json.dumps(document).encode(), name="data")
    assert result.verdict is Verdict.FAIL
    assert {f.location.member for f in result.findings} == {"policy_class.:serialized:"}
