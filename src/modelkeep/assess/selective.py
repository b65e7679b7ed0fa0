"""What a model that may refuse to answer answers, and how well.

Coverage is the share of rows that are answered, selective accuracy the share of right answers
among those. Each says nothing without the other: who refuses everything is never wrong.

Source: Geifman and El-Yaniv, NeurIPS 2017 (selective classification).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.core import Measurement, NotChecked, Risk
from modelkeep.models import Abstaining
from modelkeep.models.intervals import clopper_pearson


def applies(context: Context) -> str | None:
    """It needs test rows and a model that may leave rows without an answer."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if not isinstance(context.model, Abstaining) or not context.model.abstains:
        return "the model answers every row"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Measure coverage and selective accuracy on all test rows."""
    data = require_rows(context.test, "test")
    truth, answers = context.truth(data), context.answers(data.rows)
    answered, right = int((answers >= 0).sum()), int((answers == truth).sum())
    yield _share("coverage", answered, len(data), "share of rows that are answered")
    if answered:
        yield _share("selective_accuracy", right, answered, "right answers among those given")
    else:
        yield NotChecked("selective accuracy", "no row is answered")


def _share(name: str, hits: int, n: int, what: str) -> Measurement:
    low, high = clopper_pearson(hits, n)
    method = f"{what}; Clopper-Pearson interval"
    return Measurement(name, hits / n, low, high, "fraction", n, method=method)


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate asks about coverage."""
    return {}


def risks(_measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """None: refusing is what the model was made to do."""
    return iter(())


ATTACK: Final = Attack(
    "SEL001",
    "selective-answers",
    "runtime.drift",
    "performance",
    applies,
    run,
    facts,
    risks,
)
