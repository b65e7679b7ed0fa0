from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from harden_samples import rows, task
from model_samples import Answering, context, two_classes
from modelkeep.assess import Threat
from modelkeep.core import InputError
from modelkeep.harden import Effort, adversarial_training
from modelkeep.harden.adversarial_training import (
    Batch,
    Variant,
    robust_share,
    train,
    why_not_trainable,
)
from modelkeep.harden.crafted_loss import crafted_loss
from modelkeep.harden.neighbourhood import neighbourhood
from modelkeep.models import Trainable
from modelkeep.models.torch_module import TorchModel

EFFORT = Effort(epochs=6, rate=1e-2)
FAST = Variant(crafted_loss, steps=1)


def robust(model: object) -> float:
    assert isinstance(model, TorchModel)
    data = rows(seed=2)
    batch = Batch(
        torch.from_numpy(data.rows),
        torch.from_numpy(data.labels.astype(np.int64)),
        neighbourhood(rows(), 0.1),
        torch.Generator().manual_seed(0),
    )
    return robust_share(model.module, batch, steps=20)


def test_the_trained_model_stands_where_the_old_one_fell_and_the_old_one_is_untouched() -> None:
    given = task()
    assert isinstance(given.model, TorchModel)
    weights = copy.deepcopy(given.model.module.state_dict())
    changed = train(given, EFFORT, FAST)
    assert robust(given.model) < 0.65
    assert robust(changed) > 0.7
    after = given.model.module.state_dict()
    assert all(torch.equal(weights[name], after[name]) for name in weights)


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    def weights(seed: int) -> torch.Tensor:
        changed = train(task(seed=seed), Effort(epochs=1), FAST)
        assert isinstance(changed, TorchModel)
        return torch.cat([p.flatten() for p in changed.module.parameters()])

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


def test_after_a_breakdown_the_best_epoch_is_restored_and_two_steps_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second epoch answers single steps and nothing else, as a breakdown does."""
    shares = {1: iter([0.65, 0.90, 0.6, 0.6]), 10: iter([0.60, 0.05, 0.5, 0.5])}
    monkeypatch.setattr(
        adversarial_training, "robust_share", lambda *_, steps: next(shares[steps])
    )
    seen: list[int] = []
    starts: list[torch.Tensor] = []

    def loss(module: torch.nn.Module, batch: Batch, steps: int) -> torch.Tensor:
        if len(seen) % 3 == 0:  # three batches an epoch
            starts.append(next(module.parameters()).detach().clone())
        seen.append(steps)
        return crafted_loss(module, batch, steps)

    changed = train(task(), Effort(epochs=4), Variant(loss, steps=1))
    assert seen == [1] * 6 + [2] * 6
    assert torch.equal(starts[2], starts[1])  # the third epoch starts where the second did
    assert isinstance(changed, TorchModel)
    assert torch.equal(next(changed.module.parameters()), starts[1])


def test_the_best_epoch_is_kept_and_not_the_last() -> None:
    def loss(module: torch.nn.Module, batch: Batch, steps: int) -> torch.Tensor:
        calls.append(1)
        good = crafted_loss(module, batch, steps)
        return good if len(calls) <= 15 else -good

    calls: list[int] = []
    changed = train(task(), Effort(epochs=6, rate=1e-2), Variant(loss, steps=1))
    assert robust(changed) > 0.7


def test_a_loss_that_is_no_number_is_an_error_that_says_what_to_do() -> None:
    def loss(module: torch.nn.Module, batch: Batch, _steps: int) -> torch.Tensor:
        return module(batch.rows).sum() * float("nan")

    with pytest.raises(InputError, match="diverged") as error:
        train(task(), EFFORT, Variant(loss, steps=1))
    assert "--epsilon" in error.value.hint


def test_what_cannot_be_trained_is_refused_with_a_reason() -> None:
    data = rows(40)
    black_box = Answering(lambda found: two_classes(np.full(len(found), 0.5)))
    assert "gives no gradient" in (why_not_trainable(context(black_box, data, data)) or "")
    given = task()
    assert why_not_trainable(given) is None
    assert isinstance(given.model, Trainable)
    assert "no training rows" in (why_not_trainable(context(given.model, None, data)) or "")
    other = replace(given, given_threat=Threat("l2", 0.5))
    assert "l2:0.5" in (why_not_trainable(other) or "")
    few = context(given.model, rows(10), data)
    assert "fewer than" in (why_not_trainable(few) or "")
