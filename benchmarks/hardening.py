"""What adversarial training gains and costs: the fast form beside seven steps, in one run.

Run it: ``python benchmarks/hardening.py --data DIR`` with ``DIR/fashion_mnist.npz`` (arrays
``x_train y_train x_test y_test``). One small network is trained plainly; each defence then
starts from its weights. Cost is CPU time of the training alone, as a ratio to the plain
training; robustness is measured by the same assessment for all, on test rows no training saw.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from modelkeep.assess import Context, Recipe, assess_model, attacks, by_name
from modelkeep.core import Digest, Measurement, Subject
from modelkeep.harden import Effort
from modelkeep.harden.adversarial_training import train
from modelkeep.harden.fast_training import VARIANT as FAST
from modelkeep.harden.pgd_training import VARIANT as PGD
from modelkeep.harden.trades import VARIANT as TRADES
from modelkeep.models import Dataset, Model
from modelkeep.models.torch_module import TorchModel

RATE = 2e-3
SHARE, COST = 0.8, 3.0  # of the gain of seven steps, at most this many plain trainings
NO_RECIPE = Recipe("none", lambda _data, _seed: lambda rows: np.zeros((len(rows), 10)))


def network() -> torch.nn.Module:
    """Two strided convolutions and two linear layers."""
    nn = torch.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * 49, 100), nn.ReLU(), nn.Linear(100, 10)),
    )


def plain(data: Dataset, epochs: int) -> TorchModel:
    """The network trained plainly, by the same optimizer and schedule as the defences."""
    module = network()
    rows, truth = torch.from_numpy(data.rows), torch.from_numpy(data.labels.astype(np.int64))
    optimizer = torch.optim.Adam(module.parameters(), lr=RATE, weight_decay=5e-4)
    total = epochs * -(-len(rows) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=total)
    for _ in range(epochs):
        for chosen in torch.randperm(len(rows)).split(128):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(rows[chosen]), truth[chosen]).backward()
            optimizer.step()
            schedule.step()
    return TorchModel(module)


def images(folder: Path, part: str, rows: int) -> Dataset:
    """Rows of Fashion-MNIST in [0, 1]."""
    path = folder / "fashion_mnist.npz"
    with np.load(path, allow_pickle=False) as arrays:  # noqa: TID251 - no pickle is read
        x, y = arrays[f"x_{part}"][:rows], arrays[f"y_{part}"][:rows]
    scaled = (x.reshape(len(x), 1, 28, 28) / 255).astype(np.float32)
    subject = Subject("dataset", part, Digest("0" * 64, "0" * 64))
    return Dataset(subject, scaled, y.astype(str), (), "image")


def timed(work: Callable[[], Model]) -> tuple[Model, float]:
    """What was trained, and its CPU seconds."""
    started = time.process_time()
    return work(), time.process_time() - started


def measured(context: Context) -> tuple[Measurement, Measurement]:
    """Clean and robust accuracy."""
    chosen = [attack for attack in attacks() if attack.predicate == "evasion"]
    numbers = assess_model(context, chosen).all_measurements()
    clean, robust = (by_name(numbers, f"{name}_accuracy") for name in ("clean", "robust"))
    if clean is None or robust is None:
        raise SystemExit("nothing was measured")
    return clean, robust


def main() -> None:
    """Print a row per training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--epsilon", type=float, default=0.1)
    parser.add_argument("--points", type=int, default=500)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    fitting = images(given.data, "train", given.rows)
    test = images(given.data, "test", given.points)
    effort = Effort(given.epochs, rate=RATE)

    def context(model: Model) -> Context:
        return Context(
            model, fitting, test, NO_RECIPE, epsilon_linf=given.epsilon, max_rows=given.points
        )

    standard, cost = timed(lambda: plain(fitting, given.epochs))
    titles = ("CPU s", "x plain", "clean", "robust", "gain")
    print(f"{'training':<10} " + " ".join(f"{title:>8}" for title in titles))
    floor = measured(context(standard))[1].value
    gains = {}
    for name, variant in (("plain", None), ("fast", FAST), ("pgd-7", PGD), ("trades", TRADES)):
        model, seconds = standard, cost
        if variant is not None:
            model, seconds = timed(lambda v=variant: train(context(standard), effort, v))  # type: ignore[misc]
        clean, robust = measured(context(model))
        gains[name] = (robust.value - floor, seconds / cost)
        cells = (
            f"{seconds:>8.1f} {seconds / cost:>8.2f} {clean.value:>8.3f} {robust.value:>8.3f}"
        )
        print(f"{name:<10} {cells} {robust.value - floor:>+8.3f}", flush=True)
    share, ratio = gains["fast"][0] / gains["pgd-7"][0], gains["fast"][1]
    verdict = "met" if share >= SHARE and ratio <= COST else "MISSED"
    print(
        f"fast training: {share:.0%} of the gain of seven steps at {ratio:.2f} plain trainings "
        f"(target {SHARE:.0%} at {COST:g}): {verdict}"
    )


if __name__ == "__main__":
    main()
