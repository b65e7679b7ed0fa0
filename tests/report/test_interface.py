"""The report object: its exit code, its filter, its faces."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep.core import ModelkeepError, Severity, UsageError, Verdict
from modelkeep.report import Report, ReportedFinding, filter_findings, render, renderers


@pytest.mark.parametrize("profile", ["dev", "prod", "scan"])
@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.PASS, 0),
        (Verdict.FAIL, 1),
        (Verdict.INCONCLUSIVE, 2),
        (Verdict.SKIPPED, 0),
    ],
)
def test_exit_code_follows_the_verdict(profile: str, verdict: Verdict, code: int) -> None:
    assert samples.report(profile=profile, verdict=verdict).exit_code == code


def test_report_profile_never_fails_but_still_says_what_it_could_not_finish() -> None:
    codes = [samples.report(profile="report", verdict=v).exit_code for v in Verdict]
    assert codes == [0, 0, 2, 0]
    assert samples.report(profile="report").verdict is Verdict.FAIL


def severities(report: Report) -> list[Severity]:
    return [finding.severity for finding in report.all_findings()]


def test_findings_are_listed_worst_first() -> None:
    mixed = tuple(samples.finding(severity) for severity in Severity)
    report = samples.report(findings=mixed)
    assert severities(report) == sorted([*Severity, Severity.CRITICAL], reverse=True)


@pytest.mark.parametrize("least", Severity)
def test_filter_hides_milder_findings_and_keeps_the_verdict(least: Severity) -> None:
    report = samples.report(findings=tuple(samples.finding(severity) for severity in Severity))
    shown = filter_findings(report, least.value)
    assert set(severities(shown)) == {severity for severity in Severity if severity >= least}
    assert (shown.verdict, shown.exit_code) == (report.verdict, report.exit_code)
    assert [file.verdict for file in shown.files] == [file.verdict for file in report.files]


def test_filter_drops_rules_that_have_nothing_left_to_explain() -> None:
    mild = samples.report(files=(), findings=(samples.finding(Severity.LOW),))
    assert filter_findings(mild, "low").rules == (samples.RULE,)
    assert filter_findings(mild, "high").rules == ()


def test_filter_refuses_an_unknown_severity() -> None:
    with pytest.raises(ValueError, match="terrible"):
        filter_findings(samples.report(), "terrible")


class Frame(HTMLParser):
    """The attributes of the one tag a notebook is given."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_notebook_shows_the_page_in_a_frame_that_may_do_nothing() -> None:
    report = samples.report(notes=('"><script>alert(1)</script>',))
    ((tag, attributes),) = Frame(report._repr_html_()).found
    assert tag == "iframe"
    assert attributes["sandbox"] in (None, "")
    assert attributes["srcdoc"] == report.render("html")


def test_html_is_written_as_utf_8(tmp_path: Path) -> None:
    report = samples.report(notes=("größer ± 模型",))
    path = report.write_html(tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert text == report.render("html")
    assert "größer ± 模型" in unescape(text)


def test_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'docx'") as caught:
        render(samples.report(), "docx")
    for name in ("table", "json", "sarif", "html", "cyclonedx"):
        assert name in caught.value.hint


def test_reported_finding_is_the_finding_with_its_rule_by_id(
    reports: dict[str, Report],
) -> None:
    report = reports["scan"]
    found = [finding for finding in report.all_findings() if finding.rule == "PKL001"]
    assert isinstance(found[0], ReportedFinding)
    assert report.rule("PKL001").name == "pickle-import-not-allowed"
    assert {finding.rule for finding in report.all_findings()} == {r.id for r in report.rules}


PLUG_IN = """\
from modelkeep.report import Renderer

WORD = Renderer("word", "one word", lambda report: str(report.verdict))
TABLE = Renderer("table", "a second one", str)
NOTHING = 3
"""


def install(folder: Path, entry: str) -> None:
    """Put a distribution with one plug-in on a path."""
    (folder / "word_plugin.py").write_text(PLUG_IN)
    information = folder / "word_plugin-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: word\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        f"[modelkeep.renderers]\nword = word_plugin:{entry}\n"
    )


def test_plug_in_adds_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "WORD")
    monkeypatch.syspath_prepend(tmp_path)
    assert "word" in [renderer.name for renderer in renderers()]
    assert render(samples.report(), "word") == "FAIL"


@pytest.mark.parametrize(
    ("entry", "says"), [("TABLE", "reuses 'table'"), ("NOTHING", "is not a Renderer")]
)
def test_plug_in_that_is_no_renderer_or_takes_a_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, says: str
) -> None:
    install(tmp_path, entry)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelkeepError, match=says):
        renderers()
