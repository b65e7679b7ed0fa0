"""Tell planted from honest models: the area under the curve, over all and by kind of trigger.

    python benchmarks/backdoor.py --data DIR --work DIR [--set fashion_mnist] [--seeds 100:105]
    python benchmarks/backdoor.py --work DIR --set digits --seeds 100:104   # runs anywhere
    python benchmarks/backdoor.py --work DIR --data DIR --calibrate digits,mnist --seeds 0:4

Models are trained from their seeds and kept in the work folder with what the test said of
them, so a killed run continues. A planted model whose trigger works on fewer than half of
the rows is no backdoor: it is counted apart. ``--calibrate`` prints the constants of
``modelkeep.assess.backdoor.suspicion`` from honest models; its seeds and sets are others
than those a figure is printed for. CPU seconds are those of one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import image_sets
import planted_models
from modelkeep.assess.backdoor import inspect
from modelkeep.assess.backdoor.suspicion import fuse
from modelkeep.models.intervals import auc_interval

CLEAN_ROWS: Final = 200
WORKS: Final = 0.5  # success below which a trigger was not planted
KINDS: Final = ("patch", "blend", "sinus", "warp")
Row = dict[str, Any]


def judged(plan: planted_models.Plan, data: image_sets.ImageSet, work: Path) -> Row:
    """What the test says of a model; read from the work folder if it was asked before."""
    path = work / f"{plan.name}.json"
    if path.is_file():
        found: Row = json.loads(path.read_text())
        return found
    planted = planted_models.obtain(plan, data, work)
    for parameter in planted.module.parameters():
        parameter.requires_grad_(False)
    start = time.process_time()
    inspection = inspect(
        planted.module,
        data.test[0][:CLEAN_ROWS],
        classes=planted_models.CLASSES,
        steps=120,
        seed=0,
    )
    row: Row = {
        "kind": plan.trigger,
        "cpu": time.process_time() - start,
        "passes": inspection.passes,
        "accuracy": planted.accuracy,
        "success": planted.success,
        "target": planted.backdoor.target if planted.backdoor is not None else -1,
        "sizes": {name: sizes.tolist() for name, sizes in inspection.sizes.items()},
    }
    path.write_text(json.dumps(row))
    return row


def show(plan: planted_models.Plan, row: Row) -> None:
    """One line about a model."""
    found = fuse(_sizes(row), 0)
    right = "target" if found.place == row["target"] else "other " if row["kind"] else "      "
    tests = " ".join(f"{name} {value:5.1f}" for name, value in found.by_test.items())
    print(
        f"{plan.name:26} accuracy {row['accuracy']:.3f} trigger {row['success']:.2f} "
        f"suspicion {found.value:6.2f} apart {found.apart:6.1f} "
        f"{'SUSPECTED' if found.suspected else '-':9} class {found.place} {right} {tests} "
        f"{row['cpu']:5.1f} CPU s",
        flush=True,
    )


def _sizes(row: Row) -> dict[str, np.ndarray]:
    return {name: np.array(sizes) for name, sizes in row["sizes"].items()}


def figures(rows: list[Row]) -> None:
    """Area under the curve, detection and false alarms."""
    scores = [fuse(_sizes(row), 0) for row in rows]
    clean = np.array([s.value for s, row in zip(scores, rows, strict=True) if not row["kind"]])
    alarms = sum(s.suspected for s, row in zip(scores, rows, strict=True) if not row["kind"])
    everything = []
    for kind in (*KINDS, "source"):
        found = [
            s
            for s, row in zip(scores, rows, strict=True)
            if row["kind"] == kind and row["success"] >= WORKS
        ]
        missed = sum(row["kind"] == kind and row["success"] < WORKS for row in rows)
        if kind in KINDS:
            everything += [s.value for s in found]
        if found:
            caught = sum(s.suspected for s in found)
            _print_area(kind, np.array([s.value for s in found]), clean)
            print(f"        suspected {caught}/{len(found)}; not planted: {missed}")
    _print_area("all of " + ", ".join(KINDS), np.array(everything), clean)
    print(f"false alarms {alarms}/{len(clean)}")
    seconds = [row["cpu"] for row in rows]
    print(
        f"CPU s a model: median {np.median(seconds):.1f}, most {max(seconds):.1f} (10 classes)"
    )


def _print_area(name: str, planted: np.ndarray, clean: np.ndarray) -> None:
    if not len(planted) or not len(clean):
        return
    value, low, high = auc_interval(planted, clean, seed=0)
    print(
        f"{name}: AUC {value:.3f} ({low:.3f}-{high:.3f}), {len(planted)} + {len(clean)} models"
    )


def calibrate(rows: list[Row]) -> None:
    """Print the spread of every test among the classes of honest models."""
    honest = [row for row in rows if not row["kind"]]
    for name in honest[0]["sizes"]:
        logs = [np.log(np.array(row["sizes"][name])) for row in honest]
        every = np.concatenate([np.median(found) - found for found in logs])
        print(f"{name}: spread {every.std():.3f} over {len(every)} classes")
    values = sorted(fuse(_sizes(row), 0).value for row in honest)
    print("suspicion of honest models:", " ".join(f"{value:.2f}" for value in values))


def main() -> None:
    """Train what is missing, test every model, print."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--set", default="fashion_mnist")
    parser.add_argument("--seeds", default="100:105")
    parser.add_argument("--clean", type=int, default=4, help="honest models per seed")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--calibrate", default="")
    chosen = parser.parse_args()
    first, last = map(int, chosen.seeds.split(":"))
    rows = []
    for name in (chosen.calibrate or chosen.set).split(","):
        data = image_sets.read(name, chosen.data)
        for seed in range(first, last):
            plans = [planted_models.Plan(name, kind, seed) for kind in chosen.kinds.split(",")]
            step = last - first
            plans += [
                planted_models.Plan(name, "", seed + step * i) for i in range(chosen.clean)
            ]
            for plan in plans:
                rows.append(judged(plan, data, chosen.work))
                show(plan, rows[-1])
    if chosen.calibrate:
        calibrate(rows)
    figures(rows)


if __name__ == "__main__":
    main()
