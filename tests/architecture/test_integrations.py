"""Files for other people's pipelines: they parse, run, and use only options that exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import check_samples as samples
from modelkeep.cli.main import cli
from modelkeep.core.settings import table
from modelkeep.report import renderers

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
ACTION = ROOT / "action.yml"
TEMPLATE = ROOT / "ci" / "gitlab-template.yml"


def load(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def known_options() -> set[str]:
    return {
        option
        for parameter in cli.commands["scan"].params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }


@pytest.mark.parametrize("path", [HOOKS, ACTION, TEMPLATE], ids=lambda path: path.name)
def test_only_options_formats_and_settings_that_exist_are_used(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    commands = re.findall(r"modelkeep\"? scan.*|options\+?=.*", text)
    assert commands
    used = {word for line in commands for word in re.findall(r"--[a-z][a-z-]*", line)}
    assert used <= known_options()
    formats = set(re.findall(r"--output \"?([a-z]+)=", text))
    assert formats <= {renderer.name for renderer in renderers()}
    settings = {f"MODELKEEP_{s.key.upper().replace('.', '_')}" for s in table()}
    assert set(re.findall(r"\bMODELKEEP_[A-Z_]+", text)) <= settings


def test_hook_is_one_that_pre_commit_can_run() -> None:
    (hook,) = load(HOOKS)
    assert hook["id"] == "modelkeep-scan"
    assert {"id", "name", "entry", "language"} <= hook.keys()
    words = hook["entry"].split()
    assert words[:2] == ["modelkeep", "scan"]
    assert hook["language"] == "python"


def test_hook_judges_the_files_it_is_given(desk: samples.Sample) -> None:
    (hook,) = load(HOOKS)
    Path("bomb.pkl").write_bytes(samples.BOMB)
    Path("README.md").write_text("text")
    words = hook["entry"].split()[1:] + hook.get("args", [])
    assert samples.said(*words, "README.md", desk.model).code == 0
    assert samples.said(*words, "README.md", "bomb.pkl").code == 1


def run_action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the scan step as a runner does, with the command where the first step puts it."""
    command = folder / "modelkeep" / "bin" / "modelkeep"
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m modelkeep "$@"\n')
    command.chmod(0o755)
    action = load(ACTION)
    (step,) = (s for s in action["runs"]["steps"] if s["name"] == "Scan")
    defaults = {name: given["default"] for name, given in action["inputs"].items()}
    values = defaults | {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: values[found[1]], text)
        for name, text in step["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env=os.environ | environment | {"RUNNER_TEMP": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_action_annotates_writes_sarif_and_fails(desk: samples.Sample, tmp_path: Path) -> None:
    models = samples.directory_of(desk.folder / "my models", bomb__pkl=samples.BOMB)
    (models / "notes.md").write_text("text")
    done = run_action(tmp_path, paths=f"{models.name}\nmodel.onnx\n", exclude="*.md\n")
    assert done.returncode == 1, done.stderr
    assert "::error file=my models/bomb.pkl,title=PKL001" in done.stdout
    (run,) = json.loads(Path("modelkeep.sarif").read_text())["runs"]
    assert run["results"][0]["ruleId"] == "PKL001"
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert any("excluded by *.md" in note["message"]["text"] for note in notes)


def test_action_passes_and_takes_its_other_inputs(desk: samples.Sample, tmp_path: Path) -> None:
    Path("bomb.pkl").write_bytes(samples.BOMB)
    samples.said("scan", "bomb.pkl", "--write-baseline", "known.json")
    inputs = {"paths": "bomb.pkl", "baseline": "known.json", "fail_on": "info"}
    done = run_action(tmp_path, **inputs, format="table", sarif="out.sarif")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS")
    assert Path("out.sarif").is_file()
    assert desk.model.is_file()


@pytest.mark.parametrize(
    "hostile", ["$(touch owned)", "`touch owned`", "; touch owned", "--help"]
)
def test_inputs_are_never_shell_code_or_options(
    desk: samples.Sample, tmp_path: Path, hostile: str
) -> None:
    done = run_action(tmp_path, paths=hostile)
    assert done.returncode == 2
    assert "no such file or directory" in done.stderr
    assert not (desk.folder / "owned").exists()


def test_every_input_of_the_action_is_used_and_described() -> None:
    action = load(ACTION)
    text = ACTION.read_text(encoding="utf-8")
    for name, given in action["inputs"].items():
        assert given["description"].endswith(".")
        assert f"inputs.{name} }}}}" in text
    assert action["runs"]["using"] == "composite"
    scripts = "".join(step["run"] for step in action["runs"]["steps"])
    assert "${{" not in scripts, "an expression in a script is code of whoever gives the input"


def test_template_reports_what_its_command_writes(desk: samples.Sample) -> None:
    job = load(TEMPLATE)["modelkeep-scan"]
    line = next(line for line in job["script"] if line.startswith("modelkeep scan"))
    words = line.replace("$SCAN_PATHS", "model.onnx bomb.pkl").split()[1:]
    Path("bomb.pkl").write_bytes(samples.BOMB)
    assert samples.said(*words).code == 1
    for name in (*job["artifacts"]["reports"].values(), *job["artifacts"]["paths"]):
        assert (desk.folder / name).is_file()
    assert job["artifacts"]["when"] == "always"
    assert json.loads(Path(job["artifacts"]["reports"]["codequality"]).read_text())
