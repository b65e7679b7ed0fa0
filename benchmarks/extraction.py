"""Extraction: what copies of two models are worth, by strategy, budget and way of answering.

    python benchmarks/extraction.py [--seeds 2] [--budget thorough]

Every figure is the product's own (assessment EXT001). The victims of the tables are networks
on scikit-learn's digits and breast cancer, trained on a third of the rows; half of the rest
is the copier's, the other half judges. Each seed draws split, victim and copies anew; beside
each share stands its 95 % Clopper-Pearson interval, and a second seed shows whether the table
reproduces: whether the two intervals of each cell overlap.

The linear victims are softmax regressions, solved from d + 1 answers at full precision and
at two decimals; and from the first d of the same answers, to show that none is to spare.
On easy rows a copy that is off may still name every class right, so the greatest difference
of a probability stands beside the share: exact is what is off by rounding of numbers alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import numpy as np  # noqa: E402 - after the number of threads and the path are set
import torch  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_digits  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

from modelkeep.assess import Context, Recipe, extraction  # noqa: E402
from modelkeep.assess.extraction import design_points, solve_equations  # noqa: E402
from modelkeep.core import Digest, Measurement, Subject  # noqa: E402
from modelkeep.models import Column, Dataset, InputSpec  # noqa: E402
from modelkeep.models.intervals import clopper_pearson  # noqa: E402
from modelkeep.models.outputs import softmax  # noqa: E402

SETS: Final[dict[str, Callable[..., Any]]] = {
    "digits": load_digits,
    "breast cancer": load_breast_cancer,
}
POLICIES: Final = ("scores", "rounded", "top1", "label")


@dataclass(frozen=True, slots=True)
class Victim:
    """A fitted model as assessments ask it: probabilities, by its classes."""

    subject: Subject
    fitted: Any
    classes: tuple[str, ...]
    spec: InputSpec
    kind: str = "scikit-learn"

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities ``(batch, classes)``, at the precision the model computes them."""
        return np.asarray(self.fitted.predict_proba(np.asarray(rows, dtype=np.float64)))


def rows_of(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised rows and labels, in an order of the seed."""
    rows, labels = SETS[name](return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(rows))
    rows = (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), 1e-9)
    return rows[order].astype(np.float32), labels[order]


def contexts(
    name: str, fitted: LogisticRegression | MLPClassifier, seed: int, budget: str
) -> tuple[Context, Dataset]:
    """A victim fitted on a third of the rows, and the rest of them."""
    rows, labels = rows_of(name, seed)
    third = len(rows) // 3
    fitted.fit(rows[:third].astype(np.float64), labels[:third])
    subject = Subject("dataset", name, Digest("0" * 64, ""))
    columns = tuple(Column(f"x{place}") for place in range(rows.shape[1]))
    data = Dataset(subject, rows[third:], labels[third:].astype(str), columns)
    model = Victim(
        Subject("model", name, Digest("1" * 64, "")),
        fitted,
        tuple(str(each) for each in fitted.classes_),
        InputSpec((rows.shape[1],)),
    )
    nobody = Recipe("none", lambda _data, _seed: model.predict)
    return Context(model, None, data, nobody, budget=budget, seed=seed), data  # type: ignore[arg-type]


def measured(context: Context) -> dict[str, Measurement]:
    """All numbers of the assessment, by what follows ``extraction_``."""
    made = [m for m in extraction.ATTACK.run(context) if isinstance(m, Measurement)]
    return {m.name.removeprefix("extraction_"): m for m in made}


def shown(found: Measurement) -> str:
    """A share with its interval."""
    return f"{found.value:.3f} [{found.low:.3f} {found.high:.3f}]"


def linear(name: str, seed: int) -> None:
    """Equations at full precision, at two decimals, and with one answer too few."""
    context, data = contexts(name, LogisticRegression(max_iter=3000), seed, "quick")
    found = measured(context)
    exact, rounded = (found[f"fidelity_equations_{p}"] for p in ("scores", "rounded"))
    features = data.rows.shape[1]
    points = design_points(data.rows)[:features]  # the last equation is left out
    short = softmax(solve_equations(points, context.predict(points))(data.rows))
    answers = context.predict(data.rows)
    hits = int((short.argmax(axis=1) == answers.argmax(axis=1)).sum())
    low, high = clopper_pearson(hits, len(data))
    print(f"{name}, linear, seed {seed}, d = {features}; fidelity, of {exact.n} rows")
    print(f"  d+1 = {exact.budget['queries']} answers {shown(exact)}: {exact.note}")
    print(f"  the same to 2 decimals {shown(rounded)}: {rounded.note}")
    gap = f"no probability is off by more than {np.abs(short - answers).max():.1g}"
    share = hits / len(data)
    print(f"  d answers {share:.3f} [{low:.3f} {high:.3f}]: {gap}", flush=True)


def table(name: str, seeds: int, budget: str) -> None:
    """One row for each strategy and number of rows asked, a column for each policy."""
    cells: dict[str, list[Measurement]] = defaultdict(list)
    start = time.process_time()
    for seed in range(seeds):
        fitted = MLPClassifier((64,), max_iter=400, random_state=seed)
        context, data = contexts(name, fitted, seed, budget)
        right = (context.predict(data.rows).argmax(axis=1) == context.truth(data)).mean()
        print(f"\n{name}, network, seed {seed}: the victim's accuracy {right:.3f}")
        found = measured(context)
        for key, value in found.items():
            cells[key].append(value)
        kept = [key for key in found if key.startswith("fidelity_")]
        asked = {key.removeprefix("fidelity_").rpartition("_")[0] for key in kept}
        asked.discard("equations")
        for kind in ("fidelity", "accuracy"):
            print(f"  {kind:22}" + "".join(f"{policy:>24}" for policy in POLICIES))
            for each in sorted(asked, key=lambda text: (text.rpartition("_")[0], len(text))):
                numbers = [found.get(f"{kind}_{each}_{policy}") for policy in POLICIES]
                told = [f"{shown(each) if each else '-':>24}" for each in numbers]
                print(f"  {each:22}" + "".join(told), flush=True)
    apart = [
        key
        for key, values in cells.items()
        if max(value.low for value in values) > min(value.high for value in values)
    ]
    print(
        f"{name}: {len(cells)} cells over {seeds} seeds, intervals of {len(apart)} do not "
        f"overlap {apart}; CPU {time.process_time() - start:.0f} s"
    )


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--budget", choices=["standard", "thorough"], default="thorough")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in SETS:
        for seed in range(given.seeds):
            linear(name, seed)
    for name in SETS:
        table(name, given.seeds, given.budget)


if __name__ == "__main__":
    main()
