"""PYC007: objects that code restores."""

from __future__ import annotations

from code_samples import BehavesLikeARule
from modelkeep.core import Severity
from modelkeep.scan.python_unpickle import DETECTOR
from samples import found_by


class TestUnpickle(BehavesLikeARule):
    detector = DETECTOR
    bad = (
        'import pickle\nm = pickle.load(open("w.bin", "rb"))',
        'import pickle\npickle.loads(b"x")',
        'import pickle, base64\npickle.loads(base64.b64decode("gAR9lC4="))',
        "import marshal\nmarshal.loads(x)",
        "import dill, zlib\ndill.loads(zlib.decompress(x))",
        'from pickle import loads as l\nl(bytes.fromhex("8004"))',
        'import marshal, base64\nexec(marshal.loads(base64.b64decode("4w==")))',
        'import cloudpickle\ncloudpickle.loads(b"x")',
    )
    good = (
        'import torch\ntorch.load("w.bin", weights_only=True)',
        "import torch\ntorch.load(path)",
        'import pickle\ndef f(p):\n    with open("v.pkl", "rb") as f:\n        pickle.load(f)',
        'import numpy as np\nnp.load("a.npy")',
        'import yaml\nyaml.safe_load(open("x"))',
        'import yaml\nyaml.load(open("x"), Loader=yaml.SafeLoader)',
        'import json\njson.loads("{}")',
    )


def test_a_pickle_that_is_part_of_the_artifact_is_scanned_itself() -> None:
    text = b'import pickle\nm = pickle.load(open("w.bin", "rb"))\n'
    (inside,) = found_by(DETECTOR, text, name="m.py", root=["m.py", "w.bin"])
    (outside,) = found_by(DETECTOR, text, name="m.py", root=["m.py"])
    assert (inside.severity, outside.severity) == (Severity.LOW, Severity.HIGH)
