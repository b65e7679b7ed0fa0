"""The privacy ledger of a data set: how much was given away, and how much may be.

Each private training and each release is charged in a signed entry of the log *before* it
starts. If the process dies in between, the charge stands: nobody knows how far it came. A
charge that would overspend the budget is refused; two processes cannot both take the last of
it, for an entry is appended only to the log it was decided from. What all charges give away
together is composed by two accountants (``harden.private.accounting``); releases that only
name an epsilon and delta are added up.

A data set is known by its digest: copies with other bytes and overlapping sets have ledgers
of their own. Whoever can put an older copy of the whole keep back can forget charges; the
log's anchor shows that (``evidence.audit``).

Sources: Dwork and Roth, 2014 (composition); Lecuyer et al., SOSP 2019 (budgets per data set).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.evidence import (
    Keep,
    Place,
    Statement,
    UnknownSignerError,
    audit_log,
    by_key,
    make_statement,
    parse_statement,
    verify_envelope,
)
from modelkeep.harden import Mechanism, epsilon_of
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import open_workspace
from modelkeep.sources import digest_artifact, open_artifact

KINDS: Final = ("privacy-budget", "privacy-charge")
UNIT: Final = "add or remove one row"
_TRIES: Final = 50  # times that others may have been first
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Cost:
    """What a training or release gives away.

    Attributes:
        epsilon: of it alone.
        delta: of it alone.
        mechanisms: what it is made of; empty where only epsilon and delta are known.
    """

    epsilon: float
    delta: float
    mechanisms: tuple[Mechanism, ...] = ()


@dataclass(frozen=True, slots=True)
class Charged:
    """An entry of the ledger."""

    statement_id: str
    issued: str
    purpose: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is known of a data set.

    Attributes:
        subject: the data set.
        budget: epsilon and delta, ``None`` if none was set.
        charges: oldest first.
        known: ids of all entries it was read from.
    """

    subject: Subject
    budget: tuple[float, float] | None
    charges: tuple[Charged, ...]
    known: tuple[str, ...]

    def spent(self, *more: Cost) -> float:
        """Epsilon of all charges and some more, at the budget's delta.

        Raises:
            EvidenceError: there is no budget, or releases took all of its delta.
            InputError: the accountants differ.
        """
        if self.budget is None:
            raise EvidenceError(
                f"{self.subject.name}: no privacy budget is set",
                "Set one: modelkeep privacy budget DATA --epsilon E --delta D --reason WHY",
            )
        costs = [charged.cost for charged in self.charges] + list(more)
        named = [cost for cost in costs if not cost.mechanisms]
        mechanisms = [each for cost in costs for each in cost.mechanisms]
        left = self.budget[1] - math.fsum(cost.delta for cost in named)
        if left < 0 or (mechanisms and left <= 0):
            raise EvidenceError(f"{self.subject.name}: the budget's delta is used up")
        added = math.fsum(cost.epsilon for cost in named)
        return added + (epsilon_of(mechanisms, left).epsilon if mechanisms else 0.0)


def read_ledger(keep: Keep, subject: Subject) -> Ledger:
    """The ledger of a data set.

    Raises:
        EvidenceError: an entry does not hold, so nobody knows what was spent.
    """
    uris = {by_key(kind).uri: kind for kind in KINDS}
    budget: tuple[float, float] | None = None
    charges: list[Charged] = []
    known: list[str] = []
    for entry in keep.store.entries(subject.digest.sha256):
        kind = uris.get(entry.predicate_type)
        if kind is None:
            continue
        known.append(entry.statement_id)
        try:
            payload, keyid = verify_envelope(entry.body, keep.trust.keys())
        except UnknownSignerError:  # anybody could have written it
            continue
        statement = parse_statement(payload)
        if kind == "privacy-charge":  # counts whoever signed it: nothing is given back
            charges.append(_charged(entry.statement_id, statement))
        elif keep.trust.allows(
            keyid, statement.predicate_type, statement.issued, Place(keep.origin, entry.seq)
        ):
            budget = statement.predicate["epsilon"], statement.predicate["delta"]
    return Ledger(subject, budget, tuple(charges), tuple(known))


def _charged(identity: str, statement: Statement) -> Charged:
    found = statement.predicate
    mechanisms = tuple(
        Mechanism(each["noise"], each["rate"], int(each["steps"]))
        for each in found["mechanisms"]
    )
    cost = Cost(found["epsilon"], found["delta"], mechanisms)
    return Charged(identity, found["issued"], found["purpose"], cost)


def charge(keep: Keep, subject: Subject, cost: Cost, purpose: str) -> str:
    """Charge a data set; when this returns the charge is on disk.

    Args:
        keep: whose log.
        subject: the data set.
        cost: what will be given away.
        purpose: by what, for people.

    Returns:
        Id of the entry.

    Raises:
        EvidenceError: the budget does not allow it, none is set, or the log does not hold.
    """
    problems = audit_log(keep)
    if problems:
        raise EvidenceError(
            f"the log does not hold, so nobody knows what was spent: {problems[0]}",
            "See `modelkeep evidence verify`.",
        )
    for _ in range(_TRIES):
        ledger = read_ledger(keep, subject)
        total = ledger.spent(cost)
        allowed = ledger.budget[0] if ledger.budget is not None else 0.0
        if total > allowed * (1 + _ROUNDING):
            raise EvidenceError(
                f"{subject.name}: its privacy budget of {allowed:g} would be overspent: "
                f"epsilon {ledger.spent():.3f} is spent, and it would be {total:.3f} with "
                f"{purpose}",
                "Ask for less (--epsilon-dp), or have the owner of the data raise the budget.",
            )
        fields = {
            "tool": f"modelkeep {VERSION}",
            "facts": {},
            "purpose": purpose,
            "unit": UNIT,
            "epsilon": float(cost.epsilon),
            "delta": float(cost.delta),
            "mechanisms": [
                {"noise": each.noise, "rate": each.rate, "steps": float(each.steps)}
                for each in cost.mechanisms
            ],
        }
        statement = make_statement("privacy-charge", (subject,), fields, clock=keep.clock)
        receipt = keep.record_next(statement, ledger.known, KINDS)
        if receipt is not None:
            return receipt.statement_id
    raise EvidenceError(f"{subject.name}: others charge it all the time", "Try again later.")


def set_privacy_budget(
    data: str | Path,
    *,
    epsilon: float,
    delta: float,
    reason: str,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Ledger:
    """Say how much a data set may give away in all; a later budget replaces it.

    Args:
        data: file or directory.
        epsilon: most that all charges together may reach.
        delta: at this delta.
        reason: why, recorded.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the numbers are no budget, or the data cannot be read.
        AccessRefusedError: roles were given, and none lets who runs this administer it.
    """
    _require_budget(epsilon, delta)
    heard = listener or Listener()
    with open_workspace(flags, heard, make=True) as workspace:
        keep, subject = workspace.keep, _subject(data)
        require_access(workspace, "administer", subject)
        fields = {"facts": {}, "epsilon": epsilon, "delta": delta, "reason": reason}
        keep.record([make_statement("privacy-budget", (subject,), fields, clock=keep.clock)])
        return read_ledger(keep, subject)


def charge_release(
    data: str | Path,
    *,
    epsilon: float,
    delta: float,
    purpose: str,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Ledger:
    """Charge a release that is made elsewhere, by the epsilon and delta claimed for it.

    Raises:
        InputError: the numbers are none, or the data cannot be read.
        EvidenceError: the budget does not allow it.
        AccessRefusedError: roles were given, and none lets who runs this read the data.
    """
    if not math.isfinite(epsilon) or epsilon <= 0 or not 0 <= delta < 1:
        raise InputError(f"a release of epsilon {epsilon}, delta {delta}", "Name its claim.")
    with open_workspace(flags, listener or Listener(), make=True) as workspace:
        subject = _subject(data)
        require_access(workspace, "read_data", subject)
        charge(workspace.keep, subject, Cost(epsilon, delta), purpose)
        return read_ledger(workspace.keep, subject)


def show_privacy_ledger(
    data: str | Path, *, listener: Listener | None = None, **flags: Value | None
) -> Ledger:
    """What a data set has given away.

    Raises:
        InputError: the data cannot be read, or there is no keep.
        AccessRefusedError: roles were given, and none lets who runs this know of it.
    """
    with open_workspace(flags, listener or Listener()) as workspace:
        subject = _subject(data)
        require_access(workspace, "read_metadata", subject)
        return read_ledger(workspace.keep, subject)


def _require_budget(epsilon: float, delta: float) -> None:
    if not math.isfinite(epsilon) or epsilon <= 0 or not 0 < delta < 1:
        raise InputError(
            f"epsilon {epsilon}, delta {delta} are no privacy budget",
            "Epsilon is positive, delta between 0 and 1, such as 8 and 1e-5.",
        )


def _subject(data: str | Path) -> Subject:
    artifact = open_artifact(data)
    return Subject("dataset", artifact.name, digest_artifact(artifact).digest)
