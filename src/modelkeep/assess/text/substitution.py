"""Attack a text classifier by changing a few words a little, the most important ones first.

One query for each word tells how much the answer rests on it: the text without the word.
Then, word by word, every small change is tried in one call, and the best is kept; a text that
is answered wrongly leaves. A share of words may change, and each by so many edits at most.

Sources: Jin et al., AAAI 2020 (TextFooler: words by importance); Gao et al., 2018
(DeepWordBug); Levenshtein 1966 (edit distance).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelkeep.assess.black_box import margins
from modelkeep.assess.text.edits import edits
from modelkeep.core import InputError

_WORD: Final = re.compile(r"\w+")
Predict = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class TextBudget:
    """How much of a text may change, and how often the model may be asked.

    Attributes:
        words: share of a text's words that may change; one always may.
        edits: most edits of one word, as edit distance; synonyms count as one.
        queries: most queries for one text.
        synonyms: words that may stand for one another, by lower-case word.
    """

    words: float = 0.2
    edits: int = 2
    queries: int = 500
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttackedText:
    """What became of one text.

    Attributes:
        text: changed or not.
        broken: whether the model answers it wrongly.
        changed: how many words were changed.
        queries: how often the model was asked about it.
    """

    text: str
    broken: bool
    changed: int
    queries: int


def attack_texts(
    predict: Predict,
    texts: Sequence[str],
    truth: Sequence[int],
    budget: TextBudget | None = None,
) -> list[AttackedText]:
    """Attack texts one after the other.

    Args:
        predict: from texts to probabilities ``(batch, classes)``.
        texts: to attack.
        truth: their classes, as places in the model's.
        budget: limits of similarity and of queries.

    Raises:
        InputError: not one label for each text.
    """
    if len(texts) != len(truth):
        raise InputError(f"{len(texts)} texts and {len(truth)} labels")
    given = budget or TextBudget()
    return [
        _Attack(predict, int(label), given).run(text)
        for text, label in zip(texts, truth, strict=True)
    ]


@dataclass(slots=True)
class _Attack:
    predict: Predict
    label: int
    budget: TextBudget
    queries: int = 0

    def ask(self, texts: Sequence[str]) -> np.ndarray:
        """Margins of texts, as many as the budget allows; below zero is answered rightly."""
        asked = texts[: self.budget.queries - self.queries]
        if not asked:
            return np.zeros(0)
        self.queries += len(asked)
        return margins(self.predict(asked), np.full(len(asked), self.label))

    def run(self, text: str) -> AttackedText:
        """Change words until the answer is wrong or a limit is reached."""
        start = self.ask([text])
        if not len(start) or start[0] >= 0:
            return AttackedText(text, bool(len(start)), 0, self.queries)
        pieces = _pieces(text)
        words = [i for i, piece in enumerate(pieces) if _WORD.fullmatch(piece)]
        without = ["".join(pieces[:i] + pieces[i + 1 :]) for i in words]
        weight = self.ask(without)
        order = [words[place] for place in np.argsort(-weight, kind="stable")]
        allowed = max(1, math.floor(self.budget.words * len(words)))
        changed, margin = 0, float(start[0])
        for at in order:
            if changed == allowed or margin >= 0:
                break
            gained = self.change(pieces, at, margin)
            changed += gained > margin
            margin = max(margin, gained)
        return AttackedText("".join(pieces), margin >= 0, changed, self.queries)

    def change(self, pieces: list[str], at: int, margin: float) -> float:
        """Change one word in place, edit by edit, while that raises the margin."""
        for number in range(self.budget.edits):
            known = self.budget.synonyms if number == 0 else {}
            options = edits(pieces[at], known)
            found = self.ask(
                ["".join([*pieces[:at], option, *pieces[at + 1 :]]) for option in options]
            )
            if not len(found) or found.max() <= margin:
                break
            margin = float(found.max())
            pieces[at] = options[int(found.argmax())]
            if margin >= 0:
                break
        return margin


def _pieces(text: str) -> list[str]:
    """Words and what stands between them; joined they are the text again."""
    found, end = [], 0
    for match in _WORD.finditer(text):
        found += [text[end : match.start()], match[0]]
        end = match.end()
    return [piece for piece in (*found, text[end:]) if piece]
