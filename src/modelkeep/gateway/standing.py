"""Whether a model may be served right now, asked again all the time.

The gate's answer holds for a moment. It is asked again when the log says something new
about the model, when a key is revoked or the trust map changes, when a statement expires,
and every few seconds anyway. An answer is good for a short lease: a keep that cannot be
read stops serving, it does not go on with yesterday's answer.

The kill switch is a statement like any other: a model that is held is not served, nor one
that the registry has in quarantine or revoked, whatever the policy file says. Letting go of
a hold undoes nothing that the registry says.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import Decision, EvidenceError, Subject
from modelkeep.evidence import (
    Facts,
    load_trust_map,
    make_statement,
    parse_timestamp,
    timestamp,
)
from modelkeep.pipeline import Workspace
from modelkeep.policy import decide

LEASE: Final = 3.0  # seconds for which an answer counts where none follows
_AGAIN: Final = 5.0  # seconds after which the gate is asked although nothing changed
WARNED: Final = 0.8  # share of the evidence's life after which it is to be renewed
PRINCIPAL: Final = "gateway"
_STOPS: Final = {
    "serving_held": "held by an operator",
    "stage_quarantined": "in quarantine",
    "stage_retired": "retired",
    "stage_revoked": "revoked",
}
"""Facts that stop a model whatever the policy says."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a model until ``until``.

    Attributes:
        live: whether it may be served.
        why: what is missing; empty where nothing is.
        decision: id of the recorded decision.
        until: reading of the monotonic clock.
        expires: when the first of the statements it rests on expires.
        ageing: whether most of that statement's life is over.
    """

    live: bool
    why: str
    decision: str
    until: float
    expires: str = ""
    ageing: bool = False


_UNASKED: Final = Standing(False, "the gate was not asked yet", "", 0.0)


@dataclass(slots=True)
class _Asked:
    """What was asked and answered; ``recorded`` is what the log says of it, live or not."""

    state: tuple[object, ...]
    at: float
    expires: dt.datetime | None
    standing: Standing
    recorded: bool


@dataclass(slots=True)
class Standings:
    """The standing of every model of a gateway.

    Attributes:
        workspace: the open keep with its gates.
        subjects: models by name.
    """

    workspace: Workspace
    subjects: dict[str, Subject]
    _asked: dict[str, _Asked] = field(default_factory=dict)
    _trust_stamp: tuple[int, int] = (0, 0)

    def of(self, model: str) -> Standing:
        """What holds now."""
        asked = self._asked.get(model)
        if asked is None:
            return _UNASKED
        if time.monotonic() > asked.standing.until:
            return Standing(False, "the keep does not answer", "", asked.standing.until)
        return asked.standing

    def look(self) -> list[tuple[str, Standing]]:
        """Look at the keep and ask again where something changed; returns what changed.

        Raises:
            ModelkeepError: the keep cannot be read; the leases run out then.
        """
        self._follow_trust()
        changed = []
        for name, subject in self.subjects.items():
            before = self._asked.get(name)
            known = before.recorded if before is not None else None
            after = self._ask(name, subject)
            if known != after.live:
                changed.append((name, after))
        return changed

    def _follow_trust(self) -> None:
        keep = self.workspace.keep
        path = keep.root / "trust.json"
        try:
            found = path.stat()
        except OSError as error:
            raise EvidenceError(f"{path}: {error.strerror}") from error
        stamp = (found.st_ino, found.st_mtime_ns)
        if stamp != self._trust_stamp:
            keep.trust = load_trust_map(path)
            self._trust_stamp = stamp
        keep.apply_revocations()

    def _ask(self, name: str, subject: Subject) -> Standing:
        keep = self.workspace.keep
        now = keep.clock()
        ids = tuple(entry.statement_id for entry in keep.store.entries(subject.digest.sha256))
        before = self._asked.get(name)
        state = (ids, keep.trust)
        clock = time.monotonic()
        fresh = (
            before is not None
            and before.state == state
            and clock - before.at < _AGAIN
            and (before.expires is None or now < before.expires)
        )
        if before is not None and fresh:
            old = before.standing
            before.standing = Standing(
                old.live, old.why, old.decision, clock + LEASE, old.expires, old.ageing
            )
            return before.standing
        standing, expires = self._decide(subject, before, clock, now)
        if standing.decision and (
            before is None or standing.decision != before.standing.decision
        ):
            entries = keep.store.entries(subject.digest.sha256)  # our own record is no news
            state = (tuple(entry.statement_id for entry in entries), keep.trust)
        self._asked[name] = _Asked(state, clock, expires, standing, standing.live)
        return standing

    def _decide(
        self, subject: Subject, before: _Asked | None, clock: float, now: dt.datetime
    ) -> tuple[Standing, dt.datetime | None]:
        facts = self.workspace.facts(subject, now)
        gates = self.workspace.gates
        decision = decide("serve", subject.digest.sha256, PRINCIPAL, facts, gates)
        why = _why(decision, facts)
        known = before.standing.decision if before is not None else ""
        if why and before is not None and before.standing.live:
            # Stopped first, recorded after: a full disk must not go on serving a lease long.
            before.standing = Standing(False, why, known, clock + LEASE)
        if not known or before is None or before.recorded != (not why):
            _, receipt = self.workspace.decide("serve", subject)
            known = receipt.statement_id
        issued, expires = self._life(subject, facts)
        ageing = expires is not None and now >= issued + WARNED * (expires - issued)
        standing = Standing(
            not why, why, known, clock + LEASE, timestamp(expires) if expires else "", ageing
        )
        return standing, expires

    def _life(self, subject: Subject, facts: Facts) -> tuple[dt.datetime, dt.datetime | None]:
        """Issue and end of the statement in use that expires first."""
        used = set(facts.used)
        lives = [
            (parse_timestamp(entry.expires), parse_timestamp(entry.issued))
            for entry in self.workspace.keep.store.entries(subject.digest.sha256)
            if entry.statement_id in used
        ]
        if not lives:
            return self.workspace.keep.clock(), None
        expires, issued = min(lives)
        return issued, expires

    def hold(self, model: str, reason: str, *, held: bool) -> str:
        """Record that a model is not to be served, or may be again; returns the statement's id.

        Raises:
            ModelkeepError: the keep does not take it.
        """
        subject, keep = self.subjects[model], self.workspace.keep
        fields = {"facts": {"serving_held": held}, "name": model, "reason": reason}
        (receipt,) = keep.record([make_statement("hold", (subject,), fields, clock=keep.clock)])
        return receipt.statement_id


def _why(decision: Decision, facts: Facts) -> str:
    """What stands against serving; empty where nothing does."""
    for fact, says in _STOPS.items():
        if facts.values.get(fact):
            return f"the model is {says}"
    if decision.allowed:
        return ""
    reasons = [missing.says for missing in decision.missing] or list(decision.errors)
    return "; ".join(reasons) or "the gate says no"
