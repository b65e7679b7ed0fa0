"""Optional libraries, imported where they are used and named when they are missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

from modelkeep.core import MissingExtraError

_EXTRA: Final = {
    "numpy": "assess",
    "onnx": "assess",
    "onnxruntime": "assess",
    "pyarrow": "assess",
    "PIL": "assess",
    "safetensors": "assess",
    "sklearn": "assess",
    "torch": "train",
    "xgboost": "trees",
    "lightgbm": "trees",
    "catboost": "trees",
    "skops": "assess",
    "joblib": "assess",
    "scipy": "assess",
    "httptools": "serve",
    "uvicorn": "serve",
    "dp_accounting": "privacy",
    "opacus": "privacy",
}


def need(module: str, purpose: str) -> ModuleType:
    """Import an optional library.

    Args:
        module: dotted module name from the table above.
        purpose: what needs it, for the message.

    Raises:
        MissingExtraError: it is not installed; the hint installs it.
    """
    top = module.split(".", maxsplit=1)[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != top:
            raise
        raise MissingExtraError(purpose, top, _EXTRA[top]) from error
