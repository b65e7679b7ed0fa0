"""One handle on any model or data set; the only room that loads one."""

from modelkeep.models.code import call, code_subject, resolve
from modelkeep.models.dataset import Column, Dataset, label_order
from modelkeep.models.dataset_files import load_dataset
from modelkeep.models.extras import need
from modelkeep.models.interface import (
    Code,
    Differentiable,
    InputSpec,
    Loaded,
    Model,
    Request,
    Trainable,
)
from modelkeep.models.loading import load_model
from modelkeep.models.onnx_session import open_session

__all__ = [
    "Code",
    "Column",
    "Dataset",
    "Differentiable",
    "InputSpec",
    "Loaded",
    "Model",
    "Request",
    "Trainable",
    "call",
    "code_subject",
    "label_order",
    "load_dataset",
    "load_model",
    "need",
    "open_session",
    "resolve",
]
