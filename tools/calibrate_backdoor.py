"""How often does the backdoor test suspect an honest network?

    PYTHONPATH=src:benchmarks python tools/calibrate_backdoor.py --work DIR --seeds 0:10
    PYTHONPATH=src:benchmarks python tools/calibrate_backdoor.py --work DIR --seeds 0:10 \\
        --data DIR --sets digits,fashion_mnist --minutes 25

Networks of several layouts are trained from their seeds on sets made of scikit-learn's
bundled data, or on a set of a folder; none holds a backdoor and none is part of
``benchmarks/backdoor.py``. Printed are the distribution of the suspicion by group, and the
share of honest networks suspected, with its exact binomial interval. What the test said of
a network is kept in the work folder, so a stopped run continues and runs may be joined.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from sklearn.datasets import load_sample_images
from torch.nn.functional import cross_entropy

import evasion_nets
import image_sets
import planted_models
from modelkeep.assess.backdoor import STEPS, THRESHOLD, inspect
from modelkeep.models.intervals import clopper_pearson

BATCH: Final = 64
CLEAN_ROWS: Final = 200
LARGE: Final = 5000  # training rows above which few epochs suffice
MOST: Final = 6000  # training rows used
SMALL: Final = 8  # side of a picture whose first convolution does not halve it
SHARES: Final = (0.5, 0.8, 0.9, 0.95, 1.0)
LEARNT: Final = 0.4  # accuracy below which a network is of no use to anybody
RADIUS: Final = 0.05  # of adversarial training
Made = tuple[np.ndarray, np.ndarray]


def halves(rows: np.ndarray, labels: np.ndarray) -> tuple[Made, Made]:
    """Shuffled rows to train on, and others to test with."""
    order = np.random.default_rng(0).permutation(len(rows))
    rows, labels = rows[order].astype(np.float32), labels[order].astype(np.int64)
    return (rows[CLEAN_ROWS:], labels[CLEAN_ROWS:]), (rows[:CLEAN_ROWS], labels[:CLEAN_ROWS])


def every_digit() -> Made:
    """All digits, ``(n, 1, 8, 8)`` in [0, 1]."""
    found = image_sets.digits()
    return (
        np.concatenate([found.train[0], found.test[0]]),
        np.concatenate([found.train[1], found.test[1]]),
    )


def moved_digits() -> Made:
    """Digits somewhere on a field of 11 by 11."""
    rows, labels = every_digit()
    field = np.zeros((len(rows), 1, 11, 11), np.float32)
    places = np.random.default_rng(1).integers(0, 4, (len(rows), 2))
    for picture, digit, (row, column) in zip(field, rows, places, strict=True):
        picture[:, row : row + 8, column : column + 8] = digit
    return field, labels


def few_digits() -> Made:
    """Five classes only."""
    rows, labels = every_digit()
    return rows[labels < 5], labels[labels < 5]  # noqa: PLR2004 - five classes


def flat_digits() -> Made:
    """Digits as rows of a table, ``(n, 64)``."""
    rows, labels = every_digit()
    return rows.reshape(len(rows), -1), labels


def photographs() -> Made:
    """Coloured pieces of 16 by 16 of two photographs; a class is a place in one of them."""
    rng, rows, labels = np.random.default_rng(2), [], []
    for label, (number, row, column) in enumerate(product((0, 1), (60, 240), (40, 220, 400))):
        photograph = load_sample_images().images[number] / 255
        for _ in range(200):
            top, left = np.array((row, column)) + rng.integers(-8, 9, 2)
            piece = photograph[top : top + 64 : 4, left : left + 64 : 4].transpose(2, 0, 1)
            lit = piece * rng.uniform(0.6, 1.4) + rng.normal(0, 0.05, piece.shape)
            rows.append(lit.clip(0, 1))
            labels.append(label)
    return np.stack(rows), np.array(labels)


SETS: Final[dict[str, Callable[[], Made]]] = {
    "digits": every_digit,
    "moved": moved_digits,
    "few": few_digits,
    "table": flat_digits,
    "photographs": photographs,
}


def read(name: str, folder: Path | None) -> tuple[Made, Made]:
    """Training and test rows of a set."""
    if name in SETS:
        return halves(*SETS[name]())
    found = image_sets.read(name, folder)
    return found.train, (found.test[0][:CLEAN_ROWS], found.test[1][:CLEAN_ROWS])


def convolutional(shape: tuple[int, ...], classes: int, width: int = 16) -> torch.nn.Module:
    """Two strided convolutions and two linear layers."""
    nn, channels, side = torch.nn, shape[0], shape[-1]
    size, pad = (4, 1) if side > SMALL else (3, 1)
    for _ in range(2):
        side = (side + 2 * pad - size) // 2 + 1
    return nn.Sequential(
        *(nn.Conv2d(channels, width, size, 2, pad), nn.ReLU()),
        *(nn.Conv2d(width, 2 * width, size, 2, pad), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(2 * width * side**2, 100), nn.ReLU(), nn.Linear(100, classes)),
    )


def wide(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
    """The same, twice as wide."""
    return convolutional(shape, classes, 32)


def residual(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
    """Two residual blocks with batch normalisation, and averaged maps."""
    nn, stride = torch.nn, 2 if shape[-1] > SMALL else 1
    return nn.Sequential(
        *(nn.Conv2d(shape[0], 16, 3, stride, 1), nn.SiLU(), evasion_nets.Residual(16)),
        *(nn.Conv2d(16, 32, 3, 2, 1), nn.SiLU(), evasion_nets.Residual(32)),
        *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, classes)),
    )


def perceptron(shape: tuple[int, ...], classes: int) -> torch.nn.Module:
    """One hidden layer."""
    nn = torch.nn
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(int(np.prod(shape)), 128), nn.ReLU()),
        nn.Linear(128, classes),
    )


LAYOUTS: Final[dict[str, Callable[[tuple[int, ...], int], torch.nn.Module]]] = {
    "convolutional": convolutional,
    "wide": wide,
    "residual": residual,
    "perceptron": perceptron,
    "hardened": convolutional,  # trained adversarially
}


def trained(layout: str, train: Made, seed: int) -> torch.nn.Module:
    """An honest network."""
    images, labels = (torch.from_numpy(part[:MOST].copy()) for part in train)
    torch.manual_seed(seed)
    shape, classes = tuple(images.shape[1:]), int(labels.max()) + 1
    module = planted_models.Normalised(LAYOUTS[layout](shape, classes)).train()
    epochs = 4 if len(labels) > LARGE else 20
    optimizer = torch.optim.AdamW(module.parameters(), 3e-3)
    steps = epochs * -(-len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(labels)).split(BATCH):
            rows = images[chosen]
            if layout == "hardened":
                rows = moved(module, rows, labels[chosen])
            optimizer.zero_grad()
            cross_entropy(module(rows), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    return module.eval().requires_grad_(requires_grad=False)


def moved(module: torch.nn.Module, rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Rows moved against the network, one step from a random place (Wong et al. 2020)."""
    start = torch.empty_like(rows).uniform_(-RADIUS, RADIUS).requires_grad_()
    (slope,) = torch.autograd.grad(cross_entropy(module(rows + start), labels), start)
    step = (start.detach() + RADIUS * slope.sign()).clamp(-RADIUS, RADIUS)
    return (rows + step).clamp(0, 1)


def judged(name: str, layout: str, seed: int, data: tuple[Made, Made], work: Path) -> Path:
    """Where it is kept what the test says of a network; made if it is not there."""
    path = work / f"{name}-{layout}-{seed}.json"
    if path.is_file():
        return path
    train, (rows, labels) = data
    module = trained(layout, train, seed)
    with torch.no_grad():
        right = module(torch.from_numpy(rows)).argmax(1).numpy() == labels
    found = inspect(
        module, rows, classes=int(train[1].max()) + 1, steps=STEPS["quick"], seed=seed
    ).suspicion
    row = {
        "set": name,
        "layout": layout,
        "accuracy": float(right.mean()),
        "suspicion": found.value,
        "apart": found.apart,
        "suspected": found.suspected,
    }
    path.write_text(json.dumps(row))
    print(
        f"{path.stem:32} accuracy {row['accuracy']:.3f} suspicion {found.value:5.2f} "
        f"apart {found.apart:5.1f} {'SUSPECTED' if found.suspected else '-'}",
        flush=True,
    )
    return path


def show(rows: list[dict[str, Any]]) -> None:
    """Print how suspicion is distributed, and how often an honest network is suspected."""
    print(f"did not learn, not counted: {sum(row['accuracy'] < LEARNT for row in rows)}")
    rows = [row for row in rows if row["accuracy"] >= LEARNT]
    for key in ("set", "layout"):
        for value in sorted({row[key] for row in rows}):
            _line(value, [row for row in rows if row[key] == value])
    _line("all", rows)


def _line(name: str, rows: list[dict[str, Any]]) -> None:
    values = np.quantile([row["suspicion"] for row in rows], SHARES)
    shown = " ".join(f"{s:.0%} {v:.2f}" for s, v in zip(SHARES, values, strict=True))
    alarms = sum(row["suspected"] for row in rows)
    above = sum(row["suspicion"] > THRESHOLD for row in rows)
    low, high = clopper_pearson(alarms, len(rows))
    print(
        f"{name:14} quantiles {shown}; above {THRESHOLD:g}: {above}; suspected "
        f"{alarms}/{len(rows)} = {alarms / len(rows):.1%} ({low:.1%} to {high:.1%})"
    )


def networks(chosen: argparse.Namespace) -> Iterator[Path]:
    """Judge networks, all groups of a seed before the next, until the time is over."""
    end = time.monotonic() + 60 * chosen.minutes
    first, last = map(int, chosen.seeds.split(":"))
    sets = {name: read(name, chosen.data) for name in chosen.sets.split(",")}
    for seed in range(first, last):
        for name, data in sets.items():
            for layout in chosen.layouts.split(","):
                if data[0][0].ndim == 2 and layout != "perceptron":  # noqa: PLR2004 - a table
                    continue
                if time.monotonic() < end:
                    yield judged(name, layout, seed, data, chosen.work)


def main() -> None:
    """Train what is missing, test every network, print."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder of the sets named by --sets")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--layouts", default=",".join(LAYOUTS))
    parser.add_argument("--seeds", default="41000:41010")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    for _ in networks(chosen):
        pass
    show([json.loads(path.read_text()) for path in sorted(chosen.work.glob("*.json"))])


if __name__ == "__main__":
    main()
