"""What nature does beside what attackers do: one table for each of two picture sets.

    python benchmarks/corruptions.py --data DIR [--rows 500]
        [--sets fashion_mnist cifar10_jpeg]

Trains one small network per set, then prints accuracy under every corruption at severities 1
to 5 and, in the same table, under the white-box attack within L-infinity 2/255, 4/255, 8/255,
16/255 and 32/255, and under stickers. There is no peer: the strengths of corruptions are ours,
so figures of published benchmarks cannot be compared with them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import image_sets
import planted_models
from modelkeep.assess import Context, Threat, corruption, evasion_gradient, patch
from modelkeep.assess.reference import built_in
from modelkeep.core import Digest, Measurement, Subject
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

EIGHT_BITS = 255
RADII = (2, 4, 8, 16, 32)  # of 255
EPOCHS = 8


def network(data: image_sets.ImageSet, rows: int, seed: int) -> TorchModel:
    """A network of two convolutions, trained on some rows."""
    images, labels = (torch.from_numpy(np.ascontiguousarray(p[:rows])) for p in data.train)
    torch.manual_seed(seed)
    module = planted_models.network(images.shape[1], images.shape[-1])
    return TorchModel(planted_models.train(module, images, labels, seed=seed, epochs=EPOCHS))


def task(model: TorchModel, data: image_sets.ImageSet, rows: int, seed: int) -> Context:
    """The model on the first test rows."""
    parts = (data.train, rows * 10), (data.test, rows)
    subject = Subject("dataset", data.name, Digest("0" * 64, "0" * 64))
    train, test = (
        Dataset(subject, np.ascontiguousarray(x[:n]), y[:n].astype(str), (), "image")
        for (x, y), n in parts
    )
    recipe = built_in(lambda: model.classes)
    return Context(model, train, test, recipe, budget="standard", max_rows=rows, seed=seed)


def evasion(context: Context) -> tuple[list[float], float]:
    """Accuracy within each radius, and passes a row at these radii.

    The engine tries smaller radii first, and the rows that fall there count for the radius:
    its record says only what was spent at the radius itself, none where no row stood before.
    """
    found, passes = [], 0
    for radius in RADII:
        given = Context(
            context.model, context.train, context.test, context.recipe,
            max_rows=context.max_rows, given_threat=Threat("linf", radius / EIGHT_BITS),
        )  # fmt: skip
        made = [m for m in evasion_gradient.run(given) if isinstance(m, Measurement)]
        robust = next(m for m in made if m.name == "robust_accuracy")
        found.append(robust.value)
        passes += robust.budget.get("passes", 0)
    return found, passes / context.max_rows


def line(name: str, values: list[float]) -> str:
    """One row of the table."""
    return f"  {name:28s}" + "".join(f"{value:8.3f}" for value in values)


def main() -> None:
    """Print a table per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["fashion_mnist", "cifar10_jpeg"])
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--train-rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.sets:
        data = image_sets.read(name, given.data)
        start = time.process_time()
        context = task(
            network(data, given.train_rows, given.seed), data, given.rows, given.seed
        )
        trained = time.process_time() - start
        rows = [m for m in corruption.ATTACK.run(context) if isinstance(m, Measurement)]
        print(f"{name}: {given.rows} test rows, clean {rows[0].curve[0][1]:.3f}")
        print(line("severity", [1, 2, 3, 4, 5]))
        for found in rows:
            print(line(found.name.partition("[")[2][:-1], [y for _, y in found.curve[1:]]))
        attacked, passes = evasion(context)
        print(line("white box, linf of 255:", [float(radius) for radius in RADII]))
        print(line("", attacked) + f"   {passes:.0f} passes a row, smaller radii apart")
        for made in patch.ATTACK.run(context):
            if isinstance(made, Measurement):
                print(f"  {made.name:28s}{made.value:8.3f} [{made.low:.3f}, {made.high:.3f}]"
                      f" n={made.n}")  # fmt: skip
            else:
                print(f"  {made.what}: {made.why}")
        spent = time.process_time() - start
        print(
            f"  {trained:.0f} CPU s of training, {spent - trained:.0f} of measuring\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
