"""XGBoost models saved as JSON or UBJSON: trees as data, no pickle.

Source: XGBoost documentation, "Introduction to Model IO".
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.interface import InputSpec, Loaded, Request
from modelkeep.models.outputs import to_probabilities
from modelkeep.models.trees import TreeEnsemble, xgboost_json
from modelkeep.sources import read_unchanged


class XgboostModel:
    """A boosted-tree classifier."""

    kind = "xgboost"

    def __init__(self, booster: Any, library: Any) -> None:  # noqa: ANN401 - no types
        self._booster = booster
        self._library = library
        config = json.loads(booster.save_config())["learner"]
        objective = config["objective"]["name"]
        if not objective.startswith(("binary:", "multi:")):
            raise InputError(
                f"the model's objective is {objective}: only classifiers are assessed"
            )
        self._margin = objective in {"binary:logitraw", "binary:hinge", "multi:softmax"}
        count = max(2, int(config["learner_model_param"]["num_class"]))
        self._classes = tuple(str(index) for index in range(count))

    @property
    def classes(self) -> tuple[str, ...]:
        """Class numbers."""
        return self._classes

    @property
    def spec(self) -> InputSpec:
        """Number of features."""
        return InputSpec((int(self._booster.num_features()),))

    def trees(self) -> TreeEnsemble:
        """The trees it is made of."""
        return xgboost_json.read(json.loads(bytes(self._booster.save_raw("json"))))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``."""
        (width,) = self.spec.shape or (0,)
        if rows.ndim != 2 or rows.shape[1] != width:  # noqa: PLR2004
            raise InputError(
                f"the model takes {width} features, the rows have {rows.shape[1:]}"
            )
        if not len(rows):
            return np.zeros((0, len(self._classes)))
        try:
            matrix = self._library.DMatrix(np.asarray(rows, dtype=np.float32))
            scores = self._booster.predict(
                matrix, output_margin=self._margin, validate_features=False
            )
        except ValueError as error:
            raise InputError(
                f"XGBoost refuses the rows: {str(error).splitlines()[0]}"
            ) from error
        return to_probabilities(scores, logits=self._margin)


def load(request: Request) -> Loaded:
    """Open the one XGBoost file of an artifact.

    Raises:
        InputError: XGBoost refuses it, or it is not a classifier.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: xgboost is not installed.
    """
    library = need("xgboost", "an XGBoost model")
    shown = request.file_of("json", "ubjson") or ""
    data = read_unchanged(request.path(shown), request.sha256(shown))
    booster = library.Booster(params={"nthread": 1})
    try:
        booster.load_model(bytearray(data))
    except (library.core.XGBoostError, ValueError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{shown}: XGBoost cannot load it ({first})") from error
    return Loaded(XgboostModel(booster, library))
