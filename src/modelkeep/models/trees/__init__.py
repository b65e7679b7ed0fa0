"""The trees inside a model, of whatever library, in one form."""

from modelkeep.models.trees import lightgbm_text, onnx_trees, sklearn_arrays, xgboost_json
from modelkeep.models.trees.ensemble import LEAF, TreeEnsemble, TreeModel

__all__ = [
    "LEAF",
    "TreeEnsemble",
    "TreeModel",
    "lightgbm_text",
    "onnx_trees",
    "sklearn_arrays",
    "xgboost_json",
]
