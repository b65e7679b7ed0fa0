"""Objects of many libraries to be saved: fitted models, modules, frames, arrays."""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import importlib
import inspect
import operator
import pathlib
import random
import re
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any

LIBRARIES = (
    "numpy scipy pandas scikit-learn joblib torch xgboost-cpu lightgbm catboost skops "
    "statsmodels omegaconf transformers tokenizers pytorch-lightning torchmetrics "
    "imbalanced-learn"
).split()
Thing = tuple[str, object]


def optional(name: str) -> Any:  # noqa: ANN401 - a module
    """A module, or ``None`` where it is not installed."""
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError, OSError):
        return None


def holds_tensors(thing: object) -> bool:
    """Whether PyTorch's own writer would be used for it."""
    torch = optional("torch")
    if torch is None:
        return False
    kinds = (torch.Tensor, torch.nn.Module, torch.optim.Optimizer)
    inside = thing.values() if isinstance(thing, dict) else [thing]
    return any(isinstance(value, kinds) for value in inside)


def attempt(label: str, make: Callable[[], object]) -> Iterator[Thing]:
    """The thing under its label, or nothing if it cannot be made."""
    try:
        thing = make()
    except Exception:  # noqa: BLE001 - many constructors want what is not at hand
        return
    yield label, thing


def things() -> Iterator[Thing]:
    """Every object with a label for its file."""
    yield from _standard()
    for part in (
        _numpy,
        _scipy,
        _pandas,
        _sklearn,
        _torch_tensors,
        _torch_modules,
        _torch_training,
        _boosters,
        _statsmodels,
        _transformers,
        _lightning,
        _imblearn,
    ):
        try:
            yield from part()
        except ImportError as error:
            print(f"left out: {part.__name__}: {error}")


class Level(enum.IntEnum):
    """An enumeration of one's own."""

    LOW = 1


def _standard() -> Iterator[Thing]:
    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    values: dict[str, object] = {
        "plain": {"a": [1, 2.5, None, True, "x", b"y", 1j, {1}, frozenset({2}), (3,)]},
        "ordered": collections.OrderedDict(a=1),
        "counter": collections.Counter("abc"),
        "deque": collections.deque([1], 3),
        "default": collections.defaultdict(list, a=[1]),
        "chain": collections.ChainMap({"a": 1}),
        "userdict": collections.UserDict(a=1),
        "namespace": argparse.Namespace(lr=0.1, layers=[1]),
        "simple": types.SimpleNamespace(a=1),
        "time": [
            now,
            now.date(),
            now.time(),
            now - now,
            dt.UTC,
            dt.timezone(dt.timedelta(1 / 9)),
        ],
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), range(3), slice(1, 2)],
        "paths": [pathlib.Path("a/b"), pathlib.PurePosixPath("c")],
        "uuid": uuid.uuid4(),
        "pattern": re.compile("a+", re.IGNORECASE),
        "random": random.Random(1),  # noqa: S311 - an object to be saved, not a secret
        "partial": functools.partial(operator.mul, 2),
        "item": operator.itemgetter(0, 1),
        "builtins": [len, print, sorted, int, str.lower, ValueError("x"), KeyError("k")],
        "bytes": [bytearray(b"x"), memoryview],
        "complex": complex(1, 2),
        "zone": [_zone()],
        "typing": [Any, list[int], dict[str, int]],
    }
    yield from ((f"std-{name}", value) for name, value in values.items())


def _zone() -> object:
    import zoneinfo  # noqa: PLC0415 - only here

    return zoneinfo.ZoneInfo("UTC")


def _numpy() -> Iterator[Thing]:
    import numpy as np  # noqa: PLC0415

    codes = "?bhilqBHILQefdgFDGSUVO"
    for code in codes:
        yield from attempt(f"np-dtype-{ord(code)}", lambda c=code: np.dtype(c))
        yield from attempt(f"np-array-{ord(code)}", lambda c=code: np.zeros(3, c))
        yield from attempt(f"np-scalar-{ord(code)}", lambda c=code: np.zeros(1, c)[0])
        yield from attempt(f"np-type-{ord(code)}", lambda c=code: np.dtype(c).type)
    values: dict[str, Callable[[], object]] = {
        "fortran": lambda: np.asfortranarray(np.ones((2, 3))),
        "struct": lambda: np.zeros(2, "i4,f8"),
        "time": lambda: np.array(["2026-01-01"], "M8[D]"),
        "delta": lambda: np.timedelta64(1, "D"),
        "objects": lambda: np.array([None, "a"], object),
        "matrix": lambda: np.matrix([[1]]),
        "masked": lambda: np.ma.array([1, 2], mask=[0, 1]),
        "rec": lambda: np.rec.array([(1, 2.0)]),
        "poly": lambda: [
            np.poly1d([1, 2]),
            np.polynomial.Polynomial([1]),
            np.polynomial.Chebyshev([1]),
        ],
        "state": lambda: np.random.RandomState(1),
        "generator": lambda: np.random.default_rng(1),
        "bits": lambda: [
            np.random.PCG64(1),
            np.random.MT19937(1),
            np.random.Philox(1),
            np.random.SFC64(1),
            np.random.PCG64DXSM(1),
        ],
        "seed": lambda: np.random.SeedSequence(1),
        "ufuncs": lambda: [np.add, np.log1p, np.exp, np.sqrt],
        "functions": lambda: [np.mean, np.sum, np.median, np.std, np.var, np.nanmean],
        "ints": lambda: [np.int64, np.float32],
        "chars": lambda: np.char.array(["a"]),
        "strings": lambda: np.array(["a"], np.dtypes.StringDType()),
        "void": lambda: np.zeros(1, "V8")[0],
        "dtypes": lambda: [np.dtypes.Float64DType, np.finfo(float)],
    }
    for name, make in values.items():
        yield from attempt(f"np-{name}", make)
    for dtype in ("f8", "i4", "U3", "i4,f8", "M8[s]"):
        yield from attempt(f"np-kept-{dtype[:2]}", lambda d=dtype: np.dtype(d))


def _scipy() -> Iterator[Thing]:
    import numpy as np  # noqa: PLC0415
    from scipy import interpolate, optimize, signal, sparse, spatial, special, stats  # noqa: PLC0415

    dense = np.eye(3)
    for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
        for shape in ("matrix", "array"):
            yield from attempt(
                f"sp-{kind}-{shape}", lambda k=kind, s=shape: getattr(sparse, f"{k}_{s}")(dense)
            )
    for name in (
        "norm",
        "beta",
        "gamma",
        "uniform",
        "expon",
        "lognorm",
        "poisson",
        "binom",
        "t",
    ):
        arguments = {
            "beta": (1, 2),
            "gamma": (1,),
            "lognorm": (1,),
            "poisson": (1,),
            "binom": (3, 0.5),
            "t": (3,),
        }.get(name, ())
        yield from attempt(f"sp-{name}", lambda n=name, a=arguments: getattr(stats, n)(*a))
        yield from attempt(f"sp-dist-{name}", lambda n=name: getattr(stats, n))
    x = np.arange(8.0)
    values: dict[str, Callable[[], object]] = {
        "interp": lambda: interpolate.interp1d(x, x),
        "cubic": lambda: interpolate.CubicSpline(x, x),
        "spline": lambda: interpolate.UnivariateSpline(x, x),
        "bspline": lambda: interpolate.make_interp_spline(x, x),
        "pchip": lambda: interpolate.PchipInterpolator(x, x),
        "rbf": lambda: interpolate.RBFInterpolator(x[:, None], x),
        "kd": lambda: [spatial.KDTree(dense), spatial.cKDTree(dense)],
        "hull": lambda: spatial.ConvexHull(np.random.default_rng(0).random((6, 2))),
        "rotation": spatial.transform.Rotation.identity,
        "optimum": lambda: optimize.minimize(lambda v: (v**2).sum(), x[:2]),
        "kde": lambda: stats.gaussian_kde(x),
        "ufunc": lambda: [special.expit, special.logit],
        "mvn": lambda: stats.multivariate_normal([0, 0]),
        "lti": lambda: signal.lti([1], [1, 2]),
        "test": lambda: stats.ttest_ind(x, x + 1),
        "grid": lambda: interpolate.RegularGridInterpolator((x,), x),
        "bounds": lambda: optimize.Bounds([0], [1]),
        "linear": lambda: optimize.LinearConstraint([[1]], 0, 1),
    }
    for name, make in values.items():
        yield from attempt(f"sp-{name}", make)


def _pandas() -> Iterator[Thing]:
    import numpy as np  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    days = pd.date_range("2026-01-01", periods=3)
    values: dict[str, Callable[[], object]] = {
        "frame": lambda: pd.DataFrame(
            {"a": [1, 2], "b": ["x", None], "c": [1.5, np.nan], "d": [True, False]}
        ),
        "dates": lambda: pd.DataFrame({"t": days}, index=days),
        "series": lambda: pd.Series([1.0, 2], name="s"),
        "category": lambda: pd.Series(["a", "b"], dtype="category"),
        "multi": lambda: pd.DataFrame(
            [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
        ),
        "indexes": lambda: [
            pd.Index([1, 2]),
            pd.Index(["a"]),
            pd.Index([1.5]),
            pd.RangeIndex(3),
            pd.CategoricalIndex(["a"]),
            pd.IntervalIndex.from_breaks([0, 1, 2]),
            pd.Index([True]),
        ],
        "zoned": lambda: days.tz_localize("UTC"),
        "zoned2": lambda: days.tz_localize("Europe/Paris"),
        "delta": lambda: pd.to_timedelta([1, 2], unit="D"),
        "period": lambda: pd.period_range("2026-01", periods=3, freq="M"),
        "scalars": lambda: [
            pd.Timestamp("2026-01-01"),
            pd.Timedelta("1D"),
            pd.Period("2026-01"),
            pd.NaT,
            pd.NA,
            pd.Interval(0, 1),
        ],
        "nullable": lambda: pd.DataFrame(
            {
                "i": pd.array([1, None], "Int64"),
                "f": pd.array([1.5, None], "Float64"),
                "b": pd.array([True, None], "boolean"),
                "s": pd.array(["a", None], "string"),
            }
        ),
        "unsigned": lambda: (
            [pd.array([1], f"UInt{n}") for n in (8, 16, 32, 64)]
            + [pd.array([1], f"Int{n}") for n in (8, 16, 32)]
        ),
        "sparse": lambda: pd.Series([0, 0, 1], dtype="Sparse[int]"),
        "offsets": lambda: [
            pd.offsets.MonthEnd(),
            pd.offsets.BDay(2),
            pd.offsets.Hour(),
            pd.DateOffset(days=1),
            pd.offsets.Week(weekday=1),
        ],
        "groups": lambda: pd.DataFrame({"a": [1, 1], "b": [2, 3]}).groupby("a").mean(),
        "dtypes": lambda: [
            pd.CategoricalDtype(["a"]),
            pd.Int64Dtype(),
            pd.StringDtype(),
            pd.DatetimeTZDtype(tz="UTC"),
            pd.PeriodDtype("D"),
            pd.IntervalDtype("float64"),
        ],
        "cut": lambda: pd.cut([1, 2, 3], 2),
        "functions": lambda: [pd.DataFrame, pd.Series, pd.to_numeric, pd.isna],
        "dummies": lambda: pd.get_dummies(pd.Series(["a", "b"])),
        "arrow": lambda: pd.Series(["a"], dtype="string[pyarrow]"),
        "flags": lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
        "empty": pd.DataFrame,
    }
    for name, kind in sorted(vars(pd.tseries.offsets).items()):
        if inspect.isclass(kind):
            yield from attempt(f"pd-offset-{name}", kind)
    for code in "YQMWDhms":
        yield from attempt(f"pd-period-{code}", lambda c=code: pd.Period("2026-01-01", c))
    for name, make in values.items():
        yield from attempt(f"pd-{name}", make)


def _sklearn() -> Iterator[Thing]:
    import numpy as np  # noqa: PLC0415
    from sklearn import (  # noqa: PLC0415
        compose,
        gaussian_process,
        linear_model,
        metrics,
        model_selection,
        pipeline,
        preprocessing,
        utils,
    )
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer  # noqa: PLC0415

    rng = np.random.default_rng(0)
    rows = np.abs(rng.normal(size=(40, 4)))
    classes = np.arange(40) % 2
    texts = ["a b c", "b c d"] * 20
    inner = linear_model.LogisticRegression()
    for name, kind in utils.all_estimators():
        yield from attempt(f"sk-new-{name}", kind)
        yield from attempt(f"sk-{name}", lambda k=kind: _fitted(k, inner, rows, classes, texts))
    steps = pipeline.make_pipeline(preprocessing.StandardScaler(), inner)
    columns = compose.ColumnTransformer(
        [("n", preprocessing.MinMaxScaler(), [0, 1]), ("o", preprocessing.OneHotEncoder(), [2])]
    )
    kernels = gaussian_process.kernels
    values: dict[str, Callable[[], object]] = {
        "pipeline": lambda: steps.fit(rows, classes),
        "columns": lambda: columns.fit(rows),
        "grid": lambda: model_selection.GridSearchCV(inner, {"C": [1, 2]}, cv=2).fit(
            rows, classes
        ),
        "random": lambda: model_selection.RandomizedSearchCV(
            inner, {"C": [1, 2]}, n_iter=2, cv=2
        ).fit(rows, classes),
        "text": lambda: pipeline.make_pipeline(TfidfVectorizer(), inner).fit(texts, classes),
        "count": lambda: CountVectorizer(analyzer="char").fit(texts),
        "union": lambda: pipeline.make_union(
            preprocessing.StandardScaler(), preprocessing.MinMaxScaler()
        ).fit(rows),
        "function": lambda: preprocessing.FunctionTransformer(np.log1p).fit(rows),
        "bunch": lambda: utils.Bunch(a=1),
        "kernels": lambda: [
            kernels.RBF() + kernels.WhiteKernel(),
            kernels.Matern() * kernels.ConstantKernel(),
            kernels.RationalQuadratic(),
            kernels.ExpSineSquared(),
            kernels.DotProduct(),
            kernels.PairwiseKernel(),
            kernels.Exponentiation(kernels.RBF(), 2),
        ],
        "scorers": lambda: [
            metrics.make_scorer(metrics.f1_score),
            metrics.get_scorer("roc_auc"),
            metrics.get_scorer("neg_log_loss"),
        ],
        "splits": lambda: [
            model_selection.KFold(),
            model_selection.StratifiedKFold(),
            model_selection.TimeSeriesSplit(),
            model_selection.ShuffleSplit(),
            model_selection.GroupKFold(),
            model_selection.LeaveOneOut(),
            model_selection.PredefinedSplit([0, 1]),
        ],
        "metric objects": lambda: [
            metrics.DistanceMetric.get_metric(n)
            for n in (
                "euclidean",
                "manhattan",
                "chebyshev",
                "hamming",
                "haversine",
                "canberra",
                "braycurtis",
                "jaccard",
            )
        ],
    }
    for name, make in values.items():
        yield from attempt(f"sk-{name.replace(' ', '-')}", make)
    for loss in ("log_loss", "exponential"):
        from sklearn.ensemble import GradientBoostingClassifier as Boost  # noqa: PLC0415

        yield from attempt(
            f"sk-gb-{loss}", lambda v=loss: Boost(loss=v, n_estimators=2).fit(rows, classes)
        )
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        from sklearn.ensemble import GradientBoostingRegressor as BoostR  # noqa: PLC0415

        yield from attempt(
            f"sk-gbr-{loss}", lambda v=loss: BoostR(loss=v, n_estimators=2).fit(rows, classes)
        )
    for loss in ("squared_error", "absolute_error", "gamma", "poisson", "quantile"):
        from sklearn.ensemble import HistGradientBoostingRegressor as Hist  # noqa: PLC0415

        yield from attempt(
            f"sk-hgb-{loss}",
            lambda v=loss: Hist(loss=v, quantile=0.5, max_iter=2).fit(rows, classes + 1),
        )
    for loss in (
        "hinge",
        "log_loss",
        "modified_huber",
        "squared_hinge",
        "perceptron",
        "squared_error",
        "huber",
        "epsilon_insensitive",
    ):
        yield from attempt(
            f"sk-sgd-{loss}",
            lambda v=loss: linear_model.SGDClassifier(loss=v).fit(rows, classes),
        )


_NEEDS = {
    "estimator": 0,
    "base_estimator": 0,
    "transformer_list": 1,
    "transformers": 2,
    "estimators": 3,
    "steps": 4,
}


def _fitted(kind: Any, inner: Any, rows: Any, classes: Any, texts: Any) -> object:  # noqa: ANN401
    wanted = [
        name
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is inspect.Parameter.empty and name in _NEEDS
    ]
    given = {
        0: inner,
        1: [("a", inner)],
        2: [("a", "passthrough", [0])],
        3: [("a", inner), ("b", inner)],
        4: [("a", inner)],
    }
    made = kind(**{name: given[_NEEDS[name]] for name in wanted})
    for name, value in {"n_estimators": 2, "max_iter": 5, "n_components": 2}.items():
        if name in made.get_params() and made.get_params()[name] not in (None, "auto"):
            made.set_params(**{name: value})
    for attempt_ in (
        (rows, classes),
        (rows,),
        (texts, classes),
        (rows, rows),
        (classes,),
        ([{"a": 1}],),
        (classes, classes),
    ):
        try:
            return made.fit(*attempt_)
        except Exception:  # noqa: BLE001, S112 - the next kind of data may fit
            continue
    raise ValueError(kind)


def _torch_tensors() -> Iterator[Thing]:
    import torch  # noqa: PLC0415

    for dtype in sorted(
        {v for v in vars(torch).values() if isinstance(v, torch.dtype)}, key=str
    ):
        yield from attempt(f"pt-{dtype}", lambda d=dtype: torch.zeros(2, dtype=d))
        yield from attempt(f"pt-type-{dtype}", lambda d=dtype: d)
    base = torch.ones(2, 3)
    plain = torch.nn.Parameter(base)
    values: dict[str, Callable[[], object]] = {
        "parameter": lambda: plain,
        "coo": base.to_sparse,
        "csr": base.to_sparse_csr,
        "csc": base.to_sparse_csc,
        "quantised": lambda: torch.quantize_per_tensor(base, 0.1, 0, torch.qint8),
        "channels": lambda: torch.quantize_per_channel(
            base, torch.ones(2), torch.zeros(2), 0, torch.qint8
        ),
        "meta": lambda: torch.ones(2, device="meta"),
        "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "size": base.size,
        "device": lambda: torch.device("cpu"),
        "generator": torch.Generator,
        "storage": base.untyped_storage,
        "typed": base.storage,
        "buffer": lambda: torch.nn.Buffer(base),
        "grad": lambda: base.clone().requires_grad_(),
        "strided": base.t,
        "conj": lambda: torch.ones(2, dtype=torch.cfloat).conj(),
        "functions": lambda: [
            torch.nn.functional.relu,
            torch.nn.functional.gelu,
            torch.tanh,
            torch.sigmoid,
            torch.relu,
            torch.nn.functional.silu,
            torch.nn.functional.leaky_relu,
            torch.nn.init.xavier_uniform_,
        ],
        "layouts": lambda: [
            torch.strided,
            torch.sparse_coo,
            torch.contiguous_format,
            torch.channels_last,
            torch.per_tensor_affine,
        ],
        "uninitialised": torch.nn.parameter.UninitializedParameter,
        "state": lambda: torch.nn.Linear(2, 2).state_dict(),
        "attribute": lambda: _attributed(torch),
    }
    for name, make in values.items():
        yield from attempt(f"pt-{name}", make)


def _attributed(torch: Any) -> object:  # noqa: ANN401
    found = torch.nn.Parameter(torch.ones(2))
    found.note = "x"
    return found


_SIZES: tuple[tuple[object, ...], ...] = (
    (),
    (4,),
    (4, 4),
    (4, 4, 3),
    (4, 2),
    (2, 4, 4),
    (8, 2),
    (3,),
    ((2, 2),),
    (1, 2),
)


def _torch_modules() -> Iterator[Thing]:
    import torch  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    for name, kind in sorted(vars(nn).items()):
        if not (inspect.isclass(kind) and issubclass(kind, nn.Module)):
            continue
        for size in _SIZES:
            made = list(attempt(f"nn-{name}", lambda k=kind, s=size: k(*s)))
            if made:
                yield from made
                break
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2)
    )
    values: dict[str, Callable[[], object]] = {
        "net": lambda: net,
        "list": lambda: nn.ModuleList([nn.Linear(1, 1)]),
        "dict": lambda: nn.ModuleDict({"a": nn.Linear(1, 1)}),
        "parameters": lambda: [
            nn.ParameterList([nn.Parameter(torch.ones(1))]),
            nn.ParameterDict({"a": nn.Parameter(torch.ones(1))}),
        ],
        "encoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 1),
        "transformer": lambda: nn.Transformer(4, 2, 1, 1, 8),
        "weight": lambda: nn.utils.weight_norm(nn.Linear(2, 2)),
        "spectral": lambda: nn.utils.spectral_norm(nn.Linear(2, 2)),
        "parallel": lambda: nn.DataParallel(nn.Linear(2, 2)),
        "dynamic": lambda: torch.ao.quantization.quantize_dynamic(
            nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 2)), {nn.Linear, nn.LSTM}
        ),
        "qconfig": lambda: torch.ao.quantization.get_default_qconfig("fbgemm"),
        "prepared": lambda: _prepared(torch),
        "pruned": lambda: nn.utils.prune.l1_unstructured(nn.Linear(2, 2), "weight", 0.5),
        "partial": lambda: functools.partial(nn.LayerNorm, eps=1e-6),
        "classes": lambda: [nn.GELU, nn.ReLU, nn.LayerNorm, nn.Linear, nn.Conv2d],
        "checkpoint": lambda: {
            "model": net.state_dict(),
            "optimizer": torch.optim.Adam(net.parameters()).state_dict(),
            "args": argparse.Namespace(lr=1),
            "rng": torch.get_rng_state(),
        },
        "distributions": lambda: [
            torch.distributions.Normal(torch.zeros(1), torch.ones(1)),
            torch.distributions.Categorical(torch.ones(2)),
            torch.distributions.Bernoulli(torch.ones(1)),
        ],
        "dataset": lambda: torch.utils.data.TensorDataset(torch.ones(2)),
        "subset": lambda: torch.utils.data.Subset([1, 2], [0]),
        "loader": lambda: torch.utils.data.DataLoader([1, 2], batch_size=1),
        "converted": lambda: torch.ao.quantization.convert(_prepared(torch)),
        "swa": lambda: torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2)),
        "hook": lambda: net.register_forward_hook(print) and net,
    }
    for name, make in values.items():
        yield from attempt(f"nn-x-{name}", make)


def _prepared(torch: Any) -> object:  # noqa: ANN401
    quantization, nn = torch.ao.quantization, torch.nn
    model = nn.Sequential(
        quantization.QuantStub(), nn.Conv2d(1, 2, 3), nn.ReLU(), quantization.DeQuantStub()
    ).eval()
    model.qconfig = quantization.get_default_qconfig("fbgemm")
    made = quantization.prepare(model)
    made(torch.ones(1, 1, 4, 4))
    return made


def _torch_training() -> Iterator[Thing]:
    import torch  # noqa: PLC0415

    for name, kind in sorted(vars(torch.optim).items()):
        if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer):
            layer = torch.nn.Linear(2, 2)
            yield from attempt(f"opt-{name}", lambda k=kind, n=layer: k(n.parameters(), lr=0.1))
            yield from attempt(
                f"opt-state-{name}",
                lambda k=kind, n=layer: k(n.parameters(), lr=0.1).state_dict(),
            )
    arguments: dict[str, tuple[object, ...]] = {
        "StepLR": (1,),
        "MultiStepLR": ([1],),
        "ExponentialLR": (0.9,),
        "CosineAnnealingLR": (2,),
        "ReduceLROnPlateau": (),
        "CyclicLR": (0.1, 0.2),
        "OneCycleLR": (0.1, 10),
        "ConstantLR": (),
        "CosineAnnealingWarmRestarts": (2,),
        "LinearLR": (),
        "PolynomialLR": (),
        "LambdaLR": (float,),
        "MultiplicativeLR": (float,),
    }
    for name, given in arguments.items():
        kind = getattr(torch.optim.lr_scheduler, name)
        yield from attempt(
            f"lr-{name}",
            lambda k=kind, g=given: k(
                torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), lr=0.1, momentum=0.9), *g
            ),
        )
        yield from attempt(
            f"lr-state-{name}",
            lambda k=kind, g=given: k(
                torch.optim.SGD(torch.nn.Linear(2, 2).parameters(), lr=0.1, momentum=0.9), *g
            ).state_dict(),
        )
    yield from attempt("amp", lambda: torch.amp.GradScaler("cpu"))


def _boosters() -> Iterator[Thing]:
    import numpy as np  # noqa: PLC0415

    rows, classes = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    rank = {"group": [20, 20]}
    xgboost, lightgbm, catboost = (optional(n) for n in ("xgboost", "lightgbm", "catboost"))
    if xgboost is not None:
        for name in ("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor"):
            yield from attempt(
                f"xgb-{name}",
                lambda n=name: getattr(xgboost, n)(n_estimators=2).fit(rows, classes),
            )
        yield from attempt(
            "xgb-rank", lambda: xgboost.XGBRanker(n_estimators=2).fit(rows, classes, **rank)
        )
        yield from attempt(
            "xgb-booster", lambda: xgboost.train({}, xgboost.DMatrix(rows, classes), 2)
        )
        yield from attempt(
            "xgb-stop",
            lambda: xgboost.XGBClassifier(
                n_estimators=2, callbacks=[xgboost.callback.EarlyStopping(1)]
            ),
        )
    if lightgbm is not None:
        for name in ("LGBMClassifier", "LGBMRegressor"):
            yield from attempt(
                f"lgb-{name}",
                lambda n=name: getattr(lightgbm, n)(n_estimators=2, verbose=-1).fit(
                    rows, classes
                ),
            )
        yield from attempt(
            "lgb-rank",
            lambda: lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(rows, classes, **rank),
        )
        yield from attempt(
            "lgb-booster",
            lambda: lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, classes), 2),
        )
    if catboost is not None:
        for name in ("CatBoostClassifier", "CatBoostRegressor", "CatBoost"):
            yield from attempt(
                f"cat-{name}",
                lambda n=name: getattr(catboost, n)(
                    {"iterations": 2, "allow_writing_files": False, "verbose": 0}
                ).fit(rows, classes),
            )


def _statsmodels() -> Iterator[Thing]:
    import numpy as np  # noqa: PLC0415
    import statsmodels.api as sm  # noqa: PLC0415
    from statsmodels.tsa import arima, holtwinters  # noqa: PLC0415
    from statsmodels.tsa.arima.model import ARIMA  # noqa: PLC0415

    rng = np.random.default_rng(0)
    rows, target = sm.add_constant(rng.normal(size=(40, 2))), rng.normal(size=40)
    values: dict[str, Callable[[], object]] = {
        "ols": lambda: sm.OLS(target, rows).fit(),
        "logit": lambda: sm.Logit(target > 0, rows).fit(disp=0),
        "glm": lambda: sm.GLM(target, rows).fit(),
        "arima": lambda: ARIMA(target, order=(1, 0, 0)).fit(),
        "holt": lambda: holtwinters.ExponentialSmoothing(target).fit(),
        "none": lambda: arima.__name__,
    }
    for name, make in values.items():
        yield from attempt(f"sm-{name}", make)


def _transformers() -> Iterator[Thing]:
    import transformers as tr  # noqa: PLC0415

    small = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 16,
    }
    for name in (
        "Bert",
        "Roberta",
        "Electra",
        "DistilBert",
        "Llama",
        "Mistral",
        "ViT",
        "Albert",
    ):
        yield from attempt(
            f"tr-config-{name}", lambda n=name: getattr(tr, f"{n}Config")(**small)
        )
        yield from attempt(
            f"tr-{name}",
            lambda n=name: getattr(tr, f"{n}Model")(getattr(tr, f"{n}Config")(**small)),
        )
    yield from attempt(
        "tr-gpt2",
        lambda: tr.GPT2Model(tr.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=16)),
    )
    yield from attempt(
        "tr-t5",
        lambda: tr.T5Model(
            tr.T5Config(d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, vocab_size=16)
        ),
    )
    yield from attempt(
        "tr-arguments", lambda: tr.TrainingArguments(output_dir="x", report_to=[])
    )
    yield from attempt("tr-generation", tr.GenerationConfig)
    yield from attempt("tr-enums", lambda: [tr.IntervalStrategy.STEPS, tr.SchedulerType.LINEAR])


def _lightning() -> Iterator[Thing]:
    import pytorch_lightning as pl  # noqa: PLC0415
    from pytorch_lightning.utilities.parsing import AttributeDict  # noqa: PLC0415

    yield from attempt("pl-attributes", lambda: AttributeDict(a=1))
    yield from attempt(
        "pl-callbacks", lambda: [pl.callbacks.ModelCheckpoint, pl.callbacks.EarlyStopping("x")]
    )
    omegaconf = optional("omegaconf")
    if omegaconf is not None:
        make = omegaconf.OmegaConf.create
        yield from attempt(
            "oc-dict", lambda: make({"a": 1, "b": ["x", 2.5, None, True], "c": {"d": "${a}"}})
        )
    torchmetrics = optional("torchmetrics")
    if torchmetrics is not None:
        yield from attempt(
            "tm",
            lambda: [
                torchmetrics.MeanMetric(),
                torchmetrics.Accuracy("binary"),
                torchmetrics.AUROC("binary"),
            ],
        )


def _imblearn() -> Iterator[Thing]:
    import imblearn.over_sampling as over  # noqa: PLC0415
    import imblearn.pipeline as pipeline  # noqa: PLC0415, PLR0402

    yield from attempt("im-smote", over.SMOTE)
    yield from attempt("im-pipe", lambda: pipeline.make_pipeline(over.RandomOverSampler()))
