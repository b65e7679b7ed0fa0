"""CVSS 3 base scores, against scores that the standard's calculator publishes."""

from __future__ import annotations

import pytest

from modelkeep.core import Severity
from modelkeep.trust.dependencies.cvss import base_score, severity_of


@pytest.mark.parametrize(
    ("vector", "score"),
    [  # examples of the specification's own document of examples
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:N", 5.4),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.0/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
    ],
)
def test_score_is_that_of_the_standard(vector: str, score: float) -> None:
    assert base_score(vector) == score


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "AV:N/AC:L",
        "CVSS:4.0/AV:N",
        "CVSS:3.1/AV:N",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ],
)
def test_what_is_no_whole_vector_has_no_score(vector: str) -> None:
    assert base_score(vector) is None


def test_bands_begin_where_the_standard_says() -> None:
    assert severity_of(9.0) is Severity.CRITICAL
    assert severity_of(8.9) is Severity.HIGH
    assert severity_of(6.9) is Severity.MEDIUM
    assert severity_of(3.9) is Severity.LOW
    assert severity_of(0.0) is Severity.INFO
