"""One handle on any model or data set; the only room that loads one."""

from modelkeep.models.code import call, code_subject, resolve
from modelkeep.models.dataset import Column, Dataset, label_order
from modelkeep.models.dataset_files import load_dataset, load_texts
from modelkeep.models.extras import need
from modelkeep.models.hooks import Hook, Installed
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
from modelkeep.models.remote import EndpointLostError, RemoteModel, Terms
from modelkeep.models.trees import TreeEnsemble, TreeModel
from modelkeep.models.unpickling import start_watching, stop_watching

__all__ = [
    "Code",
    "Column",
    "Dataset",
    "Differentiable",
    "EndpointLostError",
    "Hook",
    "InputSpec",
    "Installed",
    "Loaded",
    "Model",
    "RemoteModel",
    "Request",
    "Terms",
    "Trainable",
    "TreeEnsemble",
    "TreeModel",
    "call",
    "code_subject",
    "label_order",
    "load_dataset",
    "load_model",
    "load_texts",
    "need",
    "open_session",
    "resolve",
    "start_watching",
    "stop_watching",
]
