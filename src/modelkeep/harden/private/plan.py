"""What a private training will do, settled and accounted for before a row is touched.

Every choice is made from the number of rows and the effort alone, which are taken to be
public; nothing is tried on the data first, so there is no search to account for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from modelkeep.core import InputError
from modelkeep.harden.private.accounting import Mechanism, Spent, calibrate_noise, epsilon_of

_RATE: Final = 0.05  # share of the rows in a step
_LEAST_BATCH: Final = 64
_MOST_BATCH: Final = 1024
_LONGER: Final = 4  # private training gains from more passes than other training
BOUND: Final = 1.0  # greatest norm of a row's gradient


@dataclass(frozen=True, slots=True)
class Plan:
    """A private training to be.

    Attributes:
        mechanism: noise, rate and steps.
        delta: of the guarantee.
        spent: what two accountants say of it.
        bound: greatest norm of a row's gradient.
        rows: how many there are.
    """

    mechanism: Mechanism
    delta: float
    spent: Spent
    bound: float
    rows: int

    @property
    def batch(self) -> int:
        """Rows of a step, as expected."""
        return max(1, round(self.mechanism.rate * self.rows))


def uncharged(_plan: Plan) -> None:
    """Refuse: nobody keeps an account.

    Raises:
        InputError: always.
    """
    raise InputError(
        "private training needs a ledger that it is charged to",
        "Run it by `modelkeep harden --for membership`, which keeps one per data set.",
    )


@dataclass(frozen=True, slots=True)
class PrivacyTarget:
    """What a private training must keep to.

    Attributes:
        epsilon: most it may give away.
        delta: chance with which that may fail; below one over the number of rows.
        charge: called with the plan before a row is touched; raises where there is no
            budget for it.
    """

    epsilon: float = 3.0
    delta: float = 1e-5
    charge: Callable[[Plan], None] = uncharged


def plan_training(rows: int, epochs: int, target: PrivacyTarget) -> Plan:
    """Settle rate, steps and noise.

    Args:
        rows: how many there are to train on.
        epochs: passes that other training would make.
        target: epsilon and delta.

    Raises:
        InputError: delta is not below one over the rows, or no noise reaches epsilon.
        MissingExtraError: a library is not installed.
    """
    if target.delta * rows >= 1:
        raise InputError(
            f"delta {target.delta:g} lets one of {rows} rows be published outright",
            f"Name one well below {1 / rows:.1g}, such as {0.1 / rows:.1g}, with --delta.",
        )
    rate = min(1.0, min(max(_RATE * rows, _LEAST_BATCH), _MOST_BATCH) / rows)
    steps = math.ceil(_LONGER * epochs / rate)
    noise = calibrate_noise(target.epsilon, target.delta, rate, steps)
    mechanism = Mechanism(noise, rate, steps)
    spent = epsilon_of([mechanism], target.delta)
    if spent.epsilon > target.epsilon:
        raise InputError(
            f"by the second accountant the training gives away {spent.epsilon:.4f}, "
            f"more than {target.epsilon:g}",
            "Allow a slightly greater epsilon.",
        )
    return Plan(mechanism, target.delta, spent, BOUND, rows)
