"""A confined child answers like the model it holds; one that dies is an error with a name."""

from __future__ import annotations

import io
import os
import pickle
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from modelkeep.core import InputError
from modelkeep.models.confined import Child, ConfinedModel

ROWS = np.random.default_rng(0).normal(size=(60, 4))
LABELS = np.array(["no", "yes"])[(ROWS[:, 0] > 0).astype(int)]
PIPELINE = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))
PIPELINE.fit(ROWS, LABELS)


def joblib_bytes(value: object) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("scikit-learn", pickle.dumps(PIPELINE)),
        ("scikit-learn", joblib_bytes(PIPELINE)),
        ("skops", skops.io.dumps(PIPELINE)),
    ],
    ids=["pickle", "joblib", "skops"],
)
def test_the_child_answers_like_the_model(kind: str, data: bytes) -> None:
    model = ConfinedModel(kind, data)
    assert np.allclose(model.predict(ROWS), PIPELINE.predict_proba(ROWS))
    assert (model.classes, model.spec.shape) == (("no", "yes"), (4,))
    assert "resource limits" in model.note
    with pytest.raises(InputError, match="takes 4 features"):
        model.predict(ROWS[:, :3])


def test_texts_reach_a_pipeline_that_takes_them_and_mixed_rows_are_refused() -> None:
    texts = np.array(["a fine day", "a poor day", "fine, über-fine"], dtype=object)
    reader = make_pipeline(TfidfVectorizer(), LogisticRegression())
    reader.fit(list(texts), ["good", "bad", "good"])
    model = ConfinedModel("scikit-learn", pickle.dumps(reader))
    assert model.spec.shape is None
    assert np.allclose(model.predict(texts), reader.predict_proba(list(texts)))
    assert model.predict(texts[:0]).shape == (0, 2)
    numbers = ConfinedModel("scikit-learn", pickle.dumps(PIPELINE))
    with pytest.raises(InputError, match="takes numbers") as refused:
        numbers.predict(np.array([[1.0, 2.0, 3.0, "red"]], dtype=object))
    assert "--preprocess" in refused.value.hint


def test_scores_without_probabilities_are_turned_into_some() -> None:
    model = ConfinedModel("scikit-learn", pickle.dumps(LinearSVC().fit(ROWS, LABELS)))
    assert np.allclose(model.predict(ROWS).sum(axis=1), 1)


def test_a_state_dict_comes_back_as_arrays() -> None:
    module = torch.nn.Linear(3, 2)
    out = io.BytesIO()
    torch.save({"state_dict": module.state_dict(), "epoch": 3}, out)
    child = Child("torch-state", out.getvalue())
    assert np.array_equal(child.arrays["weight"], module.weight.detach().numpy())
    child.close()


class Reach:
    """Would make a file if it were ever called; the child must refuse before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def planted(path: Path) -> dict[str, bytes]:
    """Models that pass at first sight and try to reach out when they are loaded."""
    model = LogisticRegression().fit(ROWS, LABELS)
    model.extra = Reach(path)
    forest = LogisticRegression().fit(ROWS, LABELS)
    forest.coef_ = np.array([Reach(path)], dtype=object)
    dotted = b"csklearn.base\nos.mkdir\n(S'" + str(path).encode() + b"'\ntR."
    return {
        "attribute": pickle.dumps(model),
        "joblib attribute": joblib_bytes(model),
        "objects in a joblib array": joblib_bytes(forest),
        "dotted": dotted,
        "behind the model": pickle.dumps(LogisticRegression())[:-1] + b"0" + dotted,
        "getattr": b"cbuiltins\ngetattr\n(cnumpy\nndarray\nS'dump'\ntR.",
        "numpy loader": b"cnumpy\nload\n(S'/etc/passwd'\ntR.",
        "estimator with a loader": b"csklearn.datasets\nload_files\n(S'/etc'\ntR.",
    }


@pytest.mark.parametrize("name", planted(Path("x")))
def test_a_model_that_reaches_out_is_refused_and_reaches_nothing(
    tmp_path: Path, name: str
) -> None:
    target = tmp_path / "made"
    with pytest.raises(InputError, match=r"allow-list|no fitted classifier"):
        ConfinedModel("scikit-learn", planted(target)[name])
    assert not target.exists()


def test_what_is_no_classifier_is_said() -> None:
    with pytest.raises(InputError, match="no fitted classifier"):
        ConfinedModel("scikit-learn", pickle.dumps(StandardScaler()))


def test_a_child_that_dies_is_an_error_with_a_name() -> None:
    model = ConfinedModel("scikit-learn", pickle.dumps(PIPELINE))
    os.kill(model._child._process.pid, signal.SIGKILL)
    with pytest.raises(InputError, match="ended \\(signal 9\\)"):
        model.predict(ROWS)


def test_the_child_sees_none_of_the_users_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    child = ConfinedModel("scikit-learn", pickle.dumps(PIPELINE))._child
    seen = Path(f"/proc/{child._process.pid}/environ").read_bytes()
    assert b"SECRET_TOKEN" not in seen
