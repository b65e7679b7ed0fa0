"""PYC003: names that are hidden."""

from __future__ import annotations

from code_samples import BehavesLikeARule
from modelkeep.scan.python_hidden import DETECTOR


class TestHidden(BehavesLikeARule):
    detector = DETECTOR
    bad = (
        'globals()["__builtins__"]["eval"]("1")',
        'import os\ngetattr(os, name)("true")',
        "import builtins\ngetattr(builtins, config.x)",
        "().__class__.__base__.__subclasses__()",
        '[c for c in "".__class__.__mro__[1].__subclasses__()]',
        "object.__subclasses__()",
        "import base64\n__import__(base64.b64decode(x).decode())",
        '__import__("o" + "s")',
        'import importlib\nimportlib.import_module("".join(["sub", "process"]))',
        'import operator\noperator.methodcaller("system", "true")(m)',
        '__import__("so"[::-1])',
    )
    good = (
        'import importlib\nimportlib.import_module("torch.nn")',
        'import importlib\ndef f(n): return importlib.import_module("." + n, __package__)',
        "import torch\ngetattr(torch, dtype)",
        "class A:\n    pass\nA.__subclasses__()",
        'import os\ngetattr(os, "sched_getaffinity")(0)',
        'import importlib.util\nimportlib.util.find_spec("flash_attn")',
        '__import__("pkg_resources").declare_namespace(__name__)',
    )
