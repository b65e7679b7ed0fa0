"""Names of code: which texts are such names, and how bad each is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import Severity
from modelkeep.scan.named_code import code_name, is_class_name, is_sink, judge_target


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *(
            ("os.system", "os.system"),
            (" os.system\n", "os.system"),
            ("os:system", "os.system"),
        ),
        *(("os", None), ("a b.c", None), ("a..b", None), (".a", None), (1, None), (None, None)),
        *(("weights.pkl", None), ("requests.json", None), ("1.5", None), ("a.b" * 200, None)),
    ],
)
def test_dotted_identifiers_are_names(value: object, name: str | None) -> None:
    assert code_name(value) == name


@given(st.text())
def test_any_text_is_judged_without_error(text: str) -> None:
    name = code_name(text)
    if name is not None:
        judge_target(name)
        is_sink(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.B", True), ("a._B", True), ("a.b", False), ("A.b", False), ("a.b.C_d", True)],
)
def test_classes_are_written_with_a_capital(name: str, expected: bool) -> None:
    assert is_class_name(name) is expected


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("os.system", Severity.CRITICAL),
        ("builtins.exec", Severity.CRITICAL),
        ("subprocess.Popen", Severity.CRITICAL),
        ("some_package.run_it", Severity.HIGH),
        ("some_package.Net", Severity.INFO),
        ("torch.nn.functional.relu", Severity.INFO),
        ("collections.OrderedDict", None),
        ("builtins.relu", None),
        ("torch.compile", None),
    ],
)
def test_a_target_is_as_bad_as_what_it_reaches(name: str, severity: Severity | None) -> None:
    assert judge_target(name) == severity


@pytest.mark.parametrize("name", ["os.system", "posix.popen", "builtins.eval", "pty.spawn"])
def test_sinks_are_sinks_under_any_key(name: str) -> None:
    assert is_sink(name)


@pytest.mark.parametrize(
    "name", ["http.request", "builtins.relu", "a.b", "test.unit", "io.kafka"]
)
def test_names_with_other_meanings_are_no_sinks(name: str) -> None:
    assert not is_sink(name)
