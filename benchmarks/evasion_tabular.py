"""Attack trees and ensembles on tables, beside ART's HopSkipJump, in one run.

ART is installed in an environment of its own, only when asked::

    python benchmarks/evasion_tabular.py --setup DIR
    python benchmarks/evasion_tabular.py --peers DIR [--data TABLE.parquet ...] [--rows 50]

Tables: scikit-learn's breast cancer, and any table given (its last column is the label,
or the one after ``:``, as in ``adult.parquet:Income``), texts as codes, all columns scaled
to [0, 1]. Models: a tree, a random forest, gradient boosting and XGBoost, trained with the
same seed on both sides; the peer refuses to go on if its models answer otherwise.
Every row of a table, whatever model answers it, is attacked within L-infinity 0.1.

Ours reads scores and is held to the budget of ``--budget quick``; HopSkipJump reads labels
only and minimises the distance, which is not the same threat model, so our attack on labels
alone is printed beside it. HopSkipJump runs with a short schedule (10 steps) and, for the first
``--full`` rows, with ART's own defaults. CPU time is that of attacking, model calls included.
For XGBoost and gradient boosting the certified bracket is printed: proven, and still standing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
WORKER: Final = Path(__file__).with_name("evasion_tabular_peer.py")
PEER: Final = (
    "adversarial-robustness-toolbox==1.20.1",
    "numpy==2.4.6",
    "scikit-learn==1.9.1",
    "xgboost-cpu==3.2.0",
    "packaging",  # which ART needs and does not declare
)
RADIUS: Final = 0.1
TRAIN: Final = 4000  # most training rows
SEED: Final = 0
MODELS: Final = ("tree", "forest", "boosting", "xgboost")


def trained(kind: str, rows: np.ndarray, truth: np.ndarray) -> Any:  # noqa: ANN401
    """A model of one kind; the peer trains the very same."""
    import xgboost  # noqa: PLC0415
    from sklearn import ensemble, tree  # noqa: PLC0415

    made = {
        "tree": lambda: tree.DecisionTreeClassifier(random_state=SEED),
        "forest": lambda: ensemble.RandomForestClassifier(50, random_state=SEED),
        "boosting": lambda: ensemble.GradientBoostingClassifier(
            n_estimators=50, random_state=SEED
        ),
        "xgboost": lambda: xgboost.XGBClassifier(
            n_estimators=50, max_depth=4, n_jobs=1, random_state=SEED
        ),
    }
    return made[kind]().fit(rows, truth)


def tables(given: list[str], count: int) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Each table as training rows and ``count`` rows to attack, scaled to [0, 1]."""
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415

    places = [text.partition(":") for text in given]  # all are read before any is attacked
    read = [(Path(path).stem, _coded(Path(path), label)) for path, _, label in places]
    read.insert(0, ("breast cancer", load_breast_cancer(return_X_y=True)))
    for name, arrays in read:
        yield name, _split(*arrays, count)


def _coded(path: Path, label: str) -> tuple[np.ndarray, np.ndarray]:
    from pyarrow import parquet  # noqa: PLC0415

    table = parquet.read_table(path)
    target = label or table.column_names[-1]
    if target not in table.column_names:
        there = ", ".join(table.column_names)
        raise SystemExit(f"{path.name} has no column {target!r} to be the label, but {there}")
    columns = {}
    for name in table.column_names:
        values = np.array(table.column(name).to_pylist())
        numeric = values.dtype.kind in "fiub" and name != target
        columns[name] = values if numeric else np.unique(values, return_inverse=True)[1]
    truth = columns.pop(target)
    return np.nan_to_num(np.stack(list(columns.values()), axis=1).astype(float)), truth


def _split(rows: np.ndarray, truth: np.ndarray, count: int) -> dict[str, np.ndarray]:
    order = np.random.default_rng(SEED).permutation(len(rows))
    train, test = order[count : count + TRAIN], order[:count]
    low, span = rows.min(axis=0), np.maximum(np.ptp(rows, axis=0), 1e-12)
    scaled = ((rows - low) / span).astype(np.float32)
    names = {"x": scaled[train], "y": truth[train], "x_test": scaled[test]}
    return names | {"y_test": truth[test]}


def ours(
    table: dict[str, np.ndarray], kind: str, attack: Callable[..., Any]
) -> tuple[float, int, float, float]:
    """Robust accuracy, queries, CPU seconds and clean accuracy of one of our attacks."""
    from modelkeep.assess.black_box import Oracle, Region  # noqa: PLC0415

    model = trained(kind, table["x"], table["y"])
    right = model.predict(table["x_test"]) == table["y_test"]
    rows, truth = table["x_test"][right], table["y_test"][right]
    width = rows.shape[1]
    region = Region("linf", RADIUS, rows, np.ones(width), 0 * rows, 0 * rows + 1)
    oracle = Oracle(model.predict_proba, (width,), truth, 200)
    start = time.process_time()
    found = attack(oracle, region)
    spent = time.process_time() - start
    every = np.arange(len(rows))
    wrong = model.predict(found.points) != truth  # judged again, by the model alone
    broken = wrong & region.contains(found.points, every)
    return (len(rows) - broken.sum()) / len(right), oracle.queries, spent, right.mean()


def bracket(table: dict[str, np.ndarray], kind: str) -> str:
    """Proven and still standing shares of boosted trees, and the gap between them."""
    from modelkeep.assess.evasion_trees import SETS  # noqa: PLC0415
    from modelkeep.assess.tree_bounds import Fate, leaves_of, settle  # noqa: PLC0415
    from modelkeep.models.trees import sklearn_arrays, xgboost_json  # noqa: PLC0415

    model, rows = trained(kind, table["x"], table["y"]), table["x_test"]
    start = time.process_time()
    if kind == "xgboost":
        trees = xgboost_json.read(json.loads(bytes(model.get_booster().save_raw("json"))))
    else:
        trees = sklearn_arrays.read(sklearn_arrays.arrays_of(model), rows.shape[1])
    leaves, proven, standing = leaves_of(trees), 0, 0
    step = np.float32(RADIUS)
    for row, truth in zip(rows, table["y_test"], strict=True):
        if model.predict(row[None])[0] != truth:
            continue
        box = np.maximum(row - step, 0), np.minimum(row + step, 1)
        fate, point = settle(leaves, row, box, int(truth), SETS["quick"])
        proven += fate is Fate.PROVEN
        inside = np.abs(point - row).max() <= RADIUS + 1e-6
        standing += not (inside and model.predict(point[None])[0] != truth)
    spent = time.process_time() - start
    gap = 100 * (standing - proven) / len(rows)
    return (
        f"    bracket    proven {proven / len(rows):.3f}  standing {standing / len(rows):.3f}"
        f"  gap {gap:.1f} points (at most 2)  {spent:.2f} CPU s"
    )


def peer(
    folder: Path, table: dict[str, np.ndarray], kind: str, rows: int, *, full: bool
) -> Any:  # noqa: ANN401
    """What HopSkipJump reached: robust accuracy, queries, CPU seconds."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "table.npz"
        model = trained(kind, table["x"], table["y"])
        few = {**table, "x_test": table["x_test"][:rows], "y_test": table["y_test"][:rows]}
        np.savez(path, **few, scores=model.predict_proba(few["x_test"]))
        command = [str(folder / "bin" / "python"), str(WORKER), str(path), kind]
        done = subprocess.run(
            [*command, "full" if full else "short"], capture_output=True, check=False, text=True
        )
    if done.returncode:
        raise SystemExit(f"the peer failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print every figure and ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--full", type=int, default=5, help="rows attacked with ART's defaults")
    options = parser.parse_args()
    if options.setup is not None:
        venv.create(options.setup, with_pip=True)
        subprocess.run([options.setup / "bin" / "pip", "install", "-q", *PEER], check=True)
        return
    sys.stdout.reconfigure(line_buffering=True)
    for name, table in tables(options.data, options.rows):
        shape = table["x"].shape
        print(f"{name}: {shape[0]} training rows, {shape[1]} columns, {options.rows} attacked")
        for kind in MODELS:
            compare(options, table, kind)


def compare(options: argparse.Namespace, table: dict[str, np.ndarray], kind: str) -> None:
    """One model of one table."""
    from modelkeep.assess.black_box import coordinate_search, decision_search  # noqa: PLC0415

    scores = ours(table, kind, lambda o, r: coordinate_search(o, r, seed=SEED, patience=60))
    labels = ours(table, kind, lambda o, r: decision_search(o, r, seed=SEED))
    print(f"  {kind}: clean {scores[3]:.3f}")
    for name, figures in (("scores", scores), ("labels", labels)):
        print(_line(f"ours, {name}", *figures[:3]))
    if kind in ("boosting", "xgboost"):
        print(bracket(table, kind))
    if options.peers is None:
        return
    found = peer(options.peers, table, kind, options.rows, full=False)
    print(_line("HSJ, short", found["robust"], found["queries"], found["cpu"]))
    for name, (robust, queries, spent, _) in (("scores", scores), ("labels", labels)):
        verdict = "no higher" if robust <= found["robust"] + 1e-9 else "HIGHER"
        print(
            f"    ratio, {name}: robust accuracy {verdict}, {found['queries'] / queries:.1f}x "
            f"fewer queries, {found['cpu'] / max(spent, 1e-9):.1f}x less CPU"
        )
    if options.full:
        found = peer(options.peers, table, kind, options.full, full=True)
        few = {**table, "x_test": table["x_test"][: options.full]}
        few["y_test"] = table["y_test"][: options.full]
        again = ours(few, kind, lambda o, r: coordinate_search(o, r, seed=SEED, patience=60))
        print(_line(f"HSJ, full, first {options.full}", *(found[k] for k in KEYS)))
        print(_line(f"ours, same {options.full}", *again[:3]))


KEYS: Final = ("robust", "queries", "cpu")


def _line(name: str, robust: float, queries: int, cpu: float) -> str:
    return f"    {name:20} robust {robust:.3f}  {queries:9,} queries  {cpu:8.2f} CPU s"


if __name__ == "__main__":
    main()
