"""What every assessment shares: what it is given, what it hands back.

An assessment is ``run(context) -> Iterable[Measurement | NotChecked]``. It states its
attacker, counts its work, and can be repeated from its seed. It knows nothing of
storage, signing or screens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import numpy as np

from modelkeep.assess.tabular.constraints import Constraints
from modelkeep.assess.threat import Threat
from modelkeep.core import InputError, Measurement, NotChecked, Risk
from modelkeep.models import Abstaining, Dataset, Model

BudgetName = Literal["quick", "standard", "thorough"]
PPM: Final = 1_000_000
_SETTLING: Final = 1024  # rows
Report = Callable[[float, str], None]  # share done in [0, 1], what is going on


def _silent(_share: float, _what: str) -> None:
    """Progress nobody watches."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model like this one is trained.

    Attributes:
        name: what the record calls it.
        fit: ``fit(data, seed)`` returns an object with ``predict(rows)`` that
            answers probabilities ``(batch, classes)``.
        fit_many: ``fit_many(data, included, seed)`` trains one model on each row of
            ``included``, shape ``(models, n)`` boolean, and answers probabilities
            ``(models, batch, classes)``; ``None`` where models are trained one by one.
    """

    name: str
    fit: Callable[[Dataset, int], Callable[[np.ndarray], np.ndarray]]
    fit_many: (
        Callable[[Dataset, np.ndarray, int], Callable[[np.ndarray], np.ndarray]] | None
    ) = None


@dataclass(frozen=True, slots=True)
class Adversarial:
    """Adversarial points that were found and verified.

    Attributes:
        attack: what found them, one phrase.
        threat: within how far of the clean rows they lie.
        rows: clean rows, shape ``(n, ...)`` float32, encoded.
        changed: the adversarial ones, same shape.
        truth: right classes as places in the model's, shape ``(n,)``.
        answered: classes the model answers instead, shape ``(n,)``.
    """

    attack: str
    threat: Threat
    rows: np.ndarray
    changed: np.ndarray
    truth: np.ndarray
    answered: np.ndarray


def _uncollected(_found: Adversarial) -> None:
    """Adversarial points that nobody wants."""


class Journal(Protocol):
    """Where a long run notes how far it got, so that a killed one continues."""

    def read(self, step: str) -> Mapping[str, np.ndarray] | None:
        """What was noted under that name by a run with the same inputs, if anything."""

    def write(self, step: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Note arrays of numbers under a name, in place of what was there."""


class NoJournal:
    """Nothing is noted: a killed run starts again."""

    def read(self, _step: str) -> Mapping[str, np.ndarray] | None:
        """Nothing."""
        return None

    def write(self, _step: str, _arrays: Mapping[str, np.ndarray]) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What an assessment may use.

    Attributes:
        model: the live model.
        train: the rows it was trained on, if given.
        test: rows it has not seen, if given.
        recipe: how to train a reference model.
        epsilon_linf: radius, fraction of each feature's training 1-99 % range.
        budget: how much work to do.
        max_rows: most rows an attack is run on.
        seed: seed of every random choice.
        progress: told how far it got.
        given_threat: norm and radius, where another than L-infinity at ``epsilon_linf``.
        collect: given the adversarial points that were verified.
        journal: where steps that are done are noted.
        group: column whose values are groups of people, empty if none was named.
        constraints: what rows of a table may look like; drafted where not given.
        previous: the version before, where two are to be compared.
        handed: what an assessment hands to those after it in the same run, by name.
    """

    model: Model
    train: Dataset | None
    test: Dataset | None
    recipe: Recipe
    epsilon_linf: float = 0.03
    budget: BudgetName = "quick"
    max_rows: int = 500
    seed: int = 0
    progress: Report = field(default=_silent)
    given_threat: Threat | None = None
    collect: Callable[[Adversarial], None] = field(default=_uncollected)
    journal: Journal = field(default_factory=NoJournal)
    group: str = ""
    constraints: Constraints | None = None
    previous: Model | None = None
    handed: dict[str, object] = field(default_factory=dict)

    @property
    def threat(self) -> Threat:
        """How far inputs may be moved."""
        return self.given_threat or Threat("linf", self.epsilon_linf)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of encoded rows, shape ``(batch, classes)``."""
        source = self.test or self.train
        return self.model.predict(source.decode(rows) if source is not None else rows)

    def answers(self, rows: np.ndarray, scores: np.ndarray | None = None) -> np.ndarray:
        """Places of the classes answered for encoded rows, -1 where none is, ``(batch,)``.

        Args:
            rows: to be answered.
            scores: what ``predict`` says of them, where it was asked already.
        """
        model, source = self.model, self.test or self.train
        if isinstance(model, Abstaining) and model.abstains:
            return model.answers(source.decode(rows) if source is not None else rows)
        return np.asarray((self.predict(rows) if scores is None else scores).argmax(axis=1))

    def truth(self, data: Dataset) -> np.ndarray:
        """Labels of ``data`` as places in the model's classes.

        Raises:
            InputError: labels and classes do not fit.
        """
        if not self.model.classes:  # known after a prediction; many rows settle its kind
            self.predict(data.rows[:_SETTLING])
        other = self.train if data is not self.train else self.test
        return data.together_with(other).class_indices(self.model.classes)

    def sample(self, data: Dataset, most: int | None = None) -> Dataset:
        """At most ``most`` (default ``max_rows``) rows, chosen by the seed."""
        most = self.max_rows if most is None else most
        if len(data) <= most:
            return data
        chosen = np.random.default_rng(self.seed).choice(len(data), most, replace=False)
        return data.take(np.sort(chosen))


Outcome = Measurement | NotChecked
Facts = dict[str, int | bool]


def _first(first: Facts, second: Facts) -> Facts:
    return second | first


@dataclass(frozen=True, slots=True)
class Attack:
    """An assessment as the product lists it.

    Attributes:
        id: short and permanent, such as ``EVA001``.
        name: kebab-case.
        topic: finding type in the taxonomy.
        predicate: predicate type its measurements are recorded under.
        applies: ``None`` if it can run, else why not.
        run: does it.
        facts: facts its measurements prove.
        risks: risks its measurements show, given the measurements.
        worst: of the facts of two attacks of one predicate, those that count: the
            worse for the model. By default the first's, added to by the second's.
    """

    id: str
    name: str
    topic: str
    predicate: str
    applies: Callable[[Context], str | None]
    run: Callable[[Context], Iterator[Outcome]]
    facts: Callable[[tuple[Measurement, ...]], Facts]
    risks: Callable[[tuple[Measurement, ...]], Iterator[Risk]]
    worst: Callable[[Facts, Facts], Facts] = _first


def by_name(measurements: tuple[Measurement, ...], name: str) -> Measurement | None:
    """The measurement of that name, if it was made."""
    return next((m for m in measurements if m.name == name), None)


def require_rows(data: Dataset | None, what: str) -> Dataset:
    """The data set, or a clear refusal.

    Raises:
        InputError: there is none.
    """
    if data is None:
        raise InputError(f"no {what} data was given", f"Add --{what} FILE.")
    return data
