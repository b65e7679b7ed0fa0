"""The MLflow plug-in, with MLflow's own client in an environment of its own.

``MLFLOW_PYTHON`` names an interpreter in whose environment MLflow (3.17.2 was used) and this
package are installed; without it the tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVER = '''
import json
import os
import sys
from pathlib import Path

here = Path(sys.argv[1])
os.chdir(here)
import mlflow
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from modelkeep import pipeline
from modelkeep.core import ModelkeepError

LOADER = """
class Echo:
    def __init__(self, word):
        self.word = word

    def predict(self, rows, params=None):
        return [self.word] * len(rows)


def _load_pyfunc(path):
    with open(path, encoding="utf-8") as handle:
        return Echo(handle.read())
"""
told = {}


def loaded(address):
    try:
        return mlflow.pyfunc.load_model(address).predict([1])
    except ModelkeepError as error:
        return f"{type(error).__name__}: {error.message}"


mlflow.set_tracking_uri(f"sqlite:///{here}/mlflow.db")
(here / "echo_loader.py").write_text(LOADER)
(here / "word.txt").write_text("hello")
place = mlflow.create_experiment("e", artifact_location=(here / "artifacts").as_uri())
with mlflow.start_run(experiment_id=place):
    mlflow.pyfunc.log_model(
        name="m",
        loader_module="echo_loader",
        data_path=str(here / "word.txt"),
        code_paths=[str(here / "echo_loader.py")],
        pip_requirements=["mlflow"],
        registered_model_name="echo",
    )
mlflow.MlflowClient().set_registered_model_alias("echo", "best", "1")
store = Path(ModelsArtifactRepository("models:/echo/1").repo.artifact_dir)
told["without a keep"] = loaded("modelkeep:/echo/1")
pipeline.init_keep(here / ".modelkeep", "dev")
told["without evidence"] = loaded("modelkeep:/echo/1")
pipeline.check(store)
told["checked"] = loaded("modelkeep:/echo/1")
told["alias"] = loaded("modelkeep:/echo@best")
one = mlflow.artifacts.download_artifacts("modelkeep:/echo/1/data/word.txt")
told["file"] = Path(one).read_text()
target = here / "target"
target.mkdir()
mlflow.artifacts.download_artifacts("modelkeep:/echo/1", dst_path=str(target))
told["downloaded"] = sorted(p.name for p in target.iterdir())
told["links"] = [p.name for p in target.rglob("*") if p.is_symlink()]
try:
    mlflow.artifacts.download_artifacts("modelkeep:/echo/1/data/none.txt")
except ModelkeepError as error:
    told["no such file"] = error.message
next(store.rglob("word.txt")).write_text("evil")
told["tampered, plain"] = loaded("models:/echo/1")
told["tampered"] = loaded("modelkeep:/echo/1")
told["tampered alias"] = loaded("modelkeep:/echo@best")
next(store.rglob("word.txt")).write_text("hello")
(store / "added.txt").write_text("")
told["added"] = loaded("modelkeep:/echo/1")
(here / "told.json").write_text(json.dumps(told))
'''


def test_entry_point_names_the_class() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = project["entry-points"]["mlflow.artifact_repository"]["modelkeep"]
    module, _, name = found.partition(":")
    source = ROOT / "src" / f"{module.replace('.', '/')}.py"
    assert f"class {name}(ArtifactRepository)" in source.read_text()


@pytest.mark.slow
def test_only_the_checked_bytes_of_a_version_are_handed_out(tmp_path: Path) -> None:
    python = os.environ.get("MLFLOW_PYTHON")
    if not python:
        pytest.skip("MLFLOW_PYTHON names no interpreter with MLflow and this package")
    ran = subprocess.run(
        [python, "-c", DRIVER, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "MLFLOW_ENABLE_ASYNC_LOGGING": "false"},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["checked"] == told["alias"] == ["hello"]
    assert told["file"] == "hello"
    assert {"MLmodel", "data"} <= set(told["downloaded"])
    assert told["links"] == [], "what is handed out does not lead back to the store"
    assert told["tampered, plain"] == ["evil"], "MLflow itself does not notice"
    for case in ("without evidence", "tampered", "tampered alias", "added"):
        assert told[case].startswith("RefusedError: "), told
    assert told["without a keep"].startswith("InputError: "), told
    assert "holds no 'data/none.txt'" in told["no such file"]
