"""The walk through a program: values are followed, and no program makes it slow or crash."""

from __future__ import annotations

import ast
import time

import pytest

from code_samples import MODELING
from modelkeep.formats.python_source import PythonSource, parse
from modelkeep.scan.python_flow import Event, events
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_scopes import Place


def walked(text: str) -> tuple[Event, ...]:
    return events(PythonSource(text, parse(text)))


def seen(text: str) -> list[str]:
    return [event.name for event in walked(text)]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a' + 'b'", "ab"),
        ("'ba'[::-1]", "ab"),
        ("''.join(['a', 'b'])", "ab"),
        ("''.join(map(chr, [97, 98]))", "ab"),
        ("''.join(chr(c ^ 1) for c in [96, 99])", "ab"),
        ("'%s%s' % ('a', 'b')", "ab"),
        ("'{}{}'.format('a', 'b')", "ab"),
        ("f\"a{'b'}\"", "ab"),
        ("bytes.fromhex('6162').decode()", "ab"),
        ("__import__('base64').b64decode('YWI=').decode()", "ab"),
        ("'xaby'.strip('xy')", "ab"),
        ("{'k': 'ab'}['k']", "ab"),
        ("['x', 'ab'][1]", "ab"),
        ("__import__('codecs').decode('no', 'rot13')", "ab"),
        ("''.join(reversed('ba'))", "ab"),
        ("(lambda x: x + 'b')('a')", "ab"),
        ("str(b'ab', 'utf-8')", "ab"),
    ],
)
def test_constants_are_computed(expression: str, value: str) -> None:
    every = walked(f"import os\nos.system({expression})")
    (event,) = [event for event in every if event.act is Act.COMMAND]
    assert event.args[0].constant == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("import os\nos.system('x')", Place.IMPORT),
        ("import os\nclass A:\n    os.system('x')", Place.IMPORT),
        ("import os\ndef forward():\n    os.system('x')", Place.LOADED),
        ("import os\nclass A:\n    def __init__(self):\n        os.system('x')", Place.LOADED),
        ("import os\ndef other():\n    os.system('x')", Place.HELPER),
        ("import os\ndef other():\n    os.system('x')\nother()", Place.IMPORT),
        ("import os\nif __name__ == '__main__':\n    os.system('x')", Place.SCRIPT),
        ("import os\nif __name__ != '__main__':\n    os.system('x')", Place.IMPORT),
    ],
)
def test_when_code_runs_is_known(text: str, place: Place) -> None:
    assert {event.place for event in walked(text)} == {place}


def test_honest_code_has_no_acts_but_its_own() -> None:
    assert "os.system" not in seen(MODELING)
    assert seen("def eval(x): return x\neval('x')\n") == []
    assert seen("class A:\n    def system(self): ...\nA().system()\n") == []


SLOW = {
    "doubling text": "a = 'x' * 1000\n" + "a = a + a\n" * 3000,
    "doubling lists": "a = [x, x]\n" + "a = a + a\n" * 3000,
    "long text": "a = 'x' * 1000000\n" + "a + 'b'\n" * 20_000,
    "calls": "def f0(): pass\n"
    + "".join(f"def f{i + 1}():\n" + f"    f{i}()\n" * 50 for i in range(8))
    + "f8()\n",
    "nested maps": "list(map(lambda x: list(map(lambda y: y, range(5000))), range(5000)))",
    "nested loops": "[[y for y in range(9999)] for x in range(9999)]",
    "long sum": "x = " + "+".join(["f()"] * 900),
    "long chain": "x" + ".f()" * 900,
    "loops": "a = [" + "x," * 9000 + "]\n" + "for b in a: pass\n" * 5000,
    "recursion": "def f(x): return f(x) + f(x)\nf(1)",
    "code in code": "exec(\"exec('exec(\\\\'exec(1)\\\\')')\")",
    "nested functions": "".join("    " * i + f"def f{i}():\n" for i in range(90))
    + "    " * 90 + "pass\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SLOW)
def test_no_program_is_slow(name: str) -> None:
    start = time.process_time()
    walked(SLOW[name])
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


def test_a_call_deep_in_a_sum_is_found() -> None:
    text = "import os\nx = " + "+".join(["1"] * 500 + ["os.system('x')"] + ["1"] * 500)
    assert "os.system" in seen(text)
    text = "import os\nx = " + "-" * 190 + "os.system('x')"
    assert "os.system" in seen(text)


def test_a_tree_without_places_is_walked() -> None:
    assert events(PythonSource("", ast.Module([], []))) == ()
