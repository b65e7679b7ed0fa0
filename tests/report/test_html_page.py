"""The page: one file that runs nothing, fetches nothing and believes no name."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

import check_samples as samples
from modelkeep.core import (
    Confidence,
    Digest,
    Location,
    NotChecked,
    Risk,
    Rule,
    Severity,
    Subject,
    ThreatModel,
    Verdict,
)
from modelkeep.policy import Decision, Missing
from modelkeep.report import Report, ReportedFile, ReportedFinding, ReportedReceipt
from modelkeep.report.counts import count

VOID = {"meta"}
TAGS = set(
    "html head meta title style body header h1 h2 p div span strong code "
    "table thead tbody tr th td svg text line polyline circle rect".split()
)


class Page(HTMLParser):
    """What a browser sees, and every end that does not fit its beginning."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.problems: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.metas: list[dict[str, str | None]] = []
        self.styles: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        self.problems += [f"{tag} is never closed" for tag in self.stack]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if len({name for name, _ in attrs}) < len(attrs):
            self.problems.append(f"{tag} has an attribute twice")
        if tag == "meta":
            self.metas.append(dict(attrs))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] == "style":
            self.styles.append(data)
        else:
            self.text += f"{data}\n"

    def handle_comment(self, data: str) -> None:
        self.problems.append(f"comment {data}")

    @property
    def policy(self) -> str:
        """The content security policy."""
        (found,) = [m for m in self.metas if m.get("http-equiv") == "Content-Security-Policy"]
        return found["content"] or ""


def page(report: Report) -> Page:
    return Page(report.render("html"))


KINDS = (
    "clean check",
    "failing check",
    "gate",
    "inconclusive check",
    "scan",
    "hand-made",
)


@pytest.mark.parametrize("kind", KINDS)
def test_page_is_well_formed_and_made_of_harmless_tags(
    kind: str, reports: dict[str, Report]
) -> None:
    found = page(reports[kind])
    assert found.problems == []
    assert set(found.tags) <= TAGS


@pytest.mark.parametrize("kind", KINDS)
def test_page_fetches_nothing_and_runs_nothing(kind: str, reports: dict[str, Report]) -> None:
    found = page(reports[kind])
    names = {name for name, _ in found.attributes}
    assert not names & {"src", "href", "srcset", "data", "action", "style", "xlink:href"}
    assert not any(name.startswith("on") for name in names)
    assert not any("://" in value for _, value in found.attributes)
    assert not re.search(r"url\(|@import|://", "".join(found.styles))


def test_policy_allows_the_one_style_sheet_by_its_hash_and_nothing_else() -> None:
    found = page(samples.report())
    (style,) = found.styles
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert dict(part.split(maxsplit=1) for part in found.policy.split("; ")) == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_page_counts_at_its_top() -> None:
    text = page(samples.report()).text
    assert count(samples.report()).sentence() in text[: text.index("Findings")]


def test_what_a_rule_says_of_a_file_stands_on_one_card() -> None:
    said = ["one call", "another call"]
    calls = [samples.finding(message=message) for message in said]
    lesser = samples.finding(Severity.HIGH, "a lesser call")
    elsewhere = samples.finding(location=Location("other.pkl"))
    file = ReportedFile("model.pkl", Verdict.FAIL, "zip", (*calls, lesser))
    other = ReportedFile("other.pkl", Verdict.FAIL, "zip", (elsewhere,))
    report = samples.report(files=(file, other), findings=())
    cards = report.render("html").split('<div class="card">')
    assert [sum(message in card for message in said) for card in cards if said[0] in card] == [
        2
    ]
    holding = [card for card in cards if samples.RULE.name in card]
    assert len(holding) == 3, "another file and another severity have cards of their own"


def hostile(name: str) -> str:
    return f'</p></style></title><script>{name}()</script><img onerror="{name}">\'&amp;{name}'


def poisoned() -> Report:
    """A report in which every text that can come from outside is an attack."""
    place = Location(hostile("path"), hostile("member"), 3)
    digest = Digest(hostile("sha256"), "")
    rule = Rule("PKL001", hostile("rule"), hostile("summary"), hostile("remedy"), "topic")
    attacker = ThreatModel("goal", hostile("knowledge"), hostile("able"), hostile("norm"), 0.03)
    number = samples.measurement(
        attacker=attacker,
        unit=hostile("unit"),
        method=hostile("method"),
        note=hostile("remark"),
        budget={hostile("work"): 1},
    )
    other = samples.measurement(hostile("measured"), curve=())
    found = ReportedFinding(
        "PKL001", Severity.HIGH, Confidence.LOW, hostile("message"), place, "0" * 16
    )
    return samples.report(
        subject=Subject("model", hostile("model"), digest),
        profile=hostile("profile"),
        created=hostile("created"),
        tool=hostile("tool"),
        files=(
            ReportedFile(
                hostile("file"), Verdict.FAIL, hostile("format"), (found,), hostile("reason")
            ),
        ),
        findings=(),
        rules=(rule,),
        measurements=(number, other, samples.measurement("membership_auc_loss")),
        risks=(Risk(hostile("risk"), number, 1, hostile("mend")),),
        not_checked=(NotChecked(hostile("what"), hostile("why")),),
        decision=Decision(
            hostile("action"),
            False,
            hostile("policy"),
            hostile("gate"),
            (Missing(hostile("id"), hostile("says"), hostile("cure"), (hostile("absent"),)),),
            (hostile("error"),),
        ),
        receipts=(ReportedReceipt(hostile("predicate"), hostile("statement"), 0),),
        materials=(Subject("code", hostile("material"), digest),),
        notes=(hostile("note"),),
    )


SHOWN = (
    "path member sha256 rule summary remedy knowledge able norm unit method remark measured "
    "message model profile created tool file format reason risk mend what why action policy "
    "gate id says cure absent error predicate statement material note"
).split()


def test_hostile_text_adds_no_tag_and_no_attribute() -> None:
    found = page(poisoned())
    assert found.problems == []
    assert set(found.tags) <= TAGS
    assert not any(name.startswith("on") for name, _ in found.attributes)


@pytest.mark.parametrize("name", SHOWN)
def test_hostile_text_is_shown_as_it_is(name: str) -> None:
    assert hostile(name) in page(poisoned()).text


@pytest.mark.parametrize("verdict", Verdict)
def test_verdict_is_a_word(verdict: Verdict) -> None:
    found = page(samples.report(verdict=verdict))
    assert re.search(rf"^{verdict.name}: \w", found.text, re.MULTILINE)


@pytest.mark.parametrize(
    ("verdict", "claim"),
    [
        (Verdict.INCONCLUSIVE, "a file could not be read to its end"),
        (Verdict.PASS, "every condition of the gate holds"),
    ],
)
def test_verdict_claims_nothing_that_did_not_happen(verdict: Verdict, claim: str) -> None:
    read = (ReportedFile("model.onnx", Verdict.PASS, "onnx"),)
    found = page(samples.report(verdict=verdict, files=read, findings=(), decision=None))
    assert claim not in found.text


def test_what_was_not_checked_is_always_shown() -> None:
    found = page(samples.report(not_checked=(NotChecked("poisoning", "no clean data"),)))
    assert "Not checked" in found.text
    assert "no clean data" in found.text
    assert "Not checked" in page(samples.report(not_checked=())).text


def test_both_curves_are_drawn() -> None:
    assert page(samples.report()).tags.count("svg") == 2


@pytest.mark.parametrize("name", ["robust_accuracy", "membership_auc_reference"])
def test_one_curve_is_drawn_where_there_is_one(name: str) -> None:
    assert (
        page(samples.report(measurements=(samples.measurement(name),))).tags.count("svg") == 1
    )


def test_nothing_is_drawn_without_a_curve() -> None:
    bare = (samples.measurement(curve=()), samples.measurement("membership_auc_loss", curve=()))
    assert "svg" not in page(samples.report(measurements=bare)).tags


def test_gate_says_which_condition_is_missing_which_fact_and_what_mends_it() -> None:
    text = page(samples.report()).text
    for part in ("denied", "signed-by-trusted", "signature_trusted", "sign it", "overflow"):
        assert part in text
    allowed = Decision("deploy", True, "ef" * 32, "prod")
    assert "allowed" in page(samples.report(decision=allowed)).text
