"""HUB001: configurations that name code, and where that code lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.scan.hub_code import DETECTOR
from modelkeep.sources import open_artifact
from samples import found_by, scan_bytes, zip_of

ROOT = (
    "config.json",
    "modeling.py",
    "sub/tokenization.py",
    "pipe/__init__.py",
    "unet/my_unet.py",
)


def severities(value: object, name: str = "config.json") -> list[Severity]:
    found = found_by(DETECTOR, json.dumps(value).encode(), name=name, root=ROOT)
    return [finding.severity for finding in found]


def diffusers(**parts: object) -> dict[str, object]:
    return {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0"} | parts


LOCAL = {
    "auto map": {"auto_map": {"AutoModel": "modeling.Model"}},
    "auto map with a list": {"auto_map": {"AutoTokenizer": ["modeling.Tok", None]}},
    "nested": {"text_config": {"auto_map": {"AutoConfig": "modeling.Config"}}},
    "pipelines": {"custom_pipelines": {"x": {"impl": "modeling.P", "pt": ["AutoModel"]}}},
    "package": {"auto_map": {"AutoModel": "pipe.Model"}},
    "component": diffusers(unet=["my_unet", "MyUNet"]),
    "pipeline class": diffusers(_class_name=["modeling", "MyPipeline"]),
    "module": [{"idx": 0, "name": "0", "path": "", "type": "modeling.Transformer"}],
}
ELSEWHERE = {
    "remote": {"auto_map": {"AutoModel": "someone/else--modeling.Model"}},
    "remote in a list": {"auto_map": {"AutoTokenizer": [None, "a/b--modeling.Tok"]}},
    "remote pipeline": {"custom_pipelines": {"x": {"impl": "a/b--modeling.P"}}},
    "remote nested": {"a": [{"auto_map": {"AutoConfig": "a/b--modeling.C"}}]},
    "address": {"auto_map": {"AutoModel": "https://example.org/m.Model"}},
    "missing": {"auto_map": {"AutoModel": "missing.Model"}},
    "upwards": {"auto_map": {"AutoModel": "../modeling.Model"}},
    "absolute": {"auto_map": {"AutoModel": "/tmp/modeling.Model"}},
    "tokenizer": {"tokenizer_class": "a/b--tok.Tok"},
    "generate": {"custom_generate": "a/b"},
    "pipeline name": diffusers(custom_pipeline="lpw_stable_diffusion"),
    "pipeline repository": diffusers(custom_pipeline="a/b"),
    "pipeline class": diffusers(_class_name=["missing", "MyPipeline"]),
    "module": [{"idx": 0, "name": "0", "path": "", "type": "missing.Transformer"}],
    "module of a package": [{"idx": 0, "path": "", "type": "some.package.Transformer"}],
    "router": {"types": {"0": "missing.Transformer"}, "structure": {"a": ["0"]}},
    "kernel": {"attn_implementation": "someone/kernel"},
}
SYSTEM = {
    "component": diffusers(unet=["os", "system"]),
    "module": [{"idx": 0, "name": "0", "path": "", "type": "os.system"}],
    "adapter": {"auto_mapping": {"parent_library": "os", "base_model_class": "system"}},
    "auto map": {"auto_map": {"AutoModel": "subprocess.Popen"}},
    "megatron": {"peft_type": "LORA", "megatron_core": "os.path"},
}
PLAIN = {
    "bert": {"architectures": ["BertModel"], "torch_dtype": "float32", "model_type": "bert",
             "_name_or_path": "/home/me/bert", "transformers_version": "4.40.0"},
    "diffusers": diffusers(
        unet=["diffusers", "UNet2DConditionModel"],
        text_encoder=["transformers", "CLIPTextModel"],
        safety_checker=[None, None], requires_safety_checker=True),
    "unet": {"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.30.0",
             "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "pair": ["a", "b"]},
    "sentences": [{"idx": 0, "name": "0", "path": "",
                   "type": "sentence_transformers.models.Transformer"}],
    "router": {"types": {"0": "sentence_transformers.models.Transformer"}, "structure": {}},
    "tokenizer": {"tokenizer_class": "LlamaTokenizerFast", "processor_class": "CLIPProcessor"},
    "adapter": {"auto_mapping": None, "base_model_name_or_path": "org/base",
                "megatron_config": None, "megatron_core": "megatron.core"},
    "adapter of a library": {"auto_mapping": {
        "parent_library": "transformers.models.bert", "base_model_class": "BertModel"}},
    "attention": {"attn_implementation": "flash_attention_2"},
    "own kernels": {"attn_implementation": "kernels-community/flash-attn"},
}  # fmt: skip


@pytest.mark.parametrize("kind", LOCAL)
def test_code_of_the_model_is_worth_knowing_and_no_more(kind: str) -> None:
    assert severities(LOCAL[kind]) == [Severity.INFO]


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_code_of_another_place_is_high(kind: str) -> None:
    assert severities(ELSEWHERE[kind]) == [Severity.HIGH]


@pytest.mark.parametrize("kind", SYSTEM)
def test_a_name_that_reaches_the_system_is_at_least_high(kind: str) -> None:
    (severity,) = severities(SYSTEM[kind])
    assert severity >= Severity.HIGH


@pytest.mark.parametrize("kind", PLAIN)
def test_an_ordinary_configuration_is_left_alone(tmp_path: Path, kind: str) -> None:
    assert severities(PLAIN[kind]) == []
    result = scan_bytes(tmp_path, json.dumps(PLAIN[kind]).encode(), name="config.json")
    assert (result.verdict, result.findings) == (Verdict.PASS, ())


def test_code_in_a_folder_is_found_from_its_configuration() -> None:
    value = {"auto_map": {"AutoTokenizer": "tokenization.Tok"}}
    assert severities(value, "sub/tokenizer_config.json") == [Severity.INFO]
    assert severities(value, "config.json") == [Severity.HIGH]


def test_code_of_another_package_is_worth_knowing() -> None:
    adapter = {"auto_mapping": {"parent_library": "somewhere.models", "base_model_class": "A"}}
    assert severities(adapter) == [Severity.INFO]
    assert severities(diffusers(unet=["stable_diffusion", "Checker"])) == [Severity.INFO]


def test_the_value_of_a_repeated_key_counts_too() -> None:
    text = b'{"auto_map": {"A": "a/b--m.M"}, "auto_map": {"A": "modeling.M"}}'
    found = found_by(DETECTOR, text, name="config.json", root=ROOT)
    assert {finding.evidence["name"] for finding in found} >= {"modeling.M"}


def test_a_configuration_in_an_archive_cannot_see_its_files() -> None:
    inner = json.dumps({"auto_map": {"AutoModel": "modeling.Model"}}).encode()
    (finding,) = found_by(DETECTOR, zip_of({"config.json": inner}))
    assert finding.severity is Severity.INFO
    inner = json.dumps({"auto_map": {"AutoModel": "a/b--modeling.Model"}}).encode()
    (finding,) = found_by(DETECTOR, zip_of({"config.json": inner}))
    assert finding.severity is Severity.HIGH


def test_a_directory_with_its_code_passes_and_says_so(tmp_path: Path) -> None:
    config = {"auto_map": {"AutoModel": "modeling.Model"}, "transformers_version": "4.50.0"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "modeling.py").write_text("class Model: ...\n")
    (tmp_path / "custom_generate").mkdir()
    (tmp_path / "custom_generate" / "generate.py").write_text("def generate(): ...\n")
    result = scan_artifact(open_artifact(tmp_path), BUILT_IN)
    assert [f.severity for f in result.findings if f.rule.id == "HUB001"] == [Severity.INFO] * 2
    assert all(file.verdict is not Verdict.FAIL for file in result.files)
