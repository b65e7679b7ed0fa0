"""How the confined child loads each kind of model.

``prepare`` runs before the lock and only imports; ``load`` runs behind it. Unpickling goes
through ``unpickler`` alone, also where joblib, skops or torch unpickle in turn.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models import unpickler
from modelkeep.models.extras import need
from modelkeep.models.trees import sklearn_arrays


@dataclass(frozen=True, slots=True)
class ChildModel:
    """What loading gave.

    Attributes:
        predict: from rows to scores, or ``None`` where ``arrays`` is all there is.
        says: what the parent must know: classes, number of features, kind of scores.
        arrays: weights, or trees, by name.
    """

    predict: Callable[[np.ndarray], np.ndarray] | None = None
    says: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to load: what to import while that is possible, and what to do behind the lock."""

    prepare: Callable[[bytes], None]
    load: Callable[[bytes], ChildModel]


def _prepare_estimator(data: bytes) -> None:
    need("sklearn.base", "a scikit-learn model")
    need("joblib.numpy_pickle", "a scikit-learn model")
    unpickler.import_what_is_named(data)
    unpickler.restrict_everywhere()


def _load_estimator(data: bytes) -> ChildModel:
    """A pickle or joblib file: joblib's unpickler, whose names are restricted, reads both."""
    joblib = need("joblib.numpy_pickle", "a scikit-learn model")
    options: dict[str, bool] = {}
    if "ensure_native_byte_order" in inspect.signature(joblib.NumpyUnpickler).parameters:
        options["ensure_native_byte_order"] = True  # joblib from 1.5 on
    return _estimator(joblib.NumpyUnpickler("", io.BytesIO(data), **options).load())


def _estimator(found: Any) -> ChildModel:  # noqa: ANN401 - any estimator
    predict = next(
        (
            getattr(found, n)
            for n in ("predict_proba", "decision_function")
            if hasattr(found, n)
        ),
        None,
    )
    if predict is None or not hasattr(found, "classes_"):
        raise InputError(
            f"{type(found).__name__} is no fitted classifier with scores",
            "Only classifiers with predict_proba or decision_function are assessed.",
        )
    says = {
        "classes": [str(label) for label in np.asarray(found.classes_).ravel()],
        "features": int(getattr(found, "n_features_in_", -1)),
        "logits": predict.__name__ == "decision_function",
    }
    return ChildModel(predict, says, sklearn_arrays.arrays_of(found))


def _prepare_skops(_data: bytes) -> None:
    need("sklearn.base", "a skops file")
    need("skops.io", "a skops file")
    unpickler.restrict_everywhere()


def _load_skops(data: bytes) -> ChildModel:
    skops = need("skops.io", "a skops file")
    untrusted = skops.get_untrusted_types(data=data)
    refused = sorted(name for name in untrusted if not unpickler.is_listed(name))
    if refused:
        raise InputError(
            f"the skops file needs {', '.join(refused[:5])}, not on the allow-list",
            "Export the model as ONNX.",
        )
    return _estimator(skops.loads(data, trusted=untrusted))


def _prepare_state(_data: bytes) -> None:
    need("torch", "a torch checkpoint")
    unpickler.restrict_everywhere()


def _load_state(data: bytes) -> ChildModel:
    torch = need("torch", "a torch checkpoint")
    loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    state = loaded
    for key in ("state_dict", "model_state_dict", "model", "weights"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            state = loaded[key]
            break
    if not isinstance(state, dict) or not all(
        isinstance(v, torch.Tensor) for v in state.values()
    ):
        raise InputError("the checkpoint holds no state dict of tensors")
    arrays = {}
    for name, tensor in state.items():
        narrow = tensor.float() if tensor.dtype is torch.bfloat16 else tensor
        arrays[str(name)] = narrow.detach().contiguous().numpy()
    return ChildModel(arrays=arrays)


def _prepare_lightgbm(_data: bytes) -> None:
    need("lightgbm", "a LightGBM model")


def _load_lightgbm(data: bytes) -> ChildModel:
    library = need("lightgbm", "a LightGBM model")
    try:
        booster = library.Booster(model_str=data.decode("utf-8"), params={"num_threads": 1})
    except (library.basic.LightGBMError, UnicodeDecodeError) as error:
        raise InputError(f"LightGBM cannot load it ({error})") from error
    trees = booster.dump_model(num_iteration=1)
    objective = str(trees.get("objective", ""))
    if not objective.startswith(("binary", "multiclass", "cross_entropy")):
        raise InputError(
            f"the objective is {objective or 'unknown'}: only classifiers are assessed"
        )
    count = max(2, int(trees.get("num_class", 1)))

    def predict(rows: np.ndarray) -> np.ndarray:
        return np.asarray(booster.predict(rows, num_threads=1))

    says = {
        "classes": [str(index) for index in range(count)],
        "features": int(booster.num_feature()),
        "logits": False,
    }
    return ChildModel(predict, says)


def _prepare_catboost(_data: bytes) -> None:
    need("catboost", "a CatBoost model")


def _load_catboost(data: bytes) -> ChildModel:
    library = need("catboost", "a CatBoost model")
    model = library.CatBoost()
    try:
        model.load_model(blob=data)
    except library.CatBoostError as error:
        raise InputError(f"CatBoost cannot load it ({error})") from error
    classes = [str(label) for label in getattr(model, "classes_", [])]
    if not classes:
        raise InputError("the model names no classes: only classifiers are assessed")

    def predict(rows: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict(rows, prediction_type="Probability", thread_count=1))

    features = len(model.feature_names_ or ())
    return ChildModel(predict, {"classes": classes, "features": features, "logits": False})


LOADERS: Final[Mapping[str, Kind]] = {
    "scikit-learn": Kind(_prepare_estimator, _load_estimator),
    "skops": Kind(_prepare_skops, _load_skops),
    "torch-state": Kind(_prepare_state, _load_state),
    "lightgbm": Kind(_prepare_lightgbm, _load_lightgbm),
    "catboost": Kind(_prepare_catboost, _load_catboost),
}
