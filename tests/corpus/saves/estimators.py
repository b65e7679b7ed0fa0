"""scikit-learn estimators and pipelines as pickle, joblib, skops and ONNX."""

from __future__ import annotations

import functools
import pickle
import warnings

import joblib
import numpy as np
import pandas as pd
import skops.io
from lightgbm import LGBMClassifier
from skl2onnx import to_onnx
from sklearn import (
    cluster,
    compose,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    linear_model,
    manifold,
    mixture,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    semi_supervised,
    svm,
    tree,
)
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import f1_score, make_scorer

from corpus.saves.shelf import Shelf, in_main

X = np.random.default_rng(0).random((30, 4)).astype("float32")
Y = (X[:, 0] > 0.5).astype(int)
TEXTS = ["the cat sat", "os system eval", "a dog ran", "hello there"] * 5
LABELS = [0, 1, 0, 1] * 5


class Clip(BaseEstimator, TransformerMixin):
    """A user's transformer."""

    def __init__(self, high: float = 1.0) -> None:
        self.high = high

    def fit(self, _x: object, _y: object = None) -> Clip:
        """Nothing to learn."""
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """Clip."""
        return np.minimum(x, self.high)


def tokenize(text: str) -> list[str]:
    """A user's tokenizer."""
    return text.split()


def save(shelf: Shelf) -> None:
    """Write all saves of this module."""
    warnings.simplefilter("ignore")
    in_main(Clip)
    tokenize.__module__ = "__main__"
    import __main__  # noqa: PLC0415 - where users define it

    __main__.tokenize = tokenize
    fitted = {name: model.fit(X, Y) for name, model in _estimators().items()}
    fitted |= _texts()
    for number, (name, model) in enumerate(fitted.items()):
        shelf.pickle("sklearn", name, model, "scikit-learn", (4, 5, 2, 3, 4)[number % 5])
    _joblib(shelf, fitted)
    _skops(shelf, fitted)
    _onnx(shelf, fitted)


def _estimators() -> dict[str, BaseEstimator]:
    logistic = linear_model.LogisticRegression()
    forest = ensemble.RandomForestClassifier(3, max_depth=2, random_state=0)
    columns = compose.ColumnTransformer(
        [("a", preprocessing.StandardScaler(), [0, 1]),
         ("b", preprocessing.KBinsDiscretizer(2), [2]), ("c", "passthrough", [3])]
    )  # fmt: skip
    steps = pipeline.make_pipeline
    return {
        "logistic": logistic, "forest": forest, "ridge": linear_model.Ridge(),
        "lasso": linear_model.LassoCV(cv=2), "sgd": linear_model.SGDClassifier(),
        "elastic": linear_model.ElasticNet(), "svc": svm.SVC(probability=False),
        "linear-svc": svm.LinearSVC(), "tree": tree.DecisionTreeClassifier(max_depth=3),
        "tree-regressor": tree.DecisionTreeRegressor(max_depth=2),
        "extra-trees": ensemble.ExtraTreesRegressor(2, max_depth=2),
        "boosting": ensemble.GradientBoostingClassifier(n_estimators=3),
        "hist-boosting": ensemble.HistGradientBoostingClassifier(max_iter=3),
        "ada": ensemble.AdaBoostClassifier(n_estimators=3),
        "bagging": ensemble.BaggingClassifier(n_estimators=2),
        "isolation": ensemble.IsolationForest(n_estimators=3),
        "voting": ensemble.VotingClassifier([("a", logistic), ("b", forest)]),
        "stacking": ensemble.StackingClassifier([("a", logistic)], cv=2),
        "neighbors": neighbors.KNeighborsClassifier(3),
        "neighbors-ball": neighbors.KNeighborsRegressor(3, algorithm="ball_tree"),
        "naive-bayes": naive_bayes.GaussianNB(), "mlp": neural_network.MLPClassifier((4,), max_iter=5),
        "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
        "kmeans": cluster.KMeans(2, n_init=1), "dbscan": cluster.DBSCAN(),
        "pca": decomposition.PCA(2), "nmf": decomposition.NMF(2, max_iter=20),
        "svd": decomposition.TruncatedSVD(2), "mixture": mixture.GaussianMixture(2),
        "gaussian-process": gaussian_process.GaussianProcessRegressor(),
        "isotonic-free": dummy.DummyClassifier(), "imputer": impute.SimpleImputer(),
        "knn-imputer": impute.KNNImputer(), "scaler": preprocessing.StandardScaler(),
        "min-max": preprocessing.MinMaxScaler(), "robust": preprocessing.RobustScaler(),
        "quantile": preprocessing.QuantileTransformer(n_quantiles=5),
        "power": preprocessing.PowerTransformer(), "one-hot": preprocessing.OneHotEncoder(),
        "ordinal": preprocessing.OrdinalEncoder(), "spline": preprocessing.SplineTransformer(),
        "polynomial": preprocessing.PolynomialFeatures(2), "nystroem": kernel_approximation.Nystroem(n_components=5),
        "function": preprocessing.FunctionTransformer(np.log1p),
        "function-none": preprocessing.FunctionTransformer(),
        "select-k": feature_selection.SelectKBest(k=2),
        "rfe": feature_selection.RFE(logistic, n_features_to_select=2),
        "calibrated": CalibratedClassifierCV(logistic, cv=2),
        "one-vs-rest": multiclass.OneVsRestClassifier(logistic),
        "label-spreading": semi_supervised.LabelSpreading(),
        "isomap": manifold.Isomap(n_neighbors=3, n_components=2),
        "pipeline": steps(preprocessing.StandardScaler(), decomposition.PCA(2), logistic),
        "pipeline-columns": steps(columns, forest),
        "pipeline-function": steps(preprocessing.FunctionTransformer(np.sqrt), logistic),
        "pipeline-custom": steps(Clip(), logistic),
        "union": pipeline.make_union(preprocessing.StandardScaler(), decomposition.PCA(1)),
        "grid-search": model_selection.GridSearchCV(logistic, {"C": [0.1, 1]}, cv=2),
        "random-search": model_selection.RandomizedSearchCV(forest, {"max_depth": [1, 2]}, n_iter=2, cv=2),
        "grid-scorer": model_selection.GridSearchCV(
            logistic, {"C": [1, 2]}, cv=model_selection.StratifiedKFold(2), scoring=make_scorer(f1_score)),
        "lightgbm-in-pipeline": steps(preprocessing.StandardScaler(), LGBMClassifier(n_estimators=2, verbose=-1)),
    }  # fmt: skip


def _texts() -> dict[str, BaseEstimator]:
    text = feature_extraction.text
    frame = pd.DataFrame({"city": ["a", "b"] * 10, "n": range(20), "t": TEXTS})
    columns = compose.ColumnTransformer(
        [("o", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["city"]),
         ("n", preprocessing.MinMaxScaler(), compose.make_column_selector(dtype_include="number"))]
    )  # fmt: skip
    return {
        "count-vectorizer": text.CountVectorizer().fit(TEXTS),
        "tfidf": text.TfidfVectorizer(ngram_range=(1, 2)).fit(TEXTS),
        "tfidf-tokenizer": text.TfidfVectorizer(tokenizer=tokenize, token_pattern=None).fit(TEXTS),
        "hashing": text.HashingVectorizer(n_features=16).fit(TEXTS),
        "dict-vectorizer": feature_extraction.DictVectorizer().fit([{"a": 1, "b": "x"}]),
        "spam": pipeline.make_pipeline(text.TfidfVectorizer(), naive_bayes.MultinomialNB()).fit(TEXTS, LABELS),
        "frame-pipeline": pipeline.make_pipeline(columns, linear_model.LogisticRegression()).fit(frame, LABELS),
        "label-encoder": preprocessing.LabelEncoder().fit(["a", "b"]),
        "label-binarizer": preprocessing.LabelBinarizer().fit([0, 1, 2]),
        "isotonic": isotonic.IsotonicRegression().fit(X[:, 0], Y),
        "unfitted": ensemble.RandomForestClassifier(),
        "bundle": {"model": linear_model.LinearRegression().fit(X, Y), "features": ["a", "b"],
                   "metric": functools.partial(f1_score, average="macro")},
    }  # fmt: skip


def _joblib(shelf: Shelf, fitted: dict[str, BaseEstimator]) -> None:
    for name in ("logistic", "forest", "pipeline-columns", "spam", "grid-search", "svc", "mlp",
                 "hist-boosting", "kmeans", "neighbors", "pipeline-custom"):  # fmt: skip
        joblib.dump(fitted[name], shelf.place("joblib", name, "model.joblib", "joblib"))
    for packing in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        path = shelf.place("joblib", f"forest-{packing}", f"model.joblib.{packing}", "joblib")
        joblib.dump(fitted["forest"], path, compress=(packing, 3))
    joblib.dump(
        fitted["pipeline"], shelf.place("joblib", "compressed", "m.pkl", "joblib"), compress=9
    )
    arrays = {"a": X, "b": np.arange(6, dtype=">i4"), "o": np.array([{"a": 1}], dtype=object)}
    joblib.dump(arrays, shelf.place("joblib", "arrays", "arrays.joblib", "joblib"))
    joblib.dump(arrays, shelf.place("joblib", "arrays-3", "a.joblib", "joblib"), protocol=3)
    joblib.dump(
        {"w": np.asfortranarray(np.ones((3, 5)))},
        shelf.place("joblib", "fortran", "a.joblib", "joblib"),
    )
    joblib.dump(
        pd.DataFrame({"a": [1, 2]}), shelf.place("joblib", "frame", "frame.joblib", "joblib")
    )


def _skops(shelf: Shelf, fitted: dict[str, BaseEstimator]) -> None:
    for name in ("logistic", "forest", "pipeline", "pipeline-columns", "grid-search", "tfidf",
                 "function", "svc", "kmeans", "mlp", "hist-boosting"):  # fmt: skip
        skops.io.dump(fitted[name], shelf.place("skops", name, "model.skops", "skops"))


def _onnx(shelf: Shelf, fitted: dict[str, BaseEstimator]) -> None:
    for name in (
        "logistic",
        "forest",
        "pipeline",
        "kmeans",
        "mlp",
        "scaler",
        "svc",
        "boosting",
    ):
        model = to_onnx(fitted[name], X[:1])
        path = shelf.place("onnx", f"sklearn-{name}", "model.onnx", "skl2onnx")
        path.write_bytes(model.SerializeToString())
    shelf.bytes(
        "sklearn", "protocol-0", "m.pkl", "scikit-learn", pickle.dumps(fitted["logistic"], 0)
    )
