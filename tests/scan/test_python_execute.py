"""PYC002: text that is run as code."""

from __future__ import annotations

from code_samples import BehavesLikeARule
from modelkeep.scan.python_execute import DETECTOR


class TestExecute(BehavesLikeARule):
    detector = DETECTOR
    bad = (
        'import base64\nexec(base64.b64decode("eD0x"))',
        'import codecs\nexec(codecs.decode("k=1", "rot13"))',
        'exec(bytes.fromhex("783d31"))',
        'import zlib, base64\nexec(zlib.decompress(base64.b64decode("eJyrsDUEAAG2ANA=")))',
        'exec("".join(chr(c) for c in [120, 61, 49]))',
        'exec("".join(map(chr, [120, 61, 49])))',
        'exec("x" + "=1")',
        "def f(config):\n    eval(config.code)\n",
        "class M:\n    def __init__(self, c):\n        exec(c.hook)",
        'import builtins\ngetattr(builtins, "ex" + "ec")(x)',
        '__builtins__["eval"](x)',
        "list(map(eval, rows))",
        'import marshal, types\ntypes.FunctionType(marshal.loads(b"x"), globals())()',
        'exec(compile(open("weights.bin").read(), "x", "exec"))',
        "import code\ncode.InteractiveInterpreter().runsource(x)",
        "e = exec\ne(x)",
        "@exec\n@input\nclass A: pass",
        'from pyarmor_runtime import __pyarmor__\n__pyarmor__(__name__, __file__, b"x")',
        'exec("1=x"[::-1])',
    )
    good = (
        'exec("x = 1")',
        "model.eval()",
        "import torch\ntorch.compile(model)",
        'import re\nre.compile("x")',
        'eval("1 + 1")',
        'exec(open("version.py").read())',
        'def f(name):\n    return eval(f"torch.nn.{name}")',
        "def eval(x): return x\neval(y)",
        'import pandas as pd\nframe.eval("a + b")',
        'tf.keras.Model.compile(model, loss="mse")',
        'compile("x", "y", "exec")',
    )
