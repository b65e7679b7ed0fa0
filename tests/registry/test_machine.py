"""A machine of random steps, forgeries included: no version is where it was not earned."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from modelkeep.core import UsageError
from modelkeep.evidence import make_statement, seal
from modelkeep.registry import (
    APPROVALS,
    NEXT,
    Stage,
    Version,
    approve,
    break_glass,
    enter,
    facts_of,
    read_version,
)
from registry_samples import PEOPLE, Hands, decide, keep_with_people, registered

DAY = dt.timedelta(days=1)
STAGES = [stage for stage in Stage if stage is not Stage.NONE]


class Registry(RuleBasedStateMachine):
    """What the rules below allow, kept beside what the product says."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Hands()
        self.keep = keep_with_people(self.folder, self.clock)
        self.version = registered(self.keep, "ada")
        self.earned = Stage.QUARANTINE
        self.glass: tuple[Stage, dt.datetime] | None = None
        self.approved: dict[str, dt.datetime] = {}
        self.allowed: dict[str, dt.datetime] = {}

    def teardown(self) -> None:
        if hasattr(self, "keep"):
            self.keep.close()
            shutil.rmtree(self.folder)

    def found(self) -> Version:
        version = read_version(self.keep, self.version.subject.digest.sha256)
        assert version is not None
        return version

    def allows(self, action: str) -> bool:
        return self.clock.now < self.allowed.get(action, self.clock.now)

    def approvals(self) -> int:
        return sum(self.clock.now < until for until in self.approved.values())

    @rule(days=st.sampled_from([0.01, 1, 8, 29, 31, 91]))
    def wait(self, days: float) -> None:
        self.clock.now += dt.timedelta(days=days)

    @rule(action=st.sampled_from(["store", "deploy", "load"]), passed=st.booleans())
    def the_gate_decides(self, action: str, *, passed: bool) -> None:
        decide(self.keep, self.version.subject, action, "PASSED" if passed else "FAILED")
        self.allowed.pop(action, None)
        if passed:
            self.allowed[action] = self.clock.now.replace(microsecond=0) + 30 * DAY

    @rule(action=st.sampled_from(["store", "deploy"]))
    def somebody_without_the_right_decides(self, action: str) -> None:
        decide(self.keep, self.version.subject, action, key=PEOPLE["bo"])

    @rule(who=st.sampled_from(sorted(PEOPLE)))
    def somebody_approves(self, who: str) -> None:
        version = self.found()
        may = who != "ada" and self.earned is Stage.CANDIDATE
        try:
            approve(self.keep, version, reason="read it", key=PEOPLE[who])
        except UsageError:
            assert not may
        else:
            assert may
            self.approved[who] = self.clock.now.replace(microsecond=0) + 90 * DAY

    @rule(after=st.sampled_from(STAGES), who=st.sampled_from(["ada", "cy"]))
    def somebody_takes_a_step(self, after: Stage, who: str) -> None:
        may = self.may(after)
        try:
            enter(self.keep, self.found(), after, reason="because", key=PEOPLE[who])
        except UsageError:
            assert not may
        else:
            assert may
            self.enter(after)

    def may(self, after: Stage) -> bool:
        if after not in NEXT[self.earned]:
            return False
        step = (self.earned, after)
        if step == (Stage.QUARANTINE, Stage.CANDIDATE):
            return self.allows("store")
        if step == (Stage.CANDIDATE, Stage.APPROVED):
            return self.allows("store") and self.approvals() >= APPROVALS
        return step != (Stage.APPROVED, Stage.DEPLOYED) or self.allows("deploy")

    def enter(self, after: Stage) -> None:
        if after is Stage.CANDIDATE:
            self.approved = {}
        if after in (Stage.RETIRED, Stage.REVOKED):
            self.glass = None
        self.earned = after

    @rule(after=st.sampled_from(STAGES), days=st.sampled_from([-1, 1, 6, 8]))
    def somebody_breaks_the_glass(self, after: Stage, days: int) -> None:
        until = self.clock.now.replace(microsecond=0) + days * DAY
        ends = self.earned in (Stage.RETIRED, Stage.REVOKED)
        up = after in (Stage.CANDIDATE, Stage.APPROVED, Stage.DEPLOYED)
        may = 0 < days <= 7 and up and not ends
        try:
            break_glass(
                self.keep, self.found(), after, why="fire", until=until, key=PEOPLE["cy"]
            )
        except UsageError:
            assert not may
        else:
            assert may
            self.glass = (after, until)

    @rule(
        before=st.sampled_from(list(Stage)),
        after=st.sampled_from(STAGES),
        who=st.sampled_from(["ada", "keep"]),
    )
    def somebody_forges_a_statement(self, before: Stage, after: Stage, who: str) -> None:
        fields = {
            "facts": facts_of(after),
            "name": "credit",
            "before": before.value,
            "after": after.value,
            "reason": "forged",
            "rests_on": [],
        }
        made = make_statement("stage", (self.version.subject,), fields, clock=self.clock)
        counts = before is self.earned and self.may(after)  # then it is no forgery
        self.keep.file([seal(made.to_bytes(), PEOPLE.get(who, self.keep.key))])
        if counts:
            self.enter(after)

    @invariant()
    def it_is_where_it_was_earned(self) -> None:
        if not hasattr(self, "version"):
            return
        version = self.found()
        assert version.earned is self.earned
        expected = self.earned
        order = [Stage.QUARANTINE, Stage.CANDIDATE, Stage.APPROVED, Stage.DEPLOYED]
        if self.glass is not None and self.clock.now < self.glass[1] and expected in order:
            expected = max(expected, self.glass[0], key=order.index)
        assert version.stage is expected
        assert len(version.approvals) == self.approvals()


Registry.TestCase.settings = settings(
    max_examples=7, stateful_step_count=18, deadline=None, derandomize=True
)
TestRegistry = Registry.TestCase
