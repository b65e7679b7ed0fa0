"""From scanned bytes to a live model: the only place that loads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from modelkeep.core import InputError
from modelkeep.models import confined_files, onnx_loading, torch_module, xgboost_trees
from modelkeep.models.code import code_subject, resolve
from modelkeep.models.interface import Loaded, Request
from modelkeep.models.preprocessed import PreprocessedModel

_LOADERS: Final[tuple[tuple[tuple[str, ...], Callable[[Request], Loaded]], ...]] = (
    (("onnx",), onnx_loading.load),
    (("safetensors",), torch_module.load),
    (("json", "ubjson"), xgboost_trees.load),
    (("lightgbm",), confined_files.load_lightgbm),
    (("catboost",), confined_files.load_catboost),
    (("zip",), confined_files.load_archive),
    (confined_files.PICKLED, confined_files.load_pickled),
)


def load_model(request: Request) -> Loaded:
    """Load the model of an artifact whose scan was clean.

    What only unpickling or a native parser of trees opens is loaded in a confined child.

    Raises:
        InputError: no file this version loads, or more than one, or it is refused.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: the library for this format is not installed.
    """
    for formats, load in _LOADERS:
        if request.file_of(*formats) is None:
            continue
        loaded = load(request)
        return _preprocess(loaded, request)
    found = ", ".join(sorted(set(request.formats.values())))
    raise InputError(
        f"{request.artifact.name}: no single model file this version loads (found: {found})",
        "Give ONNX, safetensors or a torch checkpoint with --factory, a scikit-learn pickle, "
        "joblib or skops file, or XGBoost, LightGBM or CatBoost trees.",
    )


def _preprocess(loaded: Loaded, request: Request) -> Loaded:
    code = request.code
    if code is None or not code.preprocess:
        return loaded
    step = resolve(code.preprocess, code.folder)
    subjects = loaded.code or (code_subject(code.folder),)
    note = f"inputs pass {code.preprocess} first, so no gradient is taken"
    return Loaded(PreprocessedModel(loaded.model, step), subjects, (*loaded.notes, note))
