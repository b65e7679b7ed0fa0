"""Our membership attack beside our own LiRA with 31 shadow models, and beside ART, in one run.

    python benchmarks/membership.py --setup DIR
    python benchmarks/membership.py [--data DIR] [--peers DIR] [--rows 3000] [--targets 4]

Models and rows: an MLP on CIFAR-10 averaged to 16 x 16, a CNN on Fashion-MNIST and boosted
trees on Adult, each where its file lies in ``--data`` (``cifar10_jpeg.parquet``,
``fashion_mnist.npz``, ``adult.parquet``); without data an MLP on scikit-learn's digits.

32 models see half of the rows each. The first ``--targets`` (at most 24) are audited in turn;
shadow models are all 31 others for the LiRA (fixed variance), the last 4 and 8 for ours.
Printed is the mean over targets. The shadow CPU of the LiRA is 31 times that of a
model trained alone, as published code does; ours is 8 models stacked where they can be.
Sources: Carlini et al., IEEE S&P 2022; ART 1.20.1 ``MembershipInferenceBlackBox``.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
import image_sets  # noqa: E402 - beside this file, after the path is set
from modelkeep.assess.shadows import (  # noqa: E402
    Layout,
    ShadowMatrix,
    Told,
    draw_halves,
    fusion,
    lira_online,
    mean_ratio,
    threshold_at,
    told,
    train_stack,
)
from modelkeep.models.intervals import auc  # noqa: E402

PEER: Final = ("adversarial-robustness-toolbox==1.20.1", "numpy==2.4.6", "packaging")
MODELS: Final = 32
STACK: Final = 8
RATES: Final = (0.01, 0.05)
Train = Callable[[np.ndarray, int], np.ndarray]  # from (models, n) to (models, n, classes)


@dataclass(frozen=True, slots=True)
class Case:
    """Rows, classes, and how models on parts of them are trained together."""

    name: str
    truth: np.ndarray
    train: Train
    stack: int


def networks(name: str, rows: np.ndarray, truth: np.ndarray, layout: Layout) -> Case:
    """Networks, stacked."""
    classes = int(truth.max()) + 1

    def train(included: np.ndarray, seed: int) -> np.ndarray:
        fitted = train_stack(rows, truth, included, layout, seed=seed, classes=classes)
        return fitted(rows)

    # Grouped convolutions are slower on a CPU than one network after the other.
    return Case(name, truth, train, 1 if layout.channels else STACK)


def boosted(name: str, rows: np.ndarray, truth: np.ndarray) -> Case:
    """Boosted trees, one after the other."""
    import xgboost  # noqa: PLC0415

    def train(included: np.ndarray, seed: int) -> np.ndarray:
        (mask,) = included
        model = xgboost.XGBClassifier(
            n_estimators=100, max_depth=6, n_jobs=1, random_state=seed
        )
        return np.asarray(model.fit(rows[mask], truth[mask]).predict_proba(rows))[None]

    return Case(name, truth, train, 1)


def cases(data: Path | None, count: int) -> Iterator[Case]:
    """What there is data for."""
    if data is None:
        rows, truth = image_sets.digits().train
        flat = rows.reshape(len(rows), -1)[:count]
        yield networks("digits, MLP", flat, truth[:count], Layout(epochs=60))
        return
    if (data / "cifar10_jpeg.parquet").is_file():
        rows, truth = _cifar(data / "cifar10_jpeg.parquet", count)
        yield networks("CIFAR-10 16 x 16, MLP", rows, truth, Layout(epochs=30))
    if (data / "fashion_mnist.npz").is_file():
        rows, truth = image_sets.read("fashion_mnist", data).train
        layout = Layout(channels=(8, 16), epochs=20, batch=100)
        yield networks("Fashion-MNIST, CNN", rows[:count], truth[:count], layout)
    if (data / "adult.parquet").is_file():
        rows, truth = _adult(data / "adult.parquet", count)
        yield boosted("Adult, boosted trees", rows, truth)


def _cifar(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow.parquet as pq  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    table = pq.read_table(path, columns=["label", "jpeg"]).slice(0, count)
    images = [
        np.asarray(Image.open(io.BytesIO(each.as_py())).convert("RGB"), np.float32) / 255
        for each in table["jpeg"]
    ]
    small = np.stack(images).reshape(count, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    return small.reshape(count, -1), np.asarray(table["label"]).astype(int)


def _adult(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.read_table(path)
    chosen = np.random.default_rng(0).choice(table.num_rows, count, replace=False)
    columns = [np.asarray(table[name].take(chosen).to_pylist()) for name in table.column_names]
    codes = [
        c if c.dtype.kind in "fiu" else np.unique(c, return_inverse=True)[1] for c in columns
    ]
    label = table.column_names.index("Income")
    rows = np.stack([c for i, c in enumerate(codes) if i != label], axis=1)
    return rows.astype(np.float32), codes[label].astype(int)


def measure(case: Case, targets: int, peers: Path | None) -> None:
    """Train, audit and print one case."""
    blocks = [draw_halves(4, len(case.truth), seed) for seed in range(MODELS // 4)]
    included = np.concatenate(blocks)  # so that any block has each row IN half of its models
    start = time.process_time()
    parts = [
        case.train(included[at : at + case.stack], at) for at in range(0, MODELS, case.stack)
    ]
    scores = np.concatenate(parts)
    each = (time.process_time() - start) / MODELS
    start = time.process_time()
    case.train(included[:1], 0)
    alone = time.process_time() - start
    right = scores.argmax(axis=2) == case.truth
    print(
        f"\n{case.name}: {len(case.truth)} rows, accuracy {right[included].mean():.3f} on own"
    )
    print(f"  rows and {right[~included].mean():.3f} on others; CPU per shadow model: alone")
    print(f"  {alone:.2f} s, in a stack of {case.stack} {each:.2f} s")
    said = told(scores, case.truth)
    found: dict[str, list[list[float]]] = {}
    for target in range(targets):
        for name, values in _audit(said, included, target):
            judged, member = values, included[target]
            found.setdefault(name, []).append(_row(judged, member))
        if peers is not None:
            judged, member = _art(scores[target], case.truth, included[target], peers)
            found.setdefault("ART black box (rf)", []).append(_row(judged, member))
    means = {name: np.mean(rows, axis=0) for name, rows in found.items()}
    for name, row in means.items():
        print(f"  {name:28} AUC {row[0]:.3f}  TPR@1% {row[1]:.3f}  TPR@5% {row[2]:.3f}")
    best = means["LiRA online, 31"][1]
    for models in (4, 8):
        ours = means[f"ours, {models}"][1]
        cost = 31 * alone / (models * each)
        print(
            f"  ours, {models}: {ours / best:.0%} of the LiRA's TPR@1% for 1/{cost:.1f} of its"
        )
        print("  shadow CPU")
    if peers is not None:
        ratio = means["ours, 4"][1] / max(means["ART black box (rf)"][1], 1e-3)
        print(f"  ours, 4, against ART: {ratio:.1f} x its TPR@1% (a zero counts as 0.1 %)")


def _audit(said: Told, included: np.ndarray, target: int) -> Iterator[tuple[str, np.ndarray]]:
    """Scores of every attack on one target, all rows."""
    known = Told(said.log_right[target], said.confidence[target])
    others = np.delete(np.arange(MODELS), target)
    full = _matrix(said, included, others)
    yield "loss", known.log_right
    yield "LiRA online, 31", lira_online(known, full)
    for models in (4, 8):
        few = _matrix(said, included, np.arange(MODELS - models, MODELS))
        yield f"ours, {models}", fusion(known, few)
    yield "plain ratio, 8", mean_ratio(known, few)


def _matrix(said: Told, included: np.ndarray, which: np.ndarray) -> ShadowMatrix:
    return ShadowMatrix(
        included[which], Told(said.log_right[which], said.confidence[which]), "", 0, ""
    )


def _row(scores: np.ndarray, member: np.ndarray) -> list[float]:
    inside, outside = scores[member], scores[~member]
    rates = [float((inside > threshold_at(outside, rate)).mean()) for rate in RATES]
    return [auc(inside, outside), *rates]


def _art(
    scores: np.ndarray, truth: np.ndarray, member: np.ndarray, peers: Path
) -> tuple[np.ndarray, np.ndarray]:
    """ART's scores and the membership of the half of the rows it judges."""
    half = np.random.default_rng(0).random(len(truth)) < 0.5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.npz"
        np.savez(path, scores=scores, truth=truth, member=member, told=half)
        worker = Path(__file__).with_name("membership_peer.py")
        command = [peers / "art" / "bin" / "python", worker, path]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return np.array(json.loads(done.stdout.splitlines()[-1])["scores"]), member[~half]


def main() -> int:
    """Set the peer up, or measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", type=Path, help="make the peer's environment here")
    parser.add_argument("--peers", type=Path, help="where --setup made it")
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--targets", type=int, default=4)
    options = parser.parse_args()
    if options.setup:
        venv.create(options.setup / "art", with_pip=True)
        python = options.setup / "art" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", *PEER], check=True)
        return 0
    import torch  # noqa: PLC0415

    torch.set_num_threads(1)
    for case in cases(options.data, options.rows):
        measure(case, options.targets, options.peers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
