"""``explain``: every rule and assessment has a page that says what to do."""

from __future__ import annotations

import sys

import pytest

from modelkeep.assess import Attack, attacks
from modelkeep.core import Rule, UsageError
from modelkeep.core.taxonomy import topic
from modelkeep.pipeline import explain, list_rules, pages
from modelkeep.scan import Detector, detectors
from modelkeep.trust import RULES


def docstring(module: str) -> str:
    return (sys.modules[module].__doc__ or "").strip()


@pytest.mark.parametrize("detector", detectors(), ids=lambda d: d.rule.id)
def test_page_of_a_rule_is_its_docstring_remedy_and_tags(detector: Detector) -> None:
    rule = detector.rule
    page = explain(rule.id)
    assert page.text.startswith(f"# {rule.id} {rule.name}\n")
    assert docstring(detector.run.__module__) in page.text
    assert f"**What to do.** {rule.remedy}" in page.text
    assert all(tag in page.text for tag in (*rule.tags, *topic(rule.topic).tags()))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_page_of_a_signature_rule_says_what_it_means(rule: Rule) -> None:
    text = explain(rule.id).text
    assert rule.summary in text
    assert rule.remedy in text
    assert all(tag in text for tag in (*rule.tags, *topic(rule.topic).tags()))


@pytest.mark.parametrize("attack", attacks(), ids=lambda attack: attack.id)
def test_page_of_an_assessment_is_its_docstring_and_tags(attack: Attack) -> None:
    text = explain(attack.id).text
    assert text.startswith(f"# {attack.id} {attack.name}\n")
    assert docstring(attack.run.__module__) in text
    assert all(tag in text for tag in topic(attack.topic).tags())


def test_pages_are_found_by_id_or_name_in_any_case() -> None:
    for page in pages():
        assert (
            explain(page.id.lower()) == explain(page.name) == explain(page.name.upper()) == page
        )


def test_no_two_pages_share_an_id() -> None:
    identifiers = [page.id for page in pages()]
    assert len(set(identifiers)) == len(identifiers) > 15


@pytest.mark.parametrize("identifier", ["", "PKL", "PKL999", "pickle"])
def test_unknown_rule_is_refused_and_says_where_all_are_listed(identifier: str) -> None:
    with pytest.raises(UsageError, match="no rule") as caught:
        explain(identifier)
    assert "modelkeep explain" in caught.value.hint


def test_every_page_ends_in_one_line_break() -> None:
    assert all(page.text.endswith("\n") and page.text[-2] != "\n" for page in pages())


def test_all_pages_are_listed() -> None:
    assert {line.split()[0] for line in list_rules().splitlines()} == {p.id for p in pages()}
