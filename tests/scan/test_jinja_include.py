"""JIN002: templates that read files outside their own place."""

from __future__ import annotations

import pytest

from chat_templates import HONEST
from modelkeep.core import Severity
from modelkeep.scan.jinja_include import DETECTOR
from samples import found_by, zip_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{% include '/etc/passwd' %}", "/etc/passwd"),
        ("{% include ['a.jinja', '../../x'] %}", "../../x"),
        ("{% import 'https://example.org/x' as y %}", "https://example.org/x"),
        ("{% from '/x' import y %}", "/x"),
        ("{% extends '~/x' %}", "~/x"),
        ("{% include '/etc' ~ '/passwd' %}", "/etc/passwd"),
        ("{% include name %}", "a computed name"),
        ("{% extends 'a' ~ name %}", "a computed name"),
    ],
)
def test_a_file_outside_is_high(text: str, name: str) -> None:
    (finding,) = found_by(DETECTOR, text.encode(), name="t.jinja")
    assert (finding.severity, finding.evidence["name"]) == (Severity.HIGH, name)


def test_a_file_beside_the_template_is_left_alone() -> None:
    text = (
        "{% include 'part.jinja' %}{% import 'sub/macros.j2' as m %}{% extends 'base.html' %}"
    )
    assert found_by(DETECTOR, text.encode(), name="t.jinja") == []
    for honest in HONEST.values():
        assert found_by(DETECTOR, honest.encode(), name="t.jinja") == []


def test_pages_of_a_wheel_that_include_each_other_are_noted() -> None:
    def severities(text: bytes) -> list[Severity]:
        raw = zip_of({"p/page.jinja": text})
        return [finding.severity for finding in found_by(DETECTOR, raw, name="p.whl")]

    assert severities(b"{% include name %}") == [Severity.MEDIUM]
    assert severities(b"{% include '/etc/passwd' %}") == [Severity.HIGH]
    assert severities(b"{% include '../../x' %}") == [Severity.HIGH]
