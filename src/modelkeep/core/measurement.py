"""A number with its interval, budget, seed and attacker, or why there is none."""

from __future__ import annotations

import math

import msgspec

from modelkeep.core.errors import ModelkeepError


class ThreatModel(msgspec.Struct, frozen=True):
    """Who attacks: the axes of NIST AI 100-2.

    Attributes:
        goal: ``evasion`` or ``membership inference``, say.
        knowledge: ``white box``, ``gray box`` or ``black box``.
        capability: what the attacker may do, one phrase.
        norm: ``linf``, ``l2``, ... where inputs are perturbed.
        radius: size of the perturbation, in the unit ``capability`` names.
    """

    goal: str
    knowledge: str
    capability: str
    norm: str | None = None
    radius: float | None = None

    def __post_init__(self) -> None:
        """Refuse a radius that is not a number."""
        if self.radius is not None and not math.isfinite(self.radius):
            raise ModelkeepError(f"the attacker's radius is not finite ({self.radius})")


class Measurement(msgspec.Struct, frozen=True):
    """One measured number.

    Attributes:
        name: what was measured, such as ``robust_accuracy``.
        value: point estimate.
        low: lower end of the 95 % interval.
        high: upper end of the 95 % interval.
        unit: ``fraction``, ``auc``, ``seconds``, ...
        n: how many rows it rests on.
        attacker: threat model, or ``None`` where nobody attacks.
        budget: work done: ``passes`` in all, counted by hooks, or ``queries`` per row.
        seed: the seed that repeats it.
        method: how it was measured, one phrase.
        curve: points ``(x, y)`` behind it, drawn in the report.
        note: what a reader must know before relying on it.
        picture: rows of grey values in [0, 1], such as a trigger, drawn in the report.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    n: int
    attacker: ThreatModel | None = None
    budget: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    seed: int | None = None
    method: str = ""
    curve: tuple[tuple[float, float], ...] = ()
    note: str = ""
    picture: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not a number: JSON has no NaN and neither has evidence."""
        numbers = [self.value, self.low, self.high, *(n for point in self.curve for n in point)]
        numbers += [value for row in self.picture for value in row]
        for value in numbers:
            if not math.isfinite(value):
                raise ModelkeepError(
                    f"measurement {self.name} is not finite ({value})",
                    "Look for NaN or infinity in the model's outputs or the data.",
                )


class NotChecked(msgspec.Struct, frozen=True):
    """Something nobody looked at, and why; always printed."""

    what: str
    why: str


class Risk(msgspec.Struct, frozen=True):
    """A measured risk as the verdict table shows it.

    Attributes:
        title: what can happen, in words.
        measurement: the number behind it.
        score: how bad in [0, 1], to rank by; not a probability.
        mend: a command that exists, or plain words.
    """

    title: str
    measurement: Measurement
    score: float
    mend: str
