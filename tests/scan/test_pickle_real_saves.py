"""Files as libraries write them: no pickle rule fails any of them.

The objects are of libraries that are installed; a library that is missing is skipped.
Attack samples of the same names stand in the tests of each rule.
"""

from __future__ import annotations

import argparse
import collections
import functools
import importlib
import io
import pickle
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from modelkeep.core import Severity, Verdict
from samples import PROTOCOLS, scan_bytes

ROWS = np.abs(np.random.default_rng(0).normal(size=(40, 4)))
CLASSES = np.arange(40) % 2
SLOW = frozenset("TSNE MLPClassifier MLPRegressor SpectralBiclustering".split())
WRITES: dict[str, Callable[[object], bytes]] = {
    f"protocol {protocol}": functools.partial(pickle.dumps, protocol=protocol)
    for protocol in PROTOCOLS
}


def verdict(folder: Path, data: bytes, name: str) -> None:
    result = scan_bytes(folder, data, name=name)
    failing = [f.message for f in result.findings if f.severity >= Severity.HIGH]
    assert (failing, result.verdict, result.reason) == ([], Verdict.PASS, "")


def fitted() -> Iterator[object]:
    """Every estimator of scikit-learn that can be fitted without being told how."""
    discovery = pytest.importorskip("sklearn.utils.discovery")
    for name, kind in discovery.all_estimators():
        if name.endswith("CV") or name in SLOW:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield kind().fit(ROWS[:20, :2], CLASSES[:20])
            except (TypeError, ValueError, AttributeError, NotImplementedError):
                continue


@pytest.mark.slow
def test_every_estimator_of_scikit_learn_is_silent(tmp_path: Path) -> None:
    estimators = list(fitted())
    assert len(estimators) > 100
    for protocol in (2, 4):
        verdict(tmp_path, pickle.dumps(estimators, protocol), "model.pkl")


@pytest.mark.parametrize("way", WRITES)
def test_pipelines_searches_and_kernels_are_silent(tmp_path: Path, way: str) -> None:
    pytest.importorskip("sklearn")
    stats = pytest.importorskip("scipy.stats")
    compose, linear_model, model_selection, pipeline, preprocessing, gaussian = (
        importlib.import_module(f"sklearn.{name}")
        for name in "compose linear_model model_selection pipeline preprocessing "
        "gaussian_process".split()
    )
    columns = compose.make_column_transformer((preprocessing.OneHotEncoder(), [0]))
    logistic = linear_model.LogisticRegression()
    search = model_selection.RandomizedSearchCV(logistic, {"C": stats.uniform(0, 1)}, n_iter=2)
    kernel = gaussian.kernels.RBF() + gaussian.kernels.WhiteKernel()
    process = gaussian.GaussianProcessRegressor(kernel, optimizer=None)
    function = preprocessing.FunctionTransformer(np.log1p)
    models = [
        pipeline.make_pipeline(columns, logistic).fit(ROWS, CLASSES),
        search.fit(ROWS, CLASSES),
        process.fit(ROWS, CLASSES),
        function.fit(ROWS),
    ]
    verdict(tmp_path, WRITES[way](models), "model.pkl")


@pytest.mark.parametrize("compress", [0, ("zlib", 3)])
def test_joblib_files_are_silent(tmp_path: Path, compress: object) -> None:
    joblib = pytest.importorskip("joblib")
    ensemble = pytest.importorskip("sklearn.ensemble")
    forest = ensemble.RandomForestClassifier(3).fit(ROWS, CLASSES)
    joblib.dump({"model": forest, "rows": ROWS}, tmp_path / "m.joblib", compress=compress)
    data = (tmp_path / "m.joblib").read_bytes()
    (tmp_path / "scanned").mkdir()
    verdict(tmp_path / "scanned", data, "m.joblib")


@pytest.mark.parametrize("way", WRITES)
def test_frames_are_silent(tmp_path: Path, way: str) -> None:
    pd = pytest.importorskip("pandas", reason="not among the development packages")
    days = pd.date_range("2026-01-01", periods=2, tz="UTC")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": days}, index=days)
    values = [
        frame,
        frame["a"],
        pd.Timestamp(0),
        pd.NaT,
        pd.Categorical(["a"]),
        pd.Period("2026"),
    ]
    verdict(tmp_path, WRITES[way](values), "frame.pkl")


def modules() -> Iterator[object]:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.LSTM(2, 2))
    adam = torch.optim.Adam(net.parameters())
    yield net
    yield net.state_dict()
    yield nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 1)
    yield {
        "model": net.state_dict(),
        "optimizer": adam.state_dict(),
        "schedule": torch.optim.lr_scheduler.StepLR(adam, 1).state_dict(),
        "args": argparse.Namespace(lr=0.1),
        "norm": functools.partial(nn.LayerNorm, eps=1e-6),
        "activation": [nn.functional.relu, nn.GELU, torch.tanh],
        "types": [torch.float16, torch.device("cpu"), torch.Size([1])],
        "history": collections.defaultdict(list, loss=[np.float64(1)]),
        "rng": [torch.get_rng_state(), np.random.default_rng(0)],
    }
    yield [torch.ones(2, dtype=t) for t in (torch.bfloat16, torch.int8, torch.bool)]
    yield [torch.ones(2, 2).to_sparse(), nn.Parameter(torch.ones(1)), torch.ones(1).t()]


@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoints_are_silent(tmp_path: Path, zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    for thing in modules():
        out = io.BytesIO()
        torch.save(thing, out, _use_new_zipfile_serialization=zipped)
        verdict(tmp_path, out.getvalue(), "model.pt")


@pytest.mark.parametrize("way", [way for way in WRITES if way[-1] in "245"])
def test_tensors_in_plain_pickles_are_silent(tmp_path: Path, way: str) -> None:
    for thing in modules():
        verdict(tmp_path, WRITES[way](thing), "model.pkl")


def test_boosters_are_silent(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=2).fit(ROWS, CLASSES)
    for protocol in (2, 4):
        verdict(tmp_path, pickle.dumps([model, model.get_booster()], protocol), "model.pkl")


@pytest.mark.parametrize("way", WRITES)
def test_arrays_scalars_and_generators_are_silent(tmp_path: Path, way: str) -> None:
    values = [
        *(np.zeros(2, kind) for kind in "?bhilqefdFDSUVO"),
        *(np.zeros(1, kind)[0] for kind in "?bhilqefdFD"),
        np.ma.array([1, 2], mask=[0, 1]),
        np.rec.array([(1, 2.0)]),
        np.random.RandomState(1),
        np.random.default_rng(1),
        np.random.PCG64DXSM(1),
        np.poly1d([1, 2]),
        np.datetime64("2026-01-01"),
        [np.log1p, np.mean, np.int64, np.dtype("i4,f8")],
    ]
    verdict(tmp_path, WRITES[way](values), "arrays.pkl")
