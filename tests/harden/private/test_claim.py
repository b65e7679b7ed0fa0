from __future__ import annotations

from modelkeep.core import Measurement
from modelkeep.harden.private import Mechanism, Plan, Spent, claim_of
from modelkeep.harden.private.claim import AUDITS

PLAN = Plan(Mechanism(1.1, 0.05, 100), 1e-5, Spent(3.0, 2.99, 3.0), 1.0, 2000)


def bound(name: str, value: float) -> Measurement:
    return Measurement(name, value, value, 5.0, "epsilon_dp", 100)


def test_the_sheet_says_what_is_promised_and_what_is_proved() -> None:
    claim = claim_of(PLAN, [bound(AUDITS[0], 0.4), bound(AUDITS[1], 1.2), bound("other", 9)])
    assert claim.audited == 1.2
    assert not claim.contradicted
    text = "\n".join(claim.lines())
    for phrase in ("(3.000, 1e-05)", "Poisson", "2.9900", "3.0000", "100 steps", "1.200"):
        assert phrase in text


def test_an_attack_that_proves_more_contradicts_it() -> None:
    assert claim_of(PLAN, [bound(AUDITS[0], 3.1)]).contradicted


def test_without_an_attack_the_sheet_says_so() -> None:
    claim = claim_of(PLAN, [])
    assert claim.audited is None
    assert not claim.contradicted
    assert any("none, no membership attack" in line for line in claim.lines())
