"""May models be trained on a data set: a live seal, a passed check, a poisoning report."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from check_samples import said
from evidence_samples import DAY, statement
from modelkeep import pipeline
from modelkeep.core import InputError, Subject
from modelkeep.evidence import open_keep, utc_now
from modelkeep.sources import digest_artifact, open_artifact

FACTS: dict[str, dict[str, int | bool]] = {
    "seal": {"data_sealed": True, "data_rows": 3},
    "data-check": {"data_check_passed": True, "data_rows_checked": 3},
    "data-poison": {"poison_groups": 0},
}
CONDITION = {
    "seal": "data-sealed",
    "data-check": "data-checked",
    "data-poison": "data-examined",
}
LIFETIME = {"seal": 365, "data-check": 30, "data-poison": 90}
both = pytest.mark.parametrize("profile", ["dev", "prod"])
each = pytest.mark.parametrize("kind", FACTS)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text("a,label\n1,x\n2,y\n3,x\n")
    pipeline.init_keep(Path(".modelkeep"), "dev").close()


def record(kind: str, issued: dt.datetime | None = None, **facts: int | bool) -> None:
    artifact = open_artifact("d.csv")
    about = Subject("dataset", artifact.name, digest_artifact(artifact).digest)
    with open_keep(Path(".modelkeep")) as keep:
        keep.record([statement(kind, about, issued or utc_now(), **FACTS[kind] | facts)])


def missing(profile: str) -> list[str]:
    report = pipeline.gate("d.csv", action="train_on", profile=profile)
    assert report.decision is not None
    assert report.decision.allowed == (not report.decision.missing)
    assert all("data" in condition.mend for condition in report.decision.missing)
    return [condition.id for condition in report.decision.missing]


@both
def test_with_all_three_it_is_allowed(profile: str) -> None:
    assert missing(profile) == list(CONDITION.values())
    for kind in FACTS:
        record(kind)
    assert missing(profile) == []
    assert said("gate", "d.csv", "--action", "train_on", "--profile", profile).code == 0


@both
@each
def test_without_any_one_it_is_denied(profile: str, kind: str) -> None:
    for other in FACTS:
        if other != kind:
            record(other)
    assert missing(profile) == [CONDITION[kind]]


@both
@each
def test_with_any_one_expired_it_is_denied_and_the_day_before_not(
    profile: str, kind: str
) -> None:
    for other in FACTS:
        days = LIFETIME[kind] + 1 if other == kind else 0
        record(other, utc_now() - days * DAY)
    assert missing(profile) == [CONDITION[kind]]
    record(kind, utc_now() - (LIFETIME[kind] - 1) * DAY)
    assert missing(profile) == []


@both
@pytest.mark.parametrize(
    ("kind", "fact", "value"),
    [
        ("seal", "data_sealed", False),
        ("seal", "data_rows", 0),
        ("data-check", "data_check_passed", False),
        ("data-check", "data_rows_checked", 0),
    ],
)
def test_a_bad_result_is_denied(profile: str, kind: str, fact: str, value: int) -> None:
    for other in FACTS:
        record(other)
    record(kind, **{fact: value})
    assert missing(profile) == [CONDITION[kind]]


def test_proposed_removals_stop_prod_and_not_dev() -> None:
    for kind in FACTS:
        record(kind)
    record("data-poison", poison_groups=1)
    assert (missing("prod"), missing("dev")) == (["data-examined"], [])


def test_evidence_of_other_bytes_does_not_count() -> None:
    for kind in FACTS:
        record(kind)
    Path("d.csv").write_text("a,label\n1,x\n")
    assert missing("dev") == list(CONDITION.values())


def test_real_seal_and_check_count() -> None:
    pipeline.seal_data("d.csv")
    Path("s.toml").write_text(pipeline.draft_schema("d.csv"))
    pipeline.check_data("d.csv", schema="s.toml")
    assert missing("prod") == ["data-examined"]


def test_a_policy_that_says_nothing_of_data_decides_nothing_about_it() -> None:
    actions = ", ".join(f'Action::"{a}"' for a in "train store deploy load serve".split())
    Path(".modelkeep/policies/dev.cedar").write_text(
        f'@id("x")\npermit (principal, action in [{actions}], resource)\n'
        "when { context.evidence_broken == 0 };\n"
    )
    with pytest.raises(InputError, match="train_on"):
        missing("dev")
    assert pipeline.gate("d.csv", action="store").decision is not None
