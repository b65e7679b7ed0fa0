"""YML001: tags that import or construct, judged by what they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.yaml_tag import DETECTOR
from samples import found_by, scan_bytes, zip_of


def severities(text: str) -> list[Severity]:
    return [f.severity for f in found_by(DETECTOR, text.encode(), name="c.yaml")]


@pytest.mark.parametrize(
    "text",
    [
        '!!python/object/apply:os.system ["true"]',
        "a: !!python/object/new:subprocess.Popen [[x]]",
        "a: !!python/name:os.system",
        "a: !!python/name:exec ''",
        "a: !!python/object/apply:builtins.eval ['1']",
        "a: !!python/module:subprocess",
        "%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.system x",
        "a: !<tag:yaml.org,2002:python/name:os.system> x",
        "a: !!python/object/apply%3Aos.system [x]",
        "!!javax.script.ScriptEngineManager [x]",
        "a: !!java.net.URLClassLoader [x]",
    ],
)
def test_what_reaches_the_system_is_critical(text: str) -> None:
    assert severities(text) == [Severity.CRITICAL]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:some_package.run_it [x]",
        "a: !!python/module:some_package",
        "a: !!com.example.Gadget {}",
        "a: !!js/function 'function () {}'",
        "a: !!ruby/object:Gem::Installer {i: x}",
        "a: !ruby/object:Gem::Installer {i: x}",
        "a: !eval 1",
    ],
)
def test_what_nobody_knows_is_high(text: str) -> None:
    assert severities(text) == [Severity.HIGH]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object:some_package.Config {x: 1}",
        "a: !!python/object/new:some_package.Config [1]",
        "a: !!python/name:some_package.function ''",
    ],
)
def test_code_of_the_users_own_is_only_mentioned(text: str) -> None:
    assert severities(text) == [Severity.INFO]


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/tuple [1, 2]\nb: !!python/unicode x\nc: !!python/bytes eA==\n",
        "a: !!set {x, y}\nb: !!omap [x: 1]\nc: !!binary eA==\nd: !!timestamp 2020-01-01\n",
        "a: !!str 1\nb: !!int '1'\nc: ! x\n",
        "a: !!python/object/apply:collections.OrderedDict [[]]",
        "a: !include other.yaml\nb: !ENV ${HOME}\nc: !Ref x\n",
        "a: '!!python/object/apply:os.system'\n# !!python/name:os.system\n",
    ],
)
def test_plain_types_and_texts_are_silent(text: str) -> None:
    assert severities(text) == []


@pytest.mark.parametrize("name", ["c.yaml", "c.yml", "c.txt", "hparams"])
def test_the_file_fails_whatever_its_name(tmp_path: Path, name: str) -> None:
    text = b'a: 1\nb: !!python/object/apply:os.system ["true"]\n'
    assert scan_bytes(tmp_path, text, name=name).verdict is Verdict.FAIL


def test_what_stands_before_an_error_fails_too(tmp_path: Path) -> None:
    text = b"a: 1\nb: !!python/object/apply:os.system [x]\nc: [\n"
    assert scan_bytes(tmp_path, text, name="c.yaml").verdict is Verdict.FAIL


def test_a_tag_has_its_line_and_is_told_once() -> None:
    text = b"a: 1\nb: !!python/name:os.system x\nc: !!python/name:os.system x\n"
    (finding,) = found_by(DETECTOR, zip_of({"c.yaml": text}))
    assert finding.message == "line 2: loading would construct !!python/name:os.system"
