"""From what every test says of every class to one calibrated number.

A test gives each class a size: of the smallest trigger, or one over the largest margin.
A class is compared with the median class of the same model, as a ratio, so that
neither the data nor the network's habits count: ``log(median / size)``. Divided by its
spread among classes of honest models, each test speaks in the same unit, deviations; the
mean over tests is the suspicion of a class, and the most suspicious class is the model's.

Two conditions must hold before a model is suspected, as Neural Cleanse's second one
alone accuses honest models: the suspicion exceeds what most honest models reach, and the
class stands apart from the others by the median absolute deviation.

The spreads below come from honest networks on digits; ``benchmarks/backdoor.py
--calibrate`` prints them anew. The level of the threshold was measured afterwards on other
networks and seeds, ``tools/calibrate_backdoor.py``, and did not move it.

Source: Wang et al., IEEE S&P 2019 (the deviation index).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

# Spread of log(median / size) among the classes of honest models, by test.
SPREAD: Final = {"patch": 0.16, "overlay": 0.14, "stripes": 0.19, "margin": 0.15}
# Mean deviations; set by hand above the 3.07 of an honest network. Of 73 fresh honest ones
# (five layouts, seven sets) 10 were suspected: 1 of 57 on digits, Fashion-MNIST, CIFAR-10 and
# tables (1.8 %, 95 % interval 0.0 to 9.4 %), but 9 of 16 (30 to 80 %) where classes are single
# places of photographs: classes that differ that much are not equally easy to reach.
THRESHOLD: Final = 3.2
_APART: Final = 2.0  # deviation index at which a class stands apart
_DRAWS: Final = 200
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What the tests say together.

    Attributes:
        place: the most suspicious class, as a place among those tested.
        value: its suspicion, in deviations of honest classes.
        low: lower end of the bootstrap interval over the other classes.
        high: upper end.
        apart: its deviation index among the classes.
        by_test: deviations of that class, by test.
    """

    place: int
    value: float
    low: float
    high: float
    apart: float
    by_test: dict[str, float]

    @property
    def suspected(self) -> bool:
        """Whether both conditions hold."""
        return self.value > THRESHOLD and self.apart > _APART


def fuse(sizes: dict[str, np.ndarray], seed: int) -> Suspicion:
    """Join the tests.

    Args:
        sizes: per test one size per class, shape ``(classes,)``, small where suspicious.
        seed: of the bootstrap.
    """
    logs = {name: np.log(np.maximum(found, _TINY)) for name, found in sizes.items()}
    deviations = {name: _deviations(name, found, found) for name, found in logs.items()}
    joined = np.mean(list(deviations.values()), axis=0)
    place = int(joined.argmax())
    middle = np.median(joined)
    spread = 1.4826 * np.median(np.abs(joined - middle)) + _TINY
    rng = np.random.default_rng(seed)
    others = np.delete(np.arange(len(joined)), place)
    draws = []
    for _ in range(_DRAWS):
        drawn = np.append(rng.choice(others, len(others)), place)
        parts = [_deviations(n, found[place], found[drawn]) for n, found in logs.items()]
        draws.append(float(np.mean(parts)))
    low, high = np.percentile(draws, [2.5, 97.5])
    value = float(joined[place])
    return Suspicion(
        place,
        value,
        min(float(low), value),
        max(float(high), value),
        float((joined[place] - middle) / spread),
        {name: float(found[place]) for name, found in deviations.items()},
    )


def _deviations(name: str, logs: np.ndarray, among: np.ndarray) -> np.ndarray:
    return np.asarray((np.median(among) - logs) / SPREAD[name])
