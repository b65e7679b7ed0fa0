"""``import modelkeep as mk``: a few functions, a report, and nothing paid in advance."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import check_samples as samples
import modelkeep as mk
from modelkeep.core import ModelkeepError
from modelkeep.core.version import VERSION
from modelkeep.report import Report

HEAVY = "torch numpy sqlalchemy cedarpy cryptography onnxruntime sklearn pyarrow click rich"
PROBE = "import sys; {0}; print([n for n in {1!r}.split() if n in sys.modules])"


def test_names_are_those_promised() -> None:
    assert set(mk.__all__) == {
        "ModelkeepError",
        "Report",
        "check",
        "gate",
        "guard",
        "load",
        "record_training",
        "scan",
        "sign",
        "verify",
    }
    assert mk.__version__ == VERSION
    assert (mk.Report, mk.ModelkeepError) == (Report, ModelkeepError)


@pytest.mark.parametrize("name", ["check", "gate", "scan", "sign", "verify"])
def test_functions_say_what_they_take_give_and_raise(name: str) -> None:
    function = getattr(mk, name)
    text = inspect.getdoc(function) or ""
    assert "Args:" in text
    assert "Raises:" in text
    options = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not inspect.Parameter.empty
    ]
    assert all(option.kind is inspect.Parameter.KEYWORD_ONLY for option in options)


def test_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'fly'"):
        mk.fly  # noqa: B018 - the lookup is what is tested
    assert not hasattr(mk, "pickle")


@pytest.mark.parametrize("statement", ["import modelkeep", "import modelkeep.cli.main"])
def test_import_pulls_no_framework(statement: str) -> None:
    heavy = HEAVY if statement == "import modelkeep" else HEAVY.replace(" click", "")
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statement, heavy)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_scan_pulls_no_framework(desk: samples.Sample) -> None:
    statement = f"import modelkeep; modelkeep.scan({str(desk.model)!r})"
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(statement, "torch numpy onnxruntime sklearn")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_check_answers_with_a_report(desk: samples.Sample) -> None:
    report = mk.check(desk.model, data=desk.data, test=desk.test)
    assert isinstance(report, mk.Report)
    assert (str(report.verdict), report.exit_code) == ("PASS", 0)
    assert {m.name for m in report.measurements} >= {"test_accuracy", "robust_accuracy"}
    assert mk.gate(desk.model, action="load").exit_code == 0


def test_sign_verify_and_scan_answer_as_the_commands_do(desk: samples.Sample) -> None:
    assert mk.sign(desk.model).name == "model.onnx.sig"
    assert mk.verify(desk.model).exit_code == 0
    assert mk.scan(desk.model).exit_code == 0


def test_functions_stay_functions_when_their_rooms_are_imported(desk: samples.Sample) -> None:
    statement = (
        "import sys, modelkeep as mk; mk.scan(sys.argv[1]); mk.scan(sys.argv[1]); "
        "import modelkeep.scan.engine; mk.scan(sys.argv[1])"
    )
    assert samples.spoken(desk.model, script=statement).err == ""


def test_report_shows_itself(desk: samples.Sample) -> None:
    shown = mk.scan(desk.model)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "model.onnx" in shown


def test_errors_have_one_root_and_a_hint(desk: samples.Sample) -> None:
    with pytest.raises(mk.ModelkeepError) as caught:
        mk.scan(desk.folder / "gone.onnx")
    assert caught.value.hint
