"""Which epsilon_dp a run of noisy steps has, by two accountants of different hands.

A step draws every row with the same small chance (Poisson sampling), clips what each drawn
row contributes, and adds Gaussian noise. What many such steps give away together is computed
from privacy loss distributions, rounded upwards; the numerical composition of Opacus, other
code by other people, must say the same within one per cent. Where they differ nothing is
claimed. Neighbouring data sets differ by one row that is added or removed.

Sources: Koskela et al., AISTATS 2020, and Doroshenko et al., PoPETs 2022 (privacy loss
distributions; ``dp_accounting``); Gopi et al., NeurIPS 2021 (PRV; ``opacus``).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelkeep.core import InputError
from modelkeep.models import need

ACCOUNTANT: Final = "privacy loss distribution (dp_accounting)"
CHECKED_BY: Final = "privacy random variables (opacus)"
TOLERANCE: Final = 0.01  # relative difference of two accountants above which nothing is claimed
_PRV_ERROR: Final = 0.002  # error the second one is asked for, relative
_LEAST_ERROR: Final = 1e-4
_LEAST_NOISE: Final = 0.3  # multipliers between which one is looked for
_MOST_NOISE: Final = 500.0
_GRID: Final = 1e-4  # width of the losses that are told apart, each rounded upwards
_COARSE_GRID: Final = 1e-3  # while a multiplier is looked for
_MOST_STEPS: Final = 1_000_000
_STEP: Final = 1e-3  # relative width at which the search for a multiplier ends


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Steps of a Poisson-sampled Gaussian mechanism, all alike.

    Attributes:
        noise: standard deviation of the noise over the clipping bound.
        rate: chance of each row to take part in a step, in (0, 1].
        steps: how many.
    """

    noise: float
    rate: float
    steps: int

    def __post_init__(self) -> None:
        """Refuse what no accountant has an answer for.

        Raises:
            InputError: a number is out of its range.
        """
        numbers = math.isfinite(self.noise) and self.noise > 0 and 0 < self.rate <= 1
        if not numbers or not 1 <= self.steps <= _MOST_STEPS:
            raise InputError(
                f"a mechanism with noise {self.noise}, rate {self.rate}, {self.steps} steps",
                "Noise lies above 0, a rate in (0, 1], steps from 1 on.",
            )


@dataclass(frozen=True, slots=True)
class Spent:
    """What two accountants say.

    Attributes:
        epsilon: the greater of the two: what may be claimed.
        first: by privacy loss distributions.
        second: by the other accountant.
    """

    epsilon: float
    first: float
    second: float


def epsilon_of(mechanisms: Sequence[Mechanism], delta: float) -> Spent:
    """Epsilon of all mechanisms together at one delta.

    Raises:
        InputError: the accountants differ by more than one per cent, or delta is none.
        MissingExtraError: a library is not installed.
    """
    _require_delta(delta)
    if not mechanisms:
        return Spent(0.0, 0.0, 0.0)
    first = _by_distribution(mechanisms, delta)
    second = _by_random_variables(mechanisms, delta, first)
    if abs(first - second) > TOLERANCE * max(first, second) + _LEAST_ERROR:
        raise InputError(
            f"two accountants say epsilon {first:.4f} and {second:.4f}: nothing can be claimed",
            "Use more noise or another delta, where both are exact.",
        )
    return Spent(max(first, second), first, second)


def calibrate_noise(epsilon: float, delta: float, rate: float, steps: int) -> float:
    """The least noise multiplier with which that many steps stay at or below epsilon.

    Raises:
        InputError: no multiplier does, or epsilon is no positive number.
        MissingExtraError: a library is not installed.
    """
    if not math.isfinite(epsilon) or epsilon <= 0:
        raise InputError(f"epsilon {epsilon} is no privacy budget", "Name one such as 3.")
    _require_delta(delta)
    low, high = _LEAST_NOISE, 2 * _LEAST_NOISE
    while _claim(high, rate, steps, delta) > epsilon:
        low, high = high, 2 * high
        if high > _MOST_NOISE:
            raise InputError(
                f"no noise up to {_MOST_NOISE:g} keeps {steps} steps at epsilon {epsilon:g}",
                "Allow a greater epsilon, or fewer epochs.",
            )
    while high / low > 1 + _STEP:
        middle = math.sqrt(low * high)
        if _claim(middle, rate, steps, delta) > epsilon:
            low = middle
        else:
            high = middle
    return high


def _claim(noise: float, rate: float, steps: int, delta: float) -> float:
    """Epsilon with the room that the second accountant may need."""
    first = _by_distribution([Mechanism(noise, rate, steps)], delta, _COARSE_GRID)
    return first * (1 + 2 * _PRV_ERROR) + _LEAST_ERROR


def _require_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise InputError(f"delta {delta} is no probability", "Name one such as 1e-5.")


def _by_distribution(
    mechanisms: Sequence[Mechanism], delta: float, grid: float = _GRID
) -> float:
    events = need("dp_accounting", "an account of differential privacy")
    pld = need("dp_accounting.pld", "an account of differential privacy")
    accountant = pld.PLDAccountant(events.NeighboringRelation.ADD_OR_REMOVE_ONE, grid)
    for each in mechanisms:
        event: Any = events.GaussianDpEvent(each.noise)
        if each.rate < 1:
            event = events.PoissonSampledDpEvent(each.rate, event)
        accountant.compose(event, each.steps)
    return float(accountant.get_epsilon(delta))


def _by_random_variables(
    mechanisms: Sequence[Mechanism], delta: float, expected: float
) -> float:
    accountants = need("opacus.accountants", "a second account of differential privacy")
    accountant = accountants.PRVAccountant()
    accountant.history = [(each.noise, each.rate, each.steps) for each in mechanisms]
    error = max(_LEAST_ERROR, _PRV_ERROR * expected)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on the orders by which it bounds its own domain
        return float(accountant.get_epsilon(delta, eps_error=error))
