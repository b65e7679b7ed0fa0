"""A labelled set of ML code: each weakness is found with its line, its mended twin is silent.

The set is of our own making and was written down before the rules were run on it; what is
silent must be silent by every rule.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from modelkeep import pipeline

VALUE: Final = "qT7#vLm2xZ9r"
# name: (weak code, its line, rules one of which must fire there, mended twin)
LABELLED: Final = {
    "torch.load": (
        "import torch\n\ndef restore(path):\n    return torch.load(path)\n",
        4,
        {"PYC007"},
        "import torch\n\ndef restore(path):\n    return torch.load(path, weights_only=True)\n",
    ),
    "torch.load said unsafe": (
        "import torch\nstate = torch.load('w.pt', map_location='cpu', weights_only=False)\n",
        2,
        {"PYC007"},
        "import torch\nstate = torch.load('w.pt', map_location='cpu', weights_only=True)\n",
    ),
    "trust_remote_code": (
        (
            "from transformers import AutoModel\n\n"
            "m = AutoModel.from_pretrained('a/b', trust_remote_code=True)\n"
        ),
        3,
        {"PYC012"},
        "from transformers import AutoModel\n\nm = AutoModel.from_pretrained('a/b')\n",
    ),
    "trust_remote_code in options": (
        (
            "from datasets import load_dataset\n\nO = {'trust_remote_code': True}\n"
            "data = load_dataset('a/b', **O)\n"
        ),
        3,
        {"PYC012"},
        (
            "from datasets import load_dataset\n\nO = {'trust_remote_code': False}\n"
            "data = load_dataset('a/b', **O)\n"
        ),
    ),
    "yaml.load": (
        (
            "import yaml\n\ndef read(path):\n    with open(path) as f:\n"
            "        return yaml.load(f, Loader=yaml.Loader)\n"
        ),
        5,
        {"PYC007"},
        (
            "import yaml\n\ndef read(path):\n    with open(path) as f:\n"
            "        return yaml.load(f, Loader=yaml.SafeLoader)\n"
        ),
    ),
    "yaml.unsafe_load": (
        "import yaml\nc = yaml.unsafe_load(open('c.yml'))\n",
        2,
        {"PYC007"},
        "import yaml\nc = yaml.safe_load(open('c.yml'))\n",
    ),
    "eval of an argument": (
        "import sys\nvalue = eval(sys.argv[1])\n",
        2,
        {"PYC002"},
        "import ast, sys\nvalue = ast.literal_eval(sys.argv[1])\n",
    ),
    "eval of a metric": (
        "def metric(expression, y):\n    return eval(expression)\n",
        2,
        {"PYC002"},
        "METRICS = {'mean': min}\n\ndef metric(name, y):\n    return METRICS[name](y)\n",
    ),
    "exec": (
        "import os\ndef step(line):\n    exec(line)\n",
        3,
        {"PYC002"},
        "import os\ndef step(line):\n    print(line)\n",
    ),
    "password": (
        f"import psycopg\n\nconn = psycopg.connect(user='ml', password={VALUE!r})\n",
        3,
        {"PYC014"},
        (
            "import os\nimport psycopg\n\n"
            "conn = psycopg.connect(user='ml', password=os.environ['PGPASSWORD'])\n"
        ),
    ),
    "key of a service": (
        f"import boto3\n\nc = boto3.client('s3', aws_secret_access_key={VALUE * 3!r})\n",
        3,
        {"PYC014"},
        "import boto3\n\nc = boto3.client('s3')\n",
    ),
    "verify=False": (
        "import requests\n\ndef fetch(url):\n    return requests.get(url, verify=False)\n",
        4,
        {"PYC013"},
        "import requests\n\ndef fetch(url):\n    return requests.get(url, timeout=9)\n",
    ),
    "unverified context": (
        "import ssl\n\nssl._create_default_https_context = ssl._create_unverified_context\n",
        3,
        {"PYC013"},
        "import ssl\n\ncontext = ssl.create_default_context()\n",
    ),
    "pickle over requests": (
        (
            "import pickle\nimport requests\n\n"
            "m = pickle.loads(requests.get('https://host.invalid/m').content)\n"
        ),
        4,
        {"PYC004"},
        "import requests\n\nm = requests.get('https://host.invalid/m', timeout=9).json()\n",
    ),
    "joblib over urllib": (
        (
            "import io\nimport joblib\nimport urllib.request\n\n"
            "raw = urllib.request.urlopen('http://host.invalid/m').read()\n"
            "m = joblib.load(io.BytesIO(raw))\n"
        ),
        6,
        {"PYC004"},
        (
            "import io\nimport json\nimport urllib.request\n\n"
            "raw = urllib.request.urlopen('https://host.invalid/m').read()\n"
            "m = json.loads(raw)\n"
        ),
    ),
    "pickle over a socket": (
        "import pickle\n\ndef receive(conn):\n    return pickle.loads(conn.recv(4096))\n",
        4,
        {"PYC004", "PYC007"},
        "import json\n\ndef receive(conn):\n    return json.loads(conn.recv(4096))\n",
    ),
    "allow_pickle": (
        "import numpy as np\nx = np.load('x.npy', allow_pickle=True)\n",
        2,
        {"PYC007"},
        "import numpy as np\nx = np.load('x.npy')\n",
    ),
    "safe_mode": (
        "import keras\nm = keras.models.load_model('m.keras', safe_mode=False)\n",
        2,
        {"PYC007"},
        "import keras\nm = keras.models.load_model('m.keras')\n",
    ),
    "read_pickle": (
        "import pandas as pd\nx = pd.read_pickle('x.pkl')\n",
        2,
        {"PYC007"},
        "import pandas as pd\nx = pd.read_parquet('x.parquet')\n",
    ),
    "joblib": (
        "import joblib\n\ndef get(p):\n    return joblib.load(p)\n",
        4,
        {"PYC007"},
        "import skops.io\n\ndef get(p):\n    return skops.io.get_untrusted_types(file=p)\n",
    ),
    "shell": (
        (
            "import subprocess\n\ndef run(name):\n"
            "    subprocess.run('convert ' + name, shell=True)\n"
        ),
        4,
        {"PYC001"},
        "def run(name):\n    return name.upper()\n",
    ),
}


def lint(folder: Path, text: str) -> set[tuple[str, int]]:
    """Rule and line of every finding about one module of a repository."""
    (folder / "train_step.py").write_text(text)
    report = pipeline.scan(folder, **{"scan.cache": "off"})
    assert [file.format for file in report.files] == ["python"]
    return {(f.rule, int(f.evidence.get("line", "0"))) for f in report.all_findings()}


@pytest.mark.parametrize("name", LABELLED)
def test_weakness_is_found_with_its_line(name: str, tmp_path: Path) -> None:
    weak, line, rules, _ = LABELLED[name]
    found = lint(tmp_path, weak)
    assert any((rule, line) in found for rule in rules), found


@pytest.mark.parametrize("name", LABELLED)
def test_mended_twin_is_silent(name: str, tmp_path: Path) -> None:
    assert lint(tmp_path, LABELLED[name][3]) == set()
