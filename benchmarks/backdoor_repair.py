"""Repair planted models and show what is left of the trigger that was planted.

    python benchmarks/backdoor_repair.py --data DIR --work DIR
    python benchmarks/backdoor_repair.py --work DIR --sets digits        # runs anywhere

Models are trained from their seeds and kept in the work folder. A repair sees clean rows
and the model, never the planted trigger; what is printed is the success of the planted
trigger and accuracy on test rows, before and after, and whether the product itself would
claim a gain. ``refused`` is a model whose backdoor the test does not see: it is counted as
missed. CPU seconds are those of one thread, the measurements before and after included.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch

import image_sets
import planted_models
from modelkeep.assess import Context, Recipe, attacks
from modelkeep.core import Digest, InputError, Subject
from modelkeep.harden import Effort, defences, harden
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

SUCCESS, LOSS = 0.05, 0.02  # at most this much of the trigger, and of accuracy lost
WORKS: Final = 0.5  # success below which a trigger was not planted
NO_RECIPE = Recipe("none", lambda _data, _seed: lambda rows: np.zeros((len(rows), 10)))


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One model: success and accuracy before and after; ``claim`` is the product's own."""

    success: tuple[float, float]
    accuracy: tuple[float, float]
    claim: str
    seconds: float

    @property
    def met(self) -> bool:
        """Whether the trigger fails and accuracy stays."""
        return self.success[1] <= SUCCESS and self.accuracy[0] - self.accuracy[1] <= LOSS


def rows_of(part: tuple[np.ndarray, np.ndarray], count: int) -> Dataset:
    """The first images of a part."""
    subject = Subject("dataset", "images", Digest("0" * 64, "0" * 64))
    return Dataset(subject, part[0][:count], part[1][:count].astype(str), (), "image")


def repaired(
    planted: planted_models.Planted, data: image_sets.ImageSet, chosen: argparse.Namespace
) -> Row:
    """Repair one model and look at it with the planted trigger."""
    fitting, test = rows_of(data.train, chosen.rows), rows_of(data.test, 1000)
    context = Context(TorchModel(planted.module), fitting, test, NO_RECIPE)
    defence = next(found for found in defences() if found.name == chosen.defence)
    start = time.process_time()
    try:
        done = harden(context, defence, Effort(chosen.epochs), attacks())
    except InputError:
        seconds = time.process_time() - start
        same = (planted.success, planted.success), (planted.accuracy, planted.accuracy)
        return Row(*same, "refused", seconds)
    seconds = time.process_time() - start
    if not isinstance(done.model, TorchModel):
        raise TypeError("the repair gave another kind of model")
    accuracy, success = planted_models.judge(done.model.module, data, planted.backdoor)
    claim = "gain" if done.gained else "no gain"
    return Row((planted.success, success), (planted.accuracy, accuracy), claim, seconds)


def main() -> None:
    """Print a line per model and how many meet the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sets", default="digits,fashion_mnist")
    parser.add_argument("--kinds", default="patch")
    parser.add_argument("--seeds", default="500:506")
    parser.add_argument("--rows", type=int, default=5000, help="clean rows of a repair")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--defence", default="trigger-unlearning")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    first, last = map(int, chosen.seeds.split(":"))
    rows = []
    for name in chosen.sets.split(","):
        data = image_sets.read(name, chosen.data)
        for kind in chosen.kinds.split(","):
            for seed in range(first, last):
                plan = planted_models.Plan(name, kind, seed)
                planted = planted_models.obtain(plan, data, chosen.work)
                if planted.success < WORKS:
                    print(f"{plan.name:26} not planted ({planted.success:.2f})")
                    continue
                row = repaired(planted, data, chosen)
                rows.append(row)
                print(
                    f"{plan.name:26} trigger {row.success[0]:.3f} -> {row.success[1]:.3f}  "
                    f"accuracy {row.accuracy[0]:.3f} -> {row.accuracy[1]:.3f}  "
                    f"{row.claim:8} {'met' if row.met else 'MISSED':6} {row.seconds:.0f} CPU s",
                    flush=True,
                )
    met = sum(row.met for row in rows)
    print(
        f"{chosen.defence}: {met} of {len(rows)} models at trigger <= {SUCCESS:.0%} for "
        f"<= {LOSS:.0%} of accuracy; mean trigger "
        f"{np.mean([row.success[1] for row in rows]):.3f}, mean accuracy lost "
        f"{np.mean([row.accuracy[0] - row.accuracy[1] for row in rows]):.3f}"
    )


if __name__ == "__main__":
    main()
