"""ONNX models as torch modules, so that their gradients can be taken.

Every converted model is compared with ONNX Runtime before anything relies on it, and its
gradients serve to find points only: what is counted is what ONNX Runtime answers.
"""

from modelkeep.models.onnx_torch.conversion import convert
from modelkeep.models.onnx_torch.node import NotConvertedError

__all__ = ["NotConvertedError", "convert"]
