"""Is a stream like honest use? A conformal e-process per principal, tenant and for all.

Whoever copies a model without its data asks rows that honest clients do not: far from
all honest rows, close to the boundary, or close to one another. Each query is ranked among
honest ones by those three scores; small ranks win bets, and capital of ``1 / alpha`` is
an alarm. If a stream is exchangeable with the calibration rows, that happens with a
probability of ``alpha`` at most however long it runs, up to the error of the calibration.

A process is a mixture over the moments at which an attack may begin, so a long honest past
costs an attacker's detection a few queries and not a day. The state is a few numbers.

What it cannot see: a patient attacker with rows of the same distribution is a customer in
all three scores. Only the leak budget slows them down.

Sources: Vovk and Wang 2021 (e-values, calibrators); Ville 1939; Shin, Ramdas and Rinaldo
2024 (e-detectors, mixtures over change points); Juuti et al. 2019 (PRADA).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelkeep.core import Severity
from modelkeep.gateway.alarm_rules import EXTRACTION
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.interface import ALLOW, Answer, Call, Ruling
from modelkeep.gateway.output_check import flat_features
from modelkeep.gateway.stream import Projection, Streams, fit_projection

ALPHA: Final = 1e-4
LEAST: Final = 100  # calibration rows
_REFERENCES: Final = 512  # honest rows distances are measured to
_KAPPAS: Final = np.array([0.1, 0.3, 0.6])
_LAST: Final = 4  # earlier queries of the same class a query is compared with
_EVERYBODY: Final = ""


@dataclass(slots=True)
class _Process:
    """Capital of the bets on one stream, mixed over the moment an attack may begin."""

    capital: np.ndarray = field(default_factory=lambda: np.zeros(len(_KAPPAS)))
    steps: int = 0

    def bet(self, gains: np.ndarray) -> float:
        """Take one query's e-values, one per strength of bet; returns the capital."""
        self.steps += 1
        start = 1.0 / (self.steps * (self.steps + 1))  # share that begins to bet now
        self.capital = np.minimum((self.capital + start) * gains, 1e12)
        waiting = 1.0 / (self.steps + 1)  # share that has not begun
        return float(self.capital.mean()) + waiting


@dataclass(slots=True)
class _Stream:
    process: _Process = field(default_factory=_Process)
    last: dict[int, deque[np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Honest use of one model.

    Attributes:
        project: from features to where distances are measured.
        references: projected honest rows ``(references, dimensions)``.
        novelty: sorted distances of other honest rows to their nearest reference.
        doubt: sorted closeness of their scores to the boundary.
        nearness: sorted negative distances to their predecessors of the same class.
    """

    project: Projection
    references: np.ndarray
    norms: np.ndarray
    novelty: np.ndarray
    doubt: np.ndarray
    nearness: np.ndarray


def calibrate(rows: np.ndarray, scores: np.ndarray, seed: int = 0) -> Calibration:
    """Learn honest use.

    Args:
        rows: features of honest queries, ``(rows, features)``.
        scores: the model's answers to them, ``(rows, classes)``.
        seed: of the split into references and rows that are ranked.

    Raises:
        ValueError: fewer rows than ``LEAST``.
    """
    if len(rows) < LEAST:
        raise ValueError(f"calibration needs {LEAST} rows, not {len(rows)}")
    order = np.random.default_rng(seed).permutation(len(rows))
    rows, scores = rows[order].astype(np.float32), scores[order]
    split = min(_REFERENCES, len(rows) // 2)
    project = fit_projection(rows[:split])
    references = project(rows[:split])
    norms = (references**2).sum(axis=1)
    stream = _Stream()
    novelty, doubt, nearness = [], [], []
    for row, score in zip(project(rows[split:]), scores[split:], strict=True):
        novelty.append(_nearest(row, references, norms))
        doubt.append(_doubt(score))
        close = _close(stream, row, int(score.argmax()))
        if close is not None:
            nearness.append(close)
    return Calibration(
        project, references, norms, np.sort(novelty), np.sort(doubt), np.sort(nearness)
    )


def _nearest(row: np.ndarray, references: np.ndarray, norms: np.ndarray) -> float:
    squares = norms - 2.0 * (references @ row) + row @ row
    return float(max(squares.min(), 0.0))


def _doubt(score: np.ndarray) -> float:
    top = np.partition(score, -2)[-2:]
    return float(top[0] - top[1])  # 0 on the boundary, more negative the surer


def _close(stream: _Stream, row: np.ndarray, label: int) -> float | None:
    """Negative distance to the last queries of the same class; then remember this one."""
    last = stream.last.setdefault(label, deque(maxlen=_LAST))
    found = None
    if last:
        found = -min(float(((row - other) ** 2).sum()) for other in last)
    last.append(row)
    return found


def _gains(value: float, honest: np.ndarray) -> np.ndarray:
    """E-values of one score by its rank among honest ones: ``kappa p ** (kappa - 1)``."""
    above = len(honest) - int(np.searchsorted(honest, value, side="left"))
    rank = (above + 1) / (len(honest) + 1)
    return np.asarray(_KAPPAS * rank ** (_KAPPAS - 1.0))


class Extraction:
    """Bets against honest use, per principal, per tenant and for everybody."""

    name = "extraction"

    def __init__(self, calibration: Calibration, alarms: Alarms, alpha: float = ALPHA) -> None:
        self._known = calibration
        self._alarms = alarms
        self._threshold = 1.0 / alpha
        self._streams: Streams[_Stream] = Streams(_Stream)

    def before(self, call: Call) -> Ruling:
        """Nothing is known of a query before its answer."""
        del call
        return ALLOW

    def after(self, call: Call, answer: Answer) -> Ruling:
        """Bet on the new rows of a call; step up where a stream is not honest use."""
        if not answer.scores:
            return Ruling("not-run", "extraction.scores", "there are no scores of classes")
        new = np.flatnonzero(call.fresh) if call.fresh is not None else range(call.rows)
        rows = self._known.project(flat_features(call))
        scores = answer.outputs[answer.scores].reshape(call.rows, -1)
        alarmed = False
        for index in new:
            alarmed |= self._judge(call, rows[index], scores[index])
        if not alarmed:
            return ALLOW
        return Ruling("step-up", EXTRACTION.id, "the stream is not like honest use")

    def _judge(self, call: Call, row: np.ndarray, score: np.ndarray) -> bool:
        known = self._known
        novel = _gains(_nearest(row, known.references, known.norms), known.novelty)
        doubtful = _gains(_doubt(score), known.doubt)
        alarmed = False
        label = int(score.argmax())
        for who in (call.principal.id, f"tenant {call.principal.tenant}", _EVERYBODY):
            stream = self._streams.of(who)
            close = _close(stream, row, label)
            near = np.ones(len(_KAPPAS)) if close is None else _gains(close, known.nearness)
            capital = stream.process.bet((novel + doubtful + near) / 3.0)
            if capital >= self._threshold:
                alarmed |= who == call.principal.id
                self._alarms.ring(
                    EXTRACTION,
                    Severity.HIGH,
                    call.model,
                    who or "everybody",
                    f"capital {capital:.3g} against honest use "
                    f"after {stream.process.steps} queries",
                )
        return alarmed
