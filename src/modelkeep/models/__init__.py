"""One handle on any model or data set; the only room that loads one."""

from modelkeep.models.code import call, code_subject, resolve
from modelkeep.models.dataset import Column, Dataset, label_order
from modelkeep.models.dataset_files import load_dataset, load_texts
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
    "load_texts",
    "need",
    "resolve",
]
