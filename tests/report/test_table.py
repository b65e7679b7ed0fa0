"""The table: the worst of it, in words, and nothing a terminal would obey."""

from __future__ import annotations

import re

import pytest

import check_samples as samples
from modelkeep.core import Location, NotChecked, Severity, Subject, ThreatModel, Verdict
from modelkeep.policy import Decision, Missing
from modelkeep.report import Report, ReportedFile, hide_suppressed
from modelkeep.report.table import LISTED

HOSTILE = "a\x1b]0;owned\x07\x1b[31m\nPASS  model.onnx\r\x9b1m"


def table(**changes: object) -> str:
    return samples.report(**changes).render("table")


@pytest.mark.parametrize("verdict", Verdict)
def test_first_word_is_the_verdict(verdict: Verdict) -> None:
    first = table(verdict=verdict).splitlines()[0]
    assert first.startswith(f"{verdict.name}  model.onnx")
    assert "prod profile, deploy" in first


def test_five_worst_risks_are_shown_and_the_rest_is_counted() -> None:
    text = table(risks=tuple(samples.risk(number) for number in range(1, 8)))
    assert re.findall(r"^  \d\. (risk number \d)", text, re.MULTILINE) == [
        f"risk number {number}" for number in range(1, 6)
    ]
    assert "and 2 more" in text
    assert "more (" not in table(risks=tuple(samples.risk(number) for number in range(1, 6)))


def test_risk_has_its_interval_attacker_and_mend() -> None:
    text = table(risks=(samples.risk(1),), measurements=())
    assert "robust_accuracy at linf:0.03 0.750 [0.700, 0.800] fraction, n=200" in text
    assert "200 queries" in text
    assert "attacker: black box, changes features" in text
    assert "mend: mend number 1" in text


def test_radius_is_printed_for_the_attack_it_belongs_to() -> None:
    inference = ThreatModel("membership inference", "black box", "sees probabilities")
    text = table(measurements=(samples.measurement("auc", attacker=inference),), risks=())
    assert "auc 0.750" in text


def test_what_was_not_checked_is_shown_with_its_reason() -> None:
    text = table(not_checked=(NotChecked("poisoning", "no clean data"),))
    assert "Not checked\n  - poisoning: no clean data" in text


def test_gate_names_the_condition_by_its_policy_id_and_the_fact_nobody_proved() -> None:
    text = table()
    assert "deploy denied by policy prod (efefefefefef)" in text
    assert "- robust: small changes change the answer" in text
    assert "- signed-by-trusted: nobody signed it (not proved: signature_trusted)" in text
    assert "mend: sign it" in text
    assert "policy error: overflow in a policy" in text


def test_allowed_gate_says_so() -> None:
    text = table(decision=Decision("load", True, "ef" * 32, "dev"))
    assert "load allowed by policy dev" in text


def test_worst_finding_comes_first_with_severity_in_words_and_its_rule() -> None:
    text = table()
    found = re.findall(r"^  (\w+)\[(\w+) ", text, re.MULTILINE)
    assert found == [("critical", "PKL001"), ("medium", "PKL001")]
    assert "--> model.pkl!archive/data.pkl @ 0x4" in text
    assert "modelkeep explain PKL001" in text


@pytest.mark.parametrize("severity", Severity)
def test_mild_findings_are_shown_without_their_remedy(severity: Severity) -> None:
    text = table(files=(), findings=(samples.finding(severity),))
    assert f"{severity.value}[PKL001" in text
    assert (samples.RULE.remedy in text) == (severity >= Severity.MEDIUM)


def test_file_that_was_not_read_to_its_end_is_named_with_the_reason() -> None:
    text = table()
    assert "inconclusive: cut.pkl was not read to its end" in text
    assert "ends in the middle" in text


def test_evidence_is_named_with_its_place_in_the_log() -> None:
    assert "signed and logged as entries 0 to 1: scan, bom" in table()


def test_bare_report_is_its_verdict_and_digest_only() -> None:
    bare = Report(
        verdict=Verdict.PASS, subject=samples.SUBJECT, profile="scan", created="2026-11-22"
    )
    assert bare.render("table") == (
        f"PASS  model.onnx  (scan profile)\n      sha256:{'ab' * 32}\n"
    )


@pytest.mark.parametrize("kind", ["clean check", "failing check", "scan", "hand-made"])
def test_lines_fit_a_terminal_and_hold_no_colour_codes(
    kind: str, reports: dict[str, Report]
) -> None:
    text = reports[kind].render("table")
    assert "\x1b" not in text
    free = [line for line in text.splitlines() if "-->" not in line]
    assert max(len(line) for line in free) <= 92


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": Subject("model", HOSTILE, samples.SUBJECT.digest)},
        {"files": (ReportedFile(HOSTILE, Verdict.INCONCLUSIVE, "pickle", (), HOSTILE),)},
        {"findings": (samples.finding(message=HOSTILE),)},
        {"findings": (samples.finding(location=Location(HOSTILE, HOSTILE)),)},
        {"not_checked": (NotChecked(HOSTILE, HOSTILE),)},
        {"notes": (HOSTILE,)},
        {"decision": Decision("load", False, "ef", "dev", (Missing(*[HOSTILE] * 3),))},
    ],
    ids=["subject", "file", "message", "location", "not checked", "notes", "decision"],
)
def test_control_characters_of_a_name_are_not_obeyed(changes: dict[str, object]) -> None:
    text = table(**changes)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert "\nPASS" not in text, "a name with a line break forges a verdict"
    assert text.startswith("FAIL")


def test_last_line_counts_files_findings_and_what_is_suppressed() -> None:
    last = " ".join(table(suppressed=2).split("\n\n")[-1].split())
    assert last == (
        "files: 0 pass, 1 fail, 1 inconclusive, 0 skipped; "
        "findings: 1 critical, 1 medium; suppressed: 2"
    )


def test_suppressed_finding_is_shown_with_its_reason_unless_hidden() -> None:
    file = ReportedFile("a", Verdict.PASS, "pickle", suppressed=(samples.suppressed(),))
    report = samples.report(files=(file,), findings=(), suppressed=1)
    assert "= suppressed by ignore: reviewed (until 2027-01-31)" in report.render("table")
    hidden = hide_suppressed(report).render("table")
    assert "reviewed" not in hidden
    assert "suppressed: 1" in hidden


def test_long_list_of_what_was_not_checked_is_cut_and_counted() -> None:
    text = table(not_checked=tuple(NotChecked(f"f{i}", "text") for i in range(LISTED + 2)))
    assert f"- f{LISTED - 1}: text" in text
    assert "and 2 more (--format json shows all)" in text


def test_a_note_stands_under_its_measurement_and_an_empty_one_nowhere() -> None:
    text = table(measurements=(samples.measurement("auc", note="do not rely on it"),), risks=())
    assert re.search(r"- auc .*\n      do not rely on it", text)
    bare = table(measurements=(samples.measurement("auc", note=""),), risks=()).splitlines()
    place = next(index for index, line in enumerate(bare) if line.startswith("  - auc"))
    assert bare[place + 1] == ""
