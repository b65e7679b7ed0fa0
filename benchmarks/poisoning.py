"""The poisoning grid: every attack on every data set at every rate, nothing left out.

    python benchmarks/poisoning.py --data DIR --cache DIR [--seeds 0 1 2] [--part 1/2]

The data folder holds adult.parquet, nslkdd_train20.parquet, uci_credit.parquet,
sms_spam.parquet, rt_polarity.parquet, mnist.npz and fashion_mnist.npz. Each cell is
written to the cache when it is done and not run again; ``--part 1/2`` runs every other
cell, so that two processes share the grid, and ``--only-print`` runs none. Cells of other
code must not lie in the same cache.

``TPR@5`` is the share of poisoned rows above the score that 5 % of the cell's clean rows
reach, in the list of the attack's own family; ``any`` is that of all families together at
5 %, each given an equal share. ``FPR`` and ``TPR`` are what the threshold set without
labels flags in that family. ``power`` is what the run's own probe of the same threat said
on the same rows before they were poisoned, at the same rate: a cell at zero is a broken
promise unless the probe's lower bound was near zero too. Attack success is measured with
the attack's own trigger, before and after the proposed groups are removed; ``floor`` is
that of a model that never saw a poisoned row.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from modelkeep.core import Digest, Subject
from modelkeep.data.poison import Examination, detectors, examine, prepare, propose
from modelkeep.data.poison.learners import built_in
from modelkeep.data.poison.probes import measure_power
from modelkeep.models import Dataset, load_dataset, load_texts
from poisoning_attacks import ATTACKS, Poisoned

TABLES = {
    "nslkdd": ("nslkdd_train20.parquet", "attack", ("difficulty",)),
    "adult": ("adult.parquet", "Income", ()),
    "credit": ("uci_credit.parquet", "def_pay", ("ID",)),
}
TEXTS = {"sms": "sms_spam.parquet", "rt": "rt_polarity.parquet"}
IMAGES = {"mnist": "mnist.npz", "fashion": "fashion_mnist.npz"}
RATES = (0.01, 0.05, 0.005)
TEST = 1500
WARNED = 0.05  # lower bound of a probe's power that promises nothing
PROBE_OF = {
    "out-of-range trigger": "out_of_range_trigger",
    "in-range trigger": "in_range_trigger",
    "random flips": "label_flips",
    "targeted flips": "label_flips",
    "near boundary": "flips_near_the_boundary",
    "subpopulation": "relabelled_neighbourhood",
    "outliers": "outliers",
    "flood": "flood_of_copies",
    "rare token": "rare_word",
    "sentence": "everyday_sentence",
    "badnets": "patch",
    "blended": "overlay",
    "warp": "warp",
    "sig": "clean_label_wave",
    "patch clean-label": "clean_label_patch",
}


def load(folder: Path, name: str) -> Dataset:
    """One of the data sets above."""
    if name in TEXTS:
        return load_texts(folder / TEXTS[name], text="text", label="label")
    if name in IMAGES:
        with np.load(folder / IMAGES[name], allow_pickle=False) as arrays:  # noqa: TID251 - no pickles
            rows = arrays["x_train"][:, None].astype(np.float32) / 255
            labels = arrays["y_train"].astype(str)
        return Dataset(Subject("dataset", name, Digest("", "")), rows, labels, (), "image")
    file, label, dropped = TABLES[name]
    data = load_dataset(folder / file, label=label)
    kept = [i for i, column in enumerate(data.columns) if column.name not in dropped]
    data = replace(data, rows=data.rows[:, kept], columns=tuple(data.columns[i] for i in kept))
    if name == "nslkdd":
        attack = np.where(data.labels == "normal", "normal", "attack")
        data = replace(data, labels=attack, names=())
    return data


def tpr(values: np.ndarray, poison: np.ndarray, rate: float = 0.05) -> float:
    """Share of poisoned rows strictly above the clean rows' quantile."""
    return float((values[poison] > np.quantile(values[~poison], 1 - rate)).mean())


def together(found: Examination) -> np.ndarray:
    """Each row's best place in any family's list, as a score."""
    places = [
        np.argsort(np.argsort(-one.values, kind="stable"), kind="stable") for one in found.lists
    ]
    return -np.min(places, axis=0).astype(float)


def success(fit_on: Dataset, test: Dataset, made: Poisoned, seed: int) -> tuple[float, float]:
    """Accuracy on clean test rows, and the share of others' rows that the trigger turns."""
    predict = built_in(fit_on)(fit_on, seed)
    names = fit_on.label_names()
    truth = test.class_indices(names)
    accuracy = float((predict(test.rows).argmax(axis=1) == truth).mean())
    if made.trigger is None:
        return accuracy, -1.0
    target = names.index(made.target)
    stamped = made.trigger(test.rows[truth != target])
    return accuracy, float((predict(stamped).argmax(axis=1) == target).mean())


def run_cell(
    train: Dataset, test: Dataset, attack: str, rate: float, seed: int
) -> dict[str, object]:
    """One cell of the grid."""
    make, family = ATTACKS[train.kind][attack]
    made = make(train, rate, seed)
    started = time.process_time()
    context = prepare(made.data, seed=seed)
    found = examine(context, detectors())
    spent = time.process_time() - started
    plan = propose(context, found, built_in(made.data))
    own = found.of(family)  # type: ignore[arg-type]
    poison = made.is_poison
    cell: dict[str, object] = {
        "family": family,
        "poisoned": int(poison.sum()),
        "tpr5": tpr(own.values, poison) if own is not None else 0.0,
        "best": max((tpr(one.values, poison), one.family) for one in found.lists),
        "any": tpr(together(found), poison),
        "fpr": float(own.flagged[~poison].mean()) if own is not None else 0.0,
        "flagged": float(own.flagged[poison].mean()) if own is not None else 0.0,
        "cpu": round(spent, 2),
        "removed": len(plan.removed),
        "left": int(poison.sum() - poison[plan.removed].sum()),
    }
    if made.trigger is not None:
        kept = np.setdiff1d(np.arange(len(made.data)), plan.removed)
        cell["before"] = success(made.data, test, made, seed)
        cell["after"] = success(made.data.take(kept), test, made, seed)
        cell["floor"] = success(made.data.take(np.flatnonzero(~poison)), test, made, seed)
    return cell


def probed(train: Dataset, rate: float, seed: int) -> dict[str, list[float]]:
    """Power of every probe on rows that nobody poisoned, with its interval."""
    numbers = measure_power(prepare(train, seed=seed), detectors(), share=rate)
    return {m.name.removeprefix("power_"): [m.value, m.low, m.high] for m in numbers}


def show(key: list[object], cell: dict[str, object]) -> str:
    """One line of the table."""
    best = cell["best"]
    line = (
        f"{key[0]:8} {key[1]:22} {key[2]:<6} {key[3]}  TPR@5 {cell['tpr5']:.2f}"
        f" any {cell['any']:.2f} best {best[0]:.2f} ({best[1]}) | set: FPR {cell['fpr']:.3f}"
        f" TPR {cell['flagged']:.2f} | removed {cell['removed']}, poison left"
        f" {cell['left']}/{cell['poisoned']} | {cell['cpu']} CPU s"
    )
    value, low, high = cell["power"]
    line += f" | power {value:.2f} [{low:.2f}, {high:.2f}]"
    if "before" in cell:
        before, after, floor = cell["before"], cell["after"], cell["floor"]
        line += (
            f" | accuracy {before[0]:.3f} -> {after[0]:.3f}, attack success"
            f" {before[1]:.2f} -> {after[1]:.2f} (floor {floor[1]:.2f})"
        )
    return line


def summary(cells: list[tuple[list[object], dict[str, object]]]) -> None:
    """The figures of the grid as a whole."""
    for what in ("tpr5", "any"):
        values = np.array([cell[what] for _, cell in cells])
        worst = min(cells, key=lambda entry: entry[1][what])
        print(
            f"{what}: mean {values.mean():.3f}, worst {values.min():.3f} ({worst[0]}),"
            f" zero in {int((values == 0).sum())} of {len(cells)} cells"
        )
    zero = [(key, cell) for key, cell in cells if cell["tpr5"] == 0]
    said = [key for key, cell in zero if cell["power"][1] <= WARNED]
    print(f"of {len(zero)} cells at zero, probes had said so beforehand in {len(said)}")
    for key, cell in zero:
        if key not in said:
            print(f"  NOT SAID: {key}, power {cell['power'][0]:.2f}")
    families = sorted({str(cell["family"]) for _, cell in cells})
    for family in families:
        values = [cell["tpr5"] for _, cell in cells if cell["family"] == family]
        print(f"  {family}: mean TPR@5 {np.mean(values):.3f} over {len(values)} cells")
    print(f"FPR where 0.05 was set: mean {np.mean([cell['fpr'] for _, cell in cells]):.3f},")
    print(f"  greatest {max(cell['fpr'] for _, cell in cells):.3f}")
    worked = [cell for _, cell in cells if "before" in cell and cell["before"][1] >= 0.5]
    mended = [
        cell
        for cell in worked
        if cell["after"][1] <= max(0.05, cell["floor"][1] + 0.02)
        and cell["before"][0] - cell["after"][0] <= 0.01
    ]
    strict = [cell for cell in mended if cell["after"][1] <= 0.05]
    print(
        f"clean-up: of {len(worked)} attacks that succeeded (>= 0.5), {len(strict)} are at"
        f" most 0.05 afterwards for at most a point of accuracy; {len(mended)} at the floor of"
        " a model that never saw poison"
    )


def share_of(part: str) -> tuple[int, int]:
    """``1/2`` as the first of two."""
    which, of = part.split("/")
    return int(which) - 1, int(of)


def stored(path: Path, make: Callable[[], object]) -> Any:  # noqa: ANN401 - what JSON holds
    """What the cache holds, else made and put there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(make()))
        draft.rename(path)
    return json.loads(path.read_text())


def main() -> None:
    """Run what is not done yet, and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("poisoning-cells"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--rates", type=float, nargs="*", default=RATES)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--sets", nargs="*", default=[*TABLES, *TEXTS, *IMAGES])
    parser.add_argument("--part", type=share_of, default=(0, 1))
    parser.add_argument("--only-print", action="store_true")
    asked = parser.parse_args()
    which, of = asked.part
    cells = []
    for count, (seed, rate, name) in enumerate(product(asked.seeds, asked.rates, asked.sets)):
        if count % of != which:
            continue
        folder = asked.cache / f"{name}-{rate}-{seed}-{asked.rows}"
        if asked.only_print and not folder.exists():
            continue
        whole = load(asked.data, name)
        order = np.random.default_rng(seed).permutation(len(whole))
        train = whole.take(order[: asked.rows])
        test = whole.take(order[asked.rows : asked.rows + TEST])
        power = stored(folder / "power.json", partial(probed, train, rate, seed))
        for attack in ATTACKS[train.kind]:
            path = folder / f"{attack.replace(' ', '-')}.json"
            if asked.only_print and not path.exists():
                continue
            cell = stored(path, partial(run_cell, train, test, attack, rate, seed))
            cell["power"] = power[PROBE_OF[attack]]
            cells.append(([name, attack, rate, seed], cell))
            print(show(*cells[-1]), flush=True)
    summary(cells)


if __name__ == "__main__":
    main()
