"""ART's HopSkipJump on one model; run by ``evasion_tabular.py`` in the peer's environment.

ART hands float64 to models under NumPy 2; the wrapper casts, as a user would have to.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Final

import numpy as np
from art.attacks.evasion import HopSkipJump
from art.estimators.classification import BlackBoxClassifier

from evasion_tabular import RADIUS, SEED, trained

SHORT: Final = {"max_iter": 10, "max_eval": 200, "init_eval": 10, "init_size": 20}
FULL: Final = {"max_iter": 50, "max_eval": 10_000, "init_eval": 100, "init_size": 100}


def main(path: str, kind: str, schedule: str) -> None:
    """Attack, judge with the model alone, and print one line of JSON."""
    table = dict(np.load(path, allow_pickle=False))  # noqa: TID251 - our own arrays, no pickles
    model = trained(kind, table["x"], table["y"])
    rows, truth = table["x_test"], table["y_test"]
    if not np.allclose(model.predict_proba(rows), table["scores"], atol=1e-5):
        raise SystemExit("this environment trains another model")
    sent = 0

    def predict(asked: np.ndarray) -> np.ndarray:
        nonlocal sent
        sent += len(asked)
        return np.asarray(model.predict_proba(asked.astype(np.float32)))

    right = model.predict(rows) == truth
    classes = len(model.classes_)
    box = BlackBoxClassifier(predict, rows.shape[1:], classes, clip_values=(0.0, 1.0))
    settings = FULL if schedule == "full" else SHORT
    attack = HopSkipJump(box, targeted=False, norm=np.inf, verbose=False, **settings)
    np.random.seed(SEED)  # noqa: NPY002 - the seed that ART reads
    start = time.process_time()
    found = attack.generate(rows[right], y=np.eye(classes)[truth[right]]).astype(np.float32)
    spent = time.process_time() - start
    near = np.abs(found - rows[right]).max(axis=1) <= RADIUS * (1 + 1e-5)
    broken = near & (model.predict(found) != truth[right])
    robust = float((right.sum() - broken.sum()) / len(rows))
    print(json.dumps({"robust": robust, "queries": sent, "cpu": spent}))


if __name__ == "__main__":
    main(*sys.argv[1:])
