"""Evasion of text classifiers: small changes of few words, found by asking.

Words are taken by how much the answer rests on them and changed a character at a time: swaps,
drops, doublings, neighbouring keys, letters that look alike. A text counts as broken only if
the model, asked about it anew, answers wrongly, and if it still is as near to the original as
the budget of similarity allows, measured by another rule than the search's own. A reader may
still judge some of these texts differently: similarity in letters is not meaning.

Sources: Gao et al., DeepWordBug, 2018; Jin et al., AAAI 2020 (TextFooler: words by
importance); NISTAML.025 (query access); see ``text.substitution``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.interface import Attack, Context, Outcome, require_rows
from modelkeep.assess.text import TextBudget, attack_texts
from modelkeep.assess.text.distance import is_within
from modelkeep.core import Measurement, NotChecked, ThreatModel
from modelkeep.models import EndpointLostError
from modelkeep.models.intervals import clopper_pearson

QUERIES: Final = {"quick": 200, "standard": 500, "thorough": 2000}
_LEAST: Final = 50  # queries that a text must be worth, where they are counted
_WORD: Final = re.compile(r"\w+")
_LETTERS: Final = 2  # characters that one edit may change: a swap changes two
_INTERVAL: Final = "Clopper-Pearson interval"


def applies(context: Context) -> str | None:
    """It needs test rows that are texts."""
    return "no test data was given (--test FILE)" if context.test is None else None


def run(context: Context) -> Iterator[Outcome]:
    """Measure accuracy on clean texts and on changed ones.

    Raises:
        EndpointLostError: the model's budget of queries is too small for one text.
    """
    data, left = require_rows(context.test, "test"), context.left
    if left is not None and left < _LEAST:
        raise EndpointLostError(
            f"{left} queries are left, and attacking one text takes {_LEAST}",
            "Raise the query budget.",
        )
    data = context.sample(data, min(context.max_rows, left // _LEAST if left else len(data)))
    truth, n = context.truth(data), len(data)
    standing = context.answers(data.rows) == truth
    clean = int(standing.sum())
    low, high = clopper_pearson(clean, n)
    yield Measurement("clean_accuracy", clean / n, low, high, "fraction", n, method=_INTERVAL)
    if len(np.unique(truth)) == 1:
        yield NotChecked("evasion of other classes", "the test rows are all of one class")

    def ask(texts: Sequence[str]) -> np.ndarray:
        return context.predict(np.array(texts, dtype=object))

    budget = TextBudget(queries=QUERIES[context.budget])
    spent, refused = [0], 0
    for done, at in enumerate(np.flatnonzero(standing)):
        context.progress(done / clean, "changing words of texts")
        each = _affordable(context, budget.queries, clean - done)
        given = TextBudget(budget.words, budget.edits, each)
        (found,) = attack_texts(ask, [data.rows[at]], [int(truth[at])], given)
        spent.append(found.queries)
        if found.broken:
            near = is_similar(data.rows[at], found.text, given)
            wrong = int(context.answers(np.array([found.text], dtype=object))[0]) != truth[at]
            standing[at] = not (near and wrong)
            refused += not (near and wrong)
    yield _measured(context, int(standing.sum()), n, budget, (max(spent), refused))


def _affordable(context: Context, wanted: int, rows: int) -> int:
    """Queries for one text of so many to come, one more of each being kept to verify it."""
    left = context.left
    return wanted if left is None else max(0, min(wanted, left // rows - 1))


def is_similar(text: str, changed: str, budget: TextBudget) -> bool:
    """Whether a text is within the budget of another, by characters and not by its history."""
    words = max(1, int(budget.words * len(_WORD.findall(text))))
    return is_within(text, changed, words * budget.edits * _LETTERS)


def _measured(
    context: Context, robust: int, n: int, budget: TextBudget, work: tuple[int, int]
) -> Measurement:
    low, high = clopper_pearson(robust, n)
    again = f"; {work[1]} found texts did not hold when looked at again" if work[1] else ""
    return Measurement(
        "robust_accuracy",
        robust / n,
        low,
        high,
        "fraction",
        n,
        attacker=ThreatModel(
            goal="evasion",
            knowledge="black box",
            capability=f"changes {budget.words:.0%} of a text's words, one at least, by at "
            f"most {budget.edits} edits each",
        ),
        budget={"queries": work[0]},
        seed=context.seed,
        method=f"changed words by importance; {_INTERVAL}",
        note="an upper bound: a stronger attack may break more; similarity: "
        f"{budget.words:.0%} of the words, one at least, {budget.edits} character edits a "
        "word; no synonyms" + again,
    )


ATTACK: Final = Attack(
    "EVA006",
    "evasion-text",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
    takes=("text",),
)
