"""MLF001: what an MLmodel file would import and open."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import Severity
from modelkeep.scan.mlflow_model import DETECTOR
from samples import found_by


def model(**pyfunc: object) -> bytes:
    flavor = {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", **pyfunc}
    document = {
        "artifact_path": "s3://bucket/model",
        "flavors": {"python_function": flavor, "sklearn": {"pickled_model": "model.pkl"}},
        "run_id": "1",
        "signature": {"inputs": "[]"},
    }
    return json.dumps(document).encode()


ORDINARY = {
    "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    "code": "code",
    "python_version": "3.11.7",
    "data": "data",
    "model_code_path": "/home/me/model.py",
}


def test_what_mlflow_logs_is_silent() -> None:
    assert found_by(DETECTOR, model(**ORDINARY)) == []


@pytest.mark.parametrize(
    "module", ["subprocess", "os", "posix", "importlib.util", "runpy", "x/y", "a b"]
)
def test_dangerous_loaders_are_high(module: str) -> None:
    (finding,) = found_by(DETECTOR, model(loader_module=module))
    assert finding.severity is Severity.HIGH


def test_a_loader_of_its_own_is_noted() -> None:
    (finding,) = found_by(DETECTOR, model(loader_module="my_loader", code="code"))
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize(
    "field",
    [
        {"model_path": "../../etc/passwd"},
        {"data": "/etc"},
        {"code": "..\\x"},
        {"env": "https://host/conda.yaml"},
        {"env": {"conda": "../conda.yaml"}},
        {"model_code_path": "../x.py"},
        {"python_model": "../x.pkl"},
    ],
)
def test_paths_that_leave_the_model_are_high(field: dict[str, object]) -> None:
    (finding,) = found_by(DETECTOR, model(**field))
    assert finding.severity is Severity.HIGH


def test_other_documents_are_left_alone() -> None:
    assert found_by(DETECTOR, b'{"loader_module": "os", "path": "/etc"}') == []
    assert found_by(DETECTOR, b'{"flavors": ["os"]}') == []
