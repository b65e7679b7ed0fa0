"""What exporters of scikit-learn write besides the standard operators.

Source: ONNX operators of the domain ai.onnx.ml. Trees are left out: they have no slope.
"""

from __future__ import annotations

from typing import Final

import torch

from modelkeep.models.onnx_torch.node import Inputs, Node, Operator


def scale(node: Node, inputs: Inputs) -> torch.Tensor:
    """Shifted and scaled features."""
    values = inputs[0].float()
    return (values - torch.tensor(node.get("offset"))) * torch.tensor(node.get("scale"))


def normalise(node: Node, inputs: Inputs) -> torch.Tensor:
    """Rows of length 1."""
    values, norm = inputs[0].float(), node.get("norm", "MAX")
    if norm == "MAX":
        size = values.amax(1, keepdim=True)
    elif norm == "L1":
        size = values.abs().sum(1, keepdim=True)
    else:
        size = values.square().sum(1, keepdim=True).sqrt()
    return values / torch.where(size == 0, torch.ones(()), size)


def linear(node: Node, inputs: Inputs) -> tuple[None, torch.Tensor]:
    """Scores of a linear classifier; which label wins is not worked out.

    The scores are logits: what turns them into probabilities is left to the caller, who
    compares.
    """
    values = inputs[0].float()
    shift = torch.tensor(node.get("intercepts") or [0.0])
    weights = torch.tensor(node.get("coefficients")).reshape(-1, values.shape[1])
    scores = values @ weights.T + shift
    after = node.get("post_transform", "NONE")
    if after not in ("NONE", "SOFTMAX", "LOGISTIC"):
        raise node.refuse(f"scores turned by {after}")
    if scores.shape[1] == 1:
        scores = torch.cat([-scores, scores], 1)
    if after == "SOFTMAX":
        return None, torch.softmax(scores, 1)
    if after == "LOGISTIC":
        return None, torch.sigmoid(scores)
    return None, scores


OPERATORS: Final[dict[str, Operator]] = {
    "Scaler": scale,
    "Normalizer": normalise,
    "LinearClassifier": linear,
}
