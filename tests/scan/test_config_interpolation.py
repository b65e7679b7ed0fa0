"""What ``${...}`` stands for: within the document, bounded, holes where it is not settled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.scan.config_interpolation import HOLE, interpolated

ROOT = {
    "t": "os.system",
    "a": {"b": "os", "c": ["x", "y"]},
    "n": 3,
    "which": "b",
    "later": "???",
    "chain": "${t}",
    "model": {"t": "os.popen"},
}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain", "plain"),
        ("${t}", "os.system"),
        ("${ t }", "os.system"),
        ("${a.b}.system", "os.system"),
        ("${a.c[1]}", "y"),
        ("${a[b]}", "os"),
        ("${a.${which}}", "os"),
        ("${.t}", "os.popen"),
        ("${..t}", "os.system"),
        ("${chain}", "os.system"),
        ("${group.t}", "os.system"),
        ("v${n}", "v3"),
        ("${oc.env:X,os.system}", "os.system"),
        ("${oc.env:X}", HOLE),
        ("${oc.select:no,d}", "d"),
        ("${oc.select:t,d}", "os.system"),
        ("${oc.decode:x}", "x"),
        ("${later}", HOLE),
        ("${nowhere}.system", f"{HOLE}.system"),
        ("\\${t}", "\\${t}"),
    ],
)
def test_it_becomes(text: str, made: str) -> None:
    assert interpolated(text, ROOT, ("model", "_target_")) == (made,)


def test_a_function_of_the_program_may_join_in_either_way() -> None:
    assert set(interpolated("${f:os,system}", ROOT, ("x",))) == {"ossystem", "os.system"}


@pytest.mark.parametrize(
    "root", [{"a": "${b}", "b": "${a}"}, {"a": "${a}${a}"}, {"a": "x${b}", "b": "${a}${a}"}]
)
def test_circles_and_doublings_end(root: dict[str, str]) -> None:
    made = interpolated("${a}", root, ("x",))
    assert all(len(one) <= 1000 for one in made)


@given(st.text(alphabet="${}.:,ab[]1 ", max_size=60))
def test_any_text_becomes_something(text: str) -> None:
    assert interpolated(text, {"a": "b", "b": {"a": 1}}, ("a", "b"))
