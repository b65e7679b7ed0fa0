"""Small models to draw wrappers around, and rows for them."""

from __future__ import annotations

import numpy as np
import torch

import model_samples as samples
from modelkeep.assess import Context, Threat
from modelkeep.models import Dataset, OnnxModel, from_bytes
from modelkeep.models.onnx_export import export
from modelkeep.models.wrappers import Base, Wrapper, wrap

WEIGHTS = 2 * samples.normal(4, 3, seed=1)
ROWS = samples.normal(60, 4)


def linear() -> OnnxModel:
    """Logits ``rows @ WEIGHTS`` of three classes."""
    return from_bytes(samples.linear_onnx(WEIGHTS))


def base() -> Base:
    """Its graph."""
    return linear().base(ROWS)


def around(wrapper: Wrapper, *bases: Base) -> OnnxModel:
    """The linear model, or others, in a wrapper."""
    return from_bytes(wrap(bases or (base(),), wrapper))


def pictures(n: int = 200, *, seed: int = 0) -> Dataset:
    """Bright at the left or bright at the right, with noise; shape ``(n, 1, 4, 4)``."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    light = rng.uniform(0.35, 0.65, (n, 1, 4, 4))
    light[labels == 0, :, :, :2] += 0.15
    light[labels == 1, :, :, 2:] += 0.15
    rows = light.clip(0, 1).astype(np.float32)
    return Dataset(samples.ANY_SUBJECT, rows, labels.astype(str), (), "image")


def picture_task(**more: object) -> Context:
    """A small network on pictures, within a Euclidean radius."""
    train, test = pictures(), pictures(seed=1)
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    truth = torch.from_numpy(train.labels.astype(np.int64))
    for _ in range(60):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(torch.from_numpy(train.rows)), truth)
        loss.backward()
        optimizer.step()
    given: dict[str, object] = {"given_threat": Threat("l2", 0.2), "max_rows": 60} | more
    return samples.context(export(module, train.rows[:8]), train, test, **given)
