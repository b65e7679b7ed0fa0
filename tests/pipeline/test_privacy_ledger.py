from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.evidence import Keep, open_keep
from modelkeep.harden import Mechanism, epsilon_of
from modelkeep.pipeline.privacy_ledger import Cost, charge, read_ledger
from modelkeep.sources import digest_artifact, open_artifact

DELTA = 1e-5
STEPS = Mechanism(1.2, 0.05, 100)
ALONE = epsilon_of([STEPS], DELTA).epsilon
COST = Cost(ALONE, DELTA, (STEPS,))
CHILD = """\
import sys, time
from pathlib import Path
from modelkeep.core import EvidenceError, Subject
from modelkeep.evidence import open_keep
from modelkeep.harden import Mechanism
from modelkeep.pipeline.privacy_ledger import Cost, charge
from modelkeep.sources import digest_artifact, open_artifact

digest = digest_artifact(open_artifact("rows.csv")).digest
keep = open_keep(Path(".modelkeep"))
print("ready", flush=True)
sys.stdin.readline()
cost = Cost({epsilon}, 1e-5, (Mechanism(1.2, 0.05, 100),))
try:
    charge(keep, Subject("dataset", "rows.csv", digest), cost, "child")
except EvidenceError as error:
    print("refused", error.message, flush=True)
else:
    print("charged", flush=True)
    if {train}:
        time.sleep(600)  # the training that is killed
"""


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("a,b\n1,2\n")
    return Subject("dataset", "rows.csv", digest_artifact(open_artifact("rows.csv")).digest)


def budget(epsilon: float) -> None:
    pipeline.set_privacy_budget("rows.csv", epsilon=epsilon, delta=DELTA, reason="test")


def keep() -> Keep:
    return open_keep(Path(".modelkeep"))


def child(*, train: bool) -> subprocess.Popen[str]:
    script = CHILD.format(epsilon=ALONE, train=train)
    started = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def go(started: subprocess.Popen[str]) -> None:
    assert started.stdin is not None
    started.stdin.write("go\n")
    started.stdin.flush()


def test_charges_compose_to_less_than_their_sum(subject: Subject) -> None:
    budget(10)
    with keep() as opened:
        for _ in range(2):
            charge(opened, subject, COST, "training")
        ledger = read_ledger(opened, subject)
    assert len(ledger.charges) == 2
    both = epsilon_of([STEPS, STEPS], DELTA).epsilon
    assert ledger.spent() == pytest.approx(both)
    assert both < 2 * ALONE


def test_it_refuses_to_be_overspent_and_says_by_how_much(subject: Subject) -> None:
    budget(1.1 * ALONE)
    with keep() as opened:
        charge(opened, subject, COST, "first")
        with pytest.raises(EvidenceError, match="would be overspent") as caught:
            charge(opened, subject, COST, "second")
        assert f"{ALONE:.3f} is spent" in caught.value.message
        assert len(read_ledger(opened, subject).charges) == 1
        budget(3 * ALONE)  # a later budget replaces it
        charge(opened, subject, COST, "second")


def test_without_a_budget_nothing_is_charged(subject: Subject) -> None:
    pipeline.init_keep(Path(".modelkeep"), "dev").close()
    with (
        keep() as opened,
        pytest.raises(EvidenceError, match="no privacy budget is set") as caught,
    ):
        charge(opened, subject, COST, "training")
    assert "modelkeep privacy budget" in caught.value.hint


def test_releases_made_elsewhere_are_added_up(subject: Subject) -> None:
    budget(2.0)
    pipeline.charge_release("rows.csv", epsilon=1.0, delta=0.0, purpose="table")
    ledger = pipeline.charge_release("rows.csv", epsilon=1.0, delta=0.0, purpose="again")
    assert ledger.spent() == pytest.approx(2.0)
    with pytest.raises(EvidenceError, match="would be overspent"):
        pipeline.charge_release("rows.csv", epsilon=0.01, delta=0.0, purpose="more")
    with pytest.raises(EvidenceError, match="delta is used up"):
        pipeline.charge_release("rows.csv", epsilon=0.01, delta=0.1, purpose="more")
    assert subject.digest.sha256 == ledger.subject.digest.sha256


def test_a_charge_outlives_the_training_that_is_killed(subject: Subject) -> None:
    budget(1.1 * ALONE)
    started = child(train=True)
    try:
        go(started)
        assert started.stdout is not None
        assert started.stdout.readline() == "charged\n"
    finally:
        started.kill()
    started.communicate()
    assert started.returncode == -signal.SIGKILL
    with keep() as opened:
        assert len(read_ledger(opened, subject).charges) == 1
        with pytest.raises(EvidenceError, match="would be overspent"):
            charge(opened, subject, COST, "again")


def test_two_processes_cannot_both_take_what_is_left(subject: Subject) -> None:
    budget(1.1 * ALONE)
    both = [child(train=False) for _ in range(2)]
    for started in both:
        go(started)
    said = [started.communicate(timeout=60)[0].split()[0] for started in both]
    assert sorted(said) == ["charged", "refused"]
    with keep() as opened:
        assert len(read_ledger(opened, subject).charges) == 1


def test_a_charge_that_was_taken_out_stops_everything(subject: Subject) -> None:
    budget(10)
    with keep() as opened:
        charge(opened, subject, COST, "first")
    with sqlite3.connect(".modelkeep/evidence.db") as database:
        database.execute("DELETE FROM entry WHERE predicate_type LIKE '%privacy-charge%'")
    database.close()
    with keep() as opened, pytest.raises(EvidenceError, match="nobody knows what was spent"):
        charge(opened, subject, COST, "second")


@pytest.mark.parametrize("given", [(0.0, 1e-5), (float("inf"), 1e-5), (1.0, 0.0), (1.0, 1.0)])
def test_numbers_that_are_no_budget_are_refused(
    subject: Subject, given: tuple[float, float]
) -> None:
    del subject
    with pytest.raises(InputError, match="are no privacy budget"):
        pipeline.set_privacy_budget("rows.csv", epsilon=given[0], delta=given[1], reason="x")


def test_data_that_is_not_there_is_named(subject: Subject) -> None:
    del subject
    with pytest.raises(InputError, match=r"gone\.csv"):
        pipeline.set_privacy_budget("gone.csv", epsilon=1.0, delta=DELTA, reason="x")
