"""Calls into a module beside the one that is read are followed one hop."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from modelkeep.core import Verdict
from modelkeep.formats.python_source import PythonSource
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.scan.python_flow import events
from modelkeep.sources import Cache, Hashing, open_artifact

INNER = """
import os


def prepare(command):
    os.system(command)


def plain(x):
    return x
"""


def names(text: str, **files: str) -> list[tuple[str, int]]:
    shown = {name.replace("__", "/") + ".py": body.encode() for name, body in files.items()}
    found = events(PythonSource(text, ast.parse(text)), "m.py", shown.get)
    return [(event.name, event.line) for event in found]


@pytest.mark.parametrize(
    "text",
    [
        "from .inner import prepare\nprepare('true')",
        "from inner import prepare as p\np('true')",
        "import inner\ninner.prepare('true')",
        "from . import inner\ninner.prepare('true')",
        "from .inner import *\nprepare('true')",
    ],
)
def test_an_act_stands_where_it_is_called(text: str) -> None:
    assert names(text, inner=INNER) == [("os.system", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "from .inner import plain\nplain('true')",
        "from .inner import prepare",
        "from .other import prepare\nprepare('true')",
        "import json\njson.dumps(1)",
    ],
)
def test_what_is_not_called_or_not_there_is_silent(text: str) -> None:
    assert names(text, inner=INNER) == []


def test_modules_that_call_each_other_end() -> None:
    inner = "from .m import g\n\n\ndef f():\n    g()\n    f()\n"
    assert names("from .inner import f\n\n\ndef g():\n    f()\n\n\ng()\n", inner=inner) == []


def test_the_result_follows_the_bytes_of_the_other_file_in_spite_of_a_cache(
    tmp_path: Path,
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "m.py").write_text("from .inner import prepare\nprepare('true')\n")
    verdicts = []
    for body in ("def prepare(x):\n    return x\n\n\nprint(1)\n", INNER):
        (model / "inner.py").write_text(body)
        result = scan_artifact(
            open_artifact(model), BUILT_IN, cache=Cache(tmp_path / "c"), hashing=Hashing.FAST
        )
        verdicts.append({file.path: file.verdict for file in result.files}["m.py"])
    assert verdicts == [Verdict.PASS, Verdict.FAIL]
