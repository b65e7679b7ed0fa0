"""Extraction: how good a copy can be made of this model by asking it?

The copier holds one half of the test rows and judges nothing; the other half judges the
copy. *Fidelity* is the share of those rows on which copy and model name the same class,
*accuracy* the share on which the copy is right. Every number says how many rows were asked;
those asked only to judge are counted apart. What the model answers is noted once, and each
way of answering (all scores, rounded, best class, label alone) is applied to it, so that a
row of the table compares ways of answering and nothing else.

A linear model is not learned but solved: d + 1 answers at full precision give every weight.
Whether it was solved shows in the probabilities, for a copy that is nearly right may well
name every class as the model does.

That a copy can be made is no fault of a model; what the gate makes of it is the policy's.

Sources: Tramèr et al., USENIX Security 2016; Orekondy, Schiele and Fritz, CVPR 2019;
Jagielski et al., USENIX Security 2020 (fidelity and accuracy apart); NISTAML.031.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

import msgspec
import numpy as np

from modelkeep.assess.extraction.equations import design_points, solve_equations
from modelkeep.assess.extraction.policies import LABEL, POLICIES, ROUNDED, SCORES
from modelkeep.assess.extraction.strategies import STRATEGIES, Knowledge, train_copy
from modelkeep.assess.extraction.victim import Victim
from modelkeep.assess.interface import (
    PPM,
    Attack,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import EndpointLostError
from modelkeep.models.intervals import clopper_pearson
from modelkeep.models.outputs import softmax

_BUDGETS: Final = {"quick": (100,), "standard": (100, 400), "thorough": (100, 400, 1600)}
_LEAST: Final = 40  # test rows below which half of them judge nothing; queries likewise
_MOST_JUDGING: Final = 1000
_MOST_FEATURES: Final = 500  # equations asked for at once
_EXACT: Final = 0.99
_SOLVED: Final = "extraction_fidelity_equations_scores"
_MEND: Final = (
    "answer labels or probabilities of two decimals, and bound the queries of a caller"
)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Rows that judge copies: what the model answers to them and what is right."""

    rows: np.ndarray
    scores: np.ndarray
    truth: np.ndarray

    @property
    def said(self) -> np.ndarray:
        """The class the model names for each row."""
        return np.asarray(self.scores.argmax(axis=1))


def applies(context: Context) -> str | None:
    """It needs test rows of numbers."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if len(context.test) < _LEAST:
        return f"fewer than {_LEAST} test rows"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Measure fidelity and accuracy by strategy, budget and way of answering.

    Raises:
        EndpointLostError: the model's budget of queries is too small.
    """
    test = require_rows(context.test, "test")
    if context.left is not None and context.left < _LEAST:
        raise EndpointLostError(
            f"{context.left} queries are left, and copying takes at least {_LEAST}",
            "Raise the query budget.",
        )
    order = np.random.default_rng(context.seed).permutation(len(test))
    half = len(test) // 2
    most = _MOST_JUDGING if context.left is None else min(_MOST_JUDGING, context.left * 2 // 3)
    judging = test.take(order[half:][:most])
    scores = context.predict(judging.rows)
    judge = _Judge(judging.rows, scores, context.truth(judging))
    numeric = np.broadcast_to(test.numeric, test.rows.shape[1:])
    knows = Knowledge(test.rows[order[:half]], numeric, context.seed)
    yield from _by_equations(context, knows, judge)
    if find_spec("torch") is None:
        why = "copies are trained with torch: pip install 'modelkeep[train]'"
        yield NotChecked("extraction by a trained copy", why)
        return
    yield from _by_natural_rows(context, knows, judge)
    if context.budget != "quick":
        yield from _by_other_strategies(context, knows, judge)


def _by_equations(context: Context, knows: Knowledge, judge: _Judge) -> Iterator[Outcome]:
    """Solve for the weights, where rows are numbers and not too many of them."""
    flat = knows.rows.reshape(len(knows.rows), -1)
    if not knows.numeric.all() or flat.shape[1] > _MOST_FEATURES:
        return
    if context.left is not None and context.left // 2 < flat.shape[1] + 1:
        why = f"{context.left} queries are left; it takes {flat.shape[1] + 1} of a half of them"
        yield NotChecked("extraction by equations", why)
        return
    points = design_points(flat)
    shape = knows.rows.shape[1:]
    victim = Victim(context.predict, shape, len(points), SCORES)
    answers = victim.ask(points.reshape(len(points), *shape))
    for policy in (SCORES, ROUNDED):
        solved = solve_equations(points, policy.apply(answers))
        logits = solved(judge.rows.reshape(len(judge.rows), -1))
        apart = float(np.abs(softmax(logits) - judge.scores).max())
        asked = f"equations_{policy.name}", f"{policy.says}; d + 1 equations solved"
        for found in _judged(context, judge, logits.argmax(axis=1), asked, victim.spent):
            yield msgspec.structs.replace(
                found, note=f"no probability is off by more than {apart:.1g}"
            )


def _by_natural_rows(context: Context, knows: Knowledge, judge: _Judge) -> Iterator[Outcome]:
    """One table: budgets by ways of answering."""
    most = len(knows.rows) if context.left is None else min(len(knows.rows), context.left)
    budgets = sorted({min(b, most) for b in _BUDGETS[context.budget]})
    victim = Victim(context.predict, knows.rows.shape[1:], budgets[-1], SCORES)
    natural = STRATEGIES[0]
    rows, answers = natural.collect(victim, knows)
    policies = (SCORES, LABEL) if context.budget == "quick" else POLICIES
    for number, budget in enumerate(budgets):
        context.progress(number / len(budgets), f"extraction, {budget} rows")
        for policy in policies:
            copy = train_copy(rows[:budget], policy.apply(answers[:budget]), context.seed)
            asked = f"natural_{budget}_{policy.name}", f"{policy.says}; {natural.says}"
            yield from _judged(context, judge, _classes(copy, judge), asked, budget)


def _by_other_strategies(
    context: Context, knows: Knowledge, judge: _Judge
) -> Iterator[Outcome]:
    """Made-up, active and Jacobian rows; the whole table of them where time is given."""
    whole = context.budget == "thorough"
    given = _BUDGETS[context.budget] if whole else _BUDGETS[context.budget][1:2]
    for strategy in STRATEGIES[1:]:
        for budget in sorted({min(b, len(knows.rows) // 2) for b in given}):
            for policy in POLICIES if whole else (SCORES, LABEL):
                context.progress(0.5, f"extraction, {strategy.name}, {policy.name}")
                victim = Victim(context.predict, knows.rows.shape[1:], budget, policy)
                rows, answers = strategy.collect(victim, knows)
                copy = train_copy(rows, answers, context.seed)
                asked = (
                    f"{strategy.name}_{budget}_{policy.name}",
                    f"{policy.says}; {strategy.says}",
                )
                spent = victim.spent
                yield from _judged(context, judge, _classes(copy, judge), asked, spent)


def _classes(copy: Callable[[np.ndarray], np.ndarray], judge: _Judge) -> np.ndarray:
    return np.asarray(copy(judge.rows).argmax(axis=1))


def _judged(
    context: Context,
    judge: _Judge,
    copied: np.ndarray,
    asked: tuple[str, str],
    queries: int,
) -> Iterator[Measurement]:
    """Fidelity and accuracy of one copy."""
    n = len(judge.rows)
    for name, wanted in (("fidelity", judge.said), ("accuracy", judge.truth)):
        hits = int((copied == wanted).sum())
        yield Measurement(
            f"extraction_{name}_{asked[0]}",
            hits / n,
            *clopper_pearson(hits, n),
            "fraction",
            n,
            attacker=ThreatModel("extraction", "black box", f"sees {asked[1]}"),
            budget={"queries": queries, "judging_queries": n},
            seed=context.seed,
            method="Clopper-Pearson interval",
        )


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """The best copy made from what the model answers as it is, and what it took."""
    made = [
        m
        for m in measurements
        if m.name.startswith("extraction_fidelity_") and m.name.endswith(f"_{SCORES.name}")
    ]
    best = max(made, key=lambda m: m.low, default=None)
    if best is None:
        return {}
    return {
        "extraction_fidelity_low_ppm": int(best.low * PPM),
        "extraction_queries": best.budget["queries"],
    }


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """A model whose weights can be computed."""
    solved = by_name(measurements, _SOLVED)
    if solved is not None and solved.value >= _EXACT:
        queries = solved.budget["queries"]
        yield Risk(
            f"{queries} answers at full precision give a copy of the model",
            solved,
            solved.low,
            _MEND,
        )


ATTACK: Final = Attack(
    "EXT001", "extraction", "model.extraction", "extraction", applies, run, facts, risks
)
