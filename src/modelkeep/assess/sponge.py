"""Inputs that cost more than others: worst latency against typical.

Whoever may send any row may send those that take longest: subnormal numbers, which some
processors handle slowly, huge ones, constant ones, or whatever a search on measured time
finds. Equal batches are timed in turn, typical and crafted, so that a busy machine slows
both; a ratio near 1 means that no input of this size is dear.

Source: Shumailov et al., EuroS&P 2021 (sponge examples).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import numpy as np

from modelkeep.assess.interface import Attack, Context, Facts, Outcome, by_name, require_rows
from modelkeep.core import InputError, Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Dataset

_BATCH: Final = 64
_REPEATS: Final = {"quick": 15, "standard": 40, "thorough": 100}
_CLIMB: Final = {"quick": 10, "standard": 60, "thorough": 200}
_DRAWS: Final = 400
_NOTICE: Final = 2.0  # ratio whose lower end makes a risk
_ELSEWHERE: Final = 0.02  # share of the time below which another process does the work
_TINY: Final = 1e-40  # below the least normal float32
_HUGE: Final = 1e30


def applies(context: Context) -> str | None:
    """It needs test rows."""
    return "no test data was given (--test FILE)" if context.test is None else None


def crafted(data: Dataset, seed: int) -> dict[str, np.ndarray]:
    """Batches of the shape of ``data.rows`` that may be dear, by kind; categories stay."""
    rng = np.random.default_rng(seed)
    shape = data.rows.shape
    signs = rng.choice([-1.0, 1.0], shape)
    made = {
        "subnormal": _TINY * signs * rng.random(shape),
        "huge": _HUGE * signs,
        "zero": np.zeros(shape),
        "noise": rng.normal(0, 1, shape) * (np.abs(data.rows).max() + 1),
    }
    return {
        kind: np.where(data.numeric, rows, data.rows).astype(np.float32)
        for kind, rows in made.items()
    }


def _seconds(context: Context, rows: np.ndarray) -> float:
    """CPU time of a batch; the clock's where the work is done in another process."""
    wall, cpu = time.perf_counter(), time.process_time()
    context.predict(rows)
    spent, passed = time.process_time() - cpu, time.perf_counter() - wall
    return spent if spent > _ELSEWHERE * passed else passed


def run(context: Context) -> Iterator[Outcome]:
    """Find the dearest batch, then time it against a typical one."""
    data = context.sample(require_rows(context.test, "test"), _BATCH)
    if not data.numeric.any():
        yield NotChecked("sponge inputs", "no feature is numeric: nothing can be crafted")
        return
    kind, worst, refused = _dearest(context, data)
    for name in refused:
        yield NotChecked(f"sponge inputs: {name}", "the model refuses such rows")
    if worst is None:
        return
    pairs = [
        (_seconds(context, worst), _seconds(context, data.rows))
        for _ in range(_REPEATS[context.budget])
    ]
    dear, typical = (np.array(times) for times in zip(*pairs, strict=True))
    rng = np.random.default_rng(context.seed)
    draws = []
    for _ in range(_DRAWS):
        pick = rng.integers(0, len(dear), len(dear))
        draws.append(np.median(dear[pick]) / max(np.median(typical[pick]), 1e-9))
    value = float(np.median(dear) / max(np.median(typical), 1e-9))
    low, high = np.percentile(draws, [2.5, 97.5])
    yield Measurement(
        "sponge_latency_ratio",
        value,
        min(float(low), value),
        max(float(high), value),
        "ratio",
        len(dear),
        attacker=ThreatModel("availability", "black box", "sends any row of the right shape"),
        budget={"queries": len(pairs) + _CLIMB[context.budget] + 4},
        seed=context.seed,
        method=f"{kind} rows against test rows, {len(data)} a batch, medians of CPU time; "
        "bootstrap interval",
        note=f"typical {np.median(typical) * 1e3:.2f} ms, worst {np.median(dear) * 1e3:.2f} ms",
    )


def _dearest(context: Context, data: Dataset) -> tuple[str, np.ndarray | None, list[str]]:
    """The dearest batch found, its kind, and the kinds that were refused."""
    best, kind, most, refused = None, "", 0.0, list[str]()
    for name, rows in crafted(data, context.seed).items():
        try:
            context.predict(rows)  # the first call may settle something
            spent = min(_seconds(context, rows) for _ in range(3))
        except InputError:
            refused.append(name)
            continue
        if spent > most:
            best, kind, most = rows, name, spent
    if best is None:
        return kind, best, refused
    rng = np.random.default_rng(context.seed)
    for step in range(_CLIMB[context.budget]):
        context.progress(step / _CLIMB[context.budget], "sponge inputs: climbing latency")
        mixed = np.where(rng.random(data.rows.shape) < 0.2, data.rows, best)  # noqa: PLR2004
        spent = min(_seconds(context, mixed) for _ in range(3))
        if spent > 1.05 * most:  # more than what timing errs by
            best, kind, most = mixed, "mixed", spent
    return kind, best, refused


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares latencies."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Rows that cost much more than others."""
    found = by_name(measurements, "sponge_latency_ratio")
    if found is not None and found.low > _NOTICE:
        yield Risk(
            "some inputs cost much more time than others",
            found,
            1 - 1 / found.value,
            "limit time per request and refuse values outside the training range",
        )


ATTACK: Final = Attack(
    "SPG001", "sponge-inputs", "runtime.dos", "performance", applies, run, facts, risks
)
