"""Certified accuracy of a smoothed model: a lower bound that no attack can fall below.

The model inside is asked about many noisy copies of each row. Where the chance of the winning
class is at least p > 1/2 (an exact bound, at level alpha), no row within sigma * Phi^-1(p) in
Euclidean distance has another winner. A radius in L-infinity is covered by the Euclidean
ball around its cube, one in L1 lies inside the ball of the same radius. Noise and draws of the
certificate are our own; how much noise the served graph adds is read from the graph itself
(``models.wrappers`` draws it again and compares bytes).

What is certified is the winner among infinitely many draws. The served model takes fewer and
abstains where they do not settle it, so within the radius it gives another class with chance
alpha per answer at most, and may give none.

Source: Cohen, Rosenfeld and Kolter, ICML 2019 (CERTIFY); Clopper and Pearson, 1934.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.evasion_wrapped import wrapper_of
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.assess.radius import Space, space_of
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Model, from_bytes, need
from modelkeep.models.intervals import clopper_pearson
from modelkeep.models.wrappers import Smoothing

_ROWS: Final = {"quick": 100, "standard": 300, "thorough": 500}
_DRAWS: Final = {"quick": 1000, "standard": 10_000, "thorough": 100_000}
_CHOOSING: Final = 100  # draws that choose the class; the others bound its chance
_TOGETHER: Final = 2000  # noisy copies in memory
_SHARES: Final = (0.25, 0.5, 1.0, 1.5, 2.0)  # radii of the curve, as shares of the asked one
NAME: Final = "certified_accuracy"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known about one row.

    Attributes:
        answer: place of the winning class, -1 where none is certified.
        radius: Euclidean distance within which it wins, in units of the noise's scale.
    """

    answer: int
    radius: float


def applies(context: Context) -> str | None:
    """It needs test rows and a model that answers by votes over noise."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    wrapped = wrapper_of(context.model)
    if wrapped is None or not isinstance(wrapped.wrapper, Smoothing):
        return "the model is not smoothed by noise"
    return None


def certify(
    inside: Model, row: np.ndarray, smoothing: Smoothing, draws: int, rng: np.random.Generator
) -> Certificate:
    """Bound the radius around one row.

    Args:
        inside: what is asked about noisy copies.
        row: shape of one row.
        smoothing: how much noise, and the level.
        draws: copies that bound the chance.
        rng: of the noise.
    """
    chosen = int(_votes(inside, row, smoothing, _CHOOSING, rng).argmax())
    hits = int(_votes(inside, row, smoothing, draws, rng)[chosen])
    low, _ = clopper_pearson(hits, draws, 1 - 2 * smoothing.alpha)  # one-sided at alpha
    if low <= 0.5:  # noqa: PLR2004 - a majority
        return Certificate(-1, 0.0)
    quantile = need("scipy.special", "a certificate").ndtri
    return Certificate(chosen, smoothing.sigma * float(quantile(low)))


def _votes(
    inside: Model, row: np.ndarray, smoothing: Smoothing, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Votes by class."""
    counts = np.zeros(0, np.int64)
    for start in range(0, draws, _TOGETHER):
        size = (min(_TOGETHER, draws - start), *row.shape)
        noisy = row + smoothing.noise() * rng.standard_normal(size)
        scores = inside.predict(noisy.astype(np.float32))
        found = np.bincount(scores.argmax(axis=1), minlength=scores.shape[1])
        counts = found if not len(counts) else counts + found
    return counts


def euclidean(norm: str, radius: float, free: int) -> float:
    """Radius of the Euclidean ball that covers one in another norm of ``free`` features."""
    return radius * float(np.sqrt(free)) if norm == "linf" else radius


def run(context: Context) -> Iterator[Outcome]:
    """Certify rows, and say which share is certified at the radius asked about."""
    wrapped = wrapper_of(context.model)
    if wrapped is None or not isinstance(wrapped.wrapper, Smoothing):
        raise TypeError("a certificate by noise needs a smoothed model")
    smoothing = wrapped.wrapper
    data = context.sample(require_rows(context.test, "test"), _ROWS[context.budget])
    space = space_of(context.train, data)
    noise, scale = np.broadcast_arrays(smoothing.noise(), space.scale)
    if not np.allclose(noise, smoothing.sigma * scale, rtol=1e-4):
        yield NotChecked(
            "certified accuracy", "the noise was scaled for other data than these rows"
        )
        return
    inside = from_bytes(wrapped.bases[0].model.SerializeToString())
    context.predict(data.rows[:1])
    truth, rng = context.truth(data), np.random.default_rng(context.seed)
    radii = np.zeros(len(data))  # -1 where the winner is wrong or unknown
    draws = _DRAWS[context.budget]
    for at, row in enumerate(data.rows):
        context.progress(at / len(data), "certifying")
        found = certify(inside, row, smoothing, draws, rng)
        radii[at] = found.radius if found.answer == truth[at] else -1.0
    yield _measured(context, radii, space, smoothing, draws)


def _measured(
    context: Context, radii: np.ndarray, space: Space, smoothing: Smoothing, draws: int
) -> Measurement:
    threat, n = context.threat, len(radii)
    free = int((space.scale > 0).sum())
    asked = euclidean(threat.norm, threat.radius, free)
    hits = int((radii >= asked).sum())
    low, high = clopper_pearson(hits, n)
    curve = [(0.0, float((radii >= 0).mean()))]
    curve += [(s * threat.radius, float((radii >= s * asked).mean())) for s in _SHARES]
    return Measurement(
        NAME,
        hits / n,
        low,
        high,
        "fraction",
        n,
        attacker=ThreatModel(
            goal="evasion",
            knowledge="white box",
            capability=f"any change within the radius, {space.unit}",
            norm=threat.norm,
            radius=threat.radius,
        ),
        budget={"queries": draws + _CHOOSING},
        seed=context.seed,
        method=f"randomised smoothing, sigma {smoothing.sigma:.4g}, Euclidean radius "
        f"{asked:.4g}; share of rows certified right; Clopper-Pearson interval",
        curve=tuple(curve),
        note=f"a lower bound: no attack can do better, but each row's certificate fails with "
        f"chance {smoothing.alpha:g}",
    )


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: the gates compare attacked accuracy, which is measured on every model."""
    return {}


def risks(_measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """None: a weak certificate is no risk by itself."""
    return iter(())


ATTACK: Final = Attack(
    "CRT001", "certified-smoothing", "model.evasion", "evasion", applies, run, facts, risks
)
