"""One handle on any model or data set; the only room that loads one."""

from modelkeep.models.code import call, code_subject, resolve
from modelkeep.models.dataset import Column, Dataset, label_order
from modelkeep.models.dataset_files import load_dataset, load_texts
from modelkeep.models.extras import need
from modelkeep.models.hooks import Hook, Installed
from modelkeep.models.interface import (
    Abstaining,
    Code,
    Differentiable,
    InputSpec,
    Loaded,
    Metered,
    Model,
    Request,
    Trainable,
    Writable,
)
from modelkeep.models.loading import load_model
from modelkeep.models.onnx_loading import from_bytes, open_session
from modelkeep.models.onnx_session import OnnxModel
from modelkeep.models.remote import EndpointLostError, RemoteModel, Terms
from modelkeep.models.trees import TreeEnsemble, TreeModel
from modelkeep.models.unpickling import start_watching, stop_watching

__all__ = [
    "Abstaining",
    "Code",
    "Column",
    "Dataset",
    "Differentiable",
    "EndpointLostError",
    "Hook",
    "InputSpec",
    "Installed",
    "Loaded",
    "Metered",
    "Model",
    "OnnxModel",
    "RemoteModel",
    "Request",
    "Terms",
    "Trainable",
    "TreeEnsemble",
    "TreeModel",
    "Writable",
    "call",
    "code_subject",
    "from_bytes",
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
