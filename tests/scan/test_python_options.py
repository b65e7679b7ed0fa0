"""Options a module sets, wherever they stand."""

from __future__ import annotations

import ast
import re

from modelkeep.scan.python_options import options

FORM = re.compile("^flag$")


def lines(text: str) -> list[tuple[int, object]]:
    found = options(ast.parse(text), FORM)
    return [
        (o.line, o.value.value if isinstance(o.value, ast.Constant) else None) for o in found
    ]


def test_every_place_of_an_option_is_read() -> None:
    text = (
        "f(flag=1)\nx = {'flag': 2}\ndef g(flag=3, *, other=0): ...\n"
        "def h(*, flag=4): ...\nx.flag = 5\nx['flag'] = 6\nflag: int = 7\nlambda flag=8: 0\n"
    )
    assert lines(text) == [(n, n) for n in range(1, 9)]


def test_name_counts_as_its_value_only_if_it_is_bound_once() -> None:
    assert lines("A = 1\nf(flag=A)\n") == [(2, 1)]
    assert lines("A = 1\nA = 2\nf(flag=A)\n") == [(3, None)]
    assert lines("for A in x:\n    f(flag=A)\n") == [(2, None)]
    assert lines("A = 1\ndef g(A):\n    f(flag=A)\n") == [(3, None)]
    assert lines("f(**flag)\nflag()\n") == []


def test_there_is_a_bound() -> None:
    assert len(lines("".join(f"f(flag={n})\n" for n in range(500)))) == 200
