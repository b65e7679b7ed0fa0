"""JIN003: templates that take all time or memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat_templates import HONEST
from modelkeep.core import Severity, Verdict
from modelkeep.scan.jinja_endless import DETECTOR
from samples import found_by, scan_bytes

ENDLESS = (
    "{% for i in range(1000000000) %}x{% endfor %}",
    "{% set n = 10 ** 9 %}{% for i in range(n) %}x{% endfor %}",
    "{% for i in range(50000) %}{% for j in range(50000) %}x{% endfor %}{% endfor %}",
    "{{ 'x' * 999999999 }}",
)


@pytest.mark.parametrize("text", ENDLESS)
def test_what_does_not_end_is_high(tmp_path: Path, text: str) -> None:
    (finding,) = found_by(DETECTOR, text.encode(), name="t.jinja")
    assert finding.severity is Severity.HIGH
    assert scan_bytes(tmp_path, text.encode(), name="t.jinja").verdict is Verdict.FAIL


def test_loops_over_data_and_short_ranges_are_left_alone() -> None:
    text = (
        "{% for i in range(100) %}{% for m in messages %}{{ ' ' * 80 }}{% endfor %}{% endfor %}"
    )
    assert found_by(DETECTOR, text.encode(), name="t.jinja") == []
    for honest in HONEST.values():
        assert found_by(DETECTOR, honest.encode(), name="t.jinja") == []
