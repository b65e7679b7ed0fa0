"""What every poison detector shares: what it is given, what it hands back.

A detector is ``run(context) -> Scores``: one number per row, greater for a row more
likely poisoned, why, and the groups of rows it believes belong together. Numbers of two
detectors do not compare; ``fusion`` makes one list per threat family of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from modelkeep.data.poison.clusters import directions
from modelkeep.data.poison.patterns import Pattern
from modelkeep.data.poison.smoother import Smoother, fit_smoother
from modelkeep.data.poison.views import encode_rows
from modelkeep.models import Dataset
from modelkeep.models.dataset import Kind

Family = Literal["label", "trigger", "outlier", "flooding", "population", "trusted"]
FAMILIES: Final[tuple[Family, ...]] = (
    "label",
    "trigger",
    "outlier",
    "flooding",
    "population",
    "trusted",
)
KINDS: Final[frozenset[Kind]] = frozenset({"tabular", "image", "text"})
LEAST: Final = 5  # rows; fewer are no group
_TOPICS: Final = 100
Predictor = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[Dataset, int], Predictor]
Report = Callable[[float, str], None]


def _silent(_share: float, _what: str) -> None:
    """Progress nobody watches."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a detector may use; made by ``prepare``.

    Attributes:
        data: the rows and their labels.
        classes: labels in order.
        targets: places of the labels in ``classes``, shape ``(n,)``.
        features: numbers that stand for the rows, shape ``(n, d)``, float32.
        smoother: a model of the labels that can leave any rows out.
        seed: seed of every random choice.
        trusted: which rows are known to be clean, shape ``(n,)``, boolean.
        sources: where each row comes from, shape ``(n,)``, text; empty if unknown.
        hidden: outputs of a layer of a model trained on the rows, shape ``(n, h)``; the
            features, or the main directions of texts, where no model was given.
    """

    data: Dataset
    classes: tuple[str, ...]
    targets: np.ndarray
    features: np.ndarray
    smoother: Smoother
    seed: int
    trusted: np.ndarray
    sources: np.ndarray
    hidden: np.ndarray

    def __len__(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together.

    Attributes:
        rows: which, ascending.
        label: the class they push; empty if none in particular.
        why: one sentence.
        pattern: what they share, as a rule others can apply; ``None`` if no rule is known.
        strength: evidence in nats that the group is no accident of sampling.
        unlike: whether the rows, judged by everything else, are less of ``label`` than rows
            at large, or share what nothing else has. Rows that an attacker took from other
            classes are; a natural group that goes with a class goes with what else the
            class has, too.
    """

    rows: np.ndarray
    label: str
    why: str
    pattern: Pattern | None = None
    strength: float = 0.0
    unlike: bool = True


@dataclass(frozen=True, slots=True)
class Scores:
    """What a detector says of each row.

    Attributes:
        values: shape ``(n,)``, finite; greater is more suspicious.
        reason: what a high value means, one phrase.
        groups: groups found on the way, strongest first.
        nats: whether the values are nats of evidence per row, 0 for most rows; others
            are scaled by how the bulk of the rows spreads.
    """

    values: np.ndarray
    reason: str
    groups: tuple[Group, ...] = ()
    nats: bool = False


def _always(_context: Context) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector as the product lists it.

    Attributes:
        id: short and permanent, such as ``POI001``.
        name: kebab-case.
        family: the threat it looks for.
        kinds: kinds of data it reads.
        run: does it.
        applies: ``None`` if it can run on this data, else why not.
    """

    id: str
    name: str
    family: Family
    run: Callable[[Context], Scores]
    kinds: frozenset[Kind] = KINDS
    applies: Callable[[Context], str | None] = field(default=_always)


def prepare(
    data: Dataset,
    *,
    seed: int,
    trusted: np.ndarray | None = None,
    sources: np.ndarray | None = None,
    hidden: np.ndarray | None = None,
) -> Context:
    """Encode the rows and fit the model that detectors share.

    Args:
        data: at least two classes.
        seed: seed of every random choice.
        trusted: rows known to be clean, boolean ``(n,)``.
        sources: origin of each row, text ``(n,)``.
        hidden: features a model gives the rows, ``(n, h)``.
    """
    classes = data.label_names()
    targets = data.class_indices(classes)
    features = encode_rows(data, seed=seed)
    smoother = fit_smoother(features, np.eye(len(classes), dtype=np.float32)[targets])
    none = np.zeros(len(data), dtype=bool)
    return Context(
        data=data,
        classes=classes,
        targets=targets,
        features=features,
        smoother=smoother,
        seed=seed,
        trusted=none if trusted is None else trusted,
        sources=np.empty(0, dtype=str) if sources is None else sources,
        hidden=_main(data, features) if hidden is None else hidden,
    )


def _main(data: Dataset, features: np.ndarray) -> np.ndarray:
    """The features; of texts their main directions, where words of one topic meet."""
    return directions(features, _TOPICS) if data.kind == "text" else features
