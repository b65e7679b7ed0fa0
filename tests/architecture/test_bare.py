"""No verdict depends on what is installed where the scanner runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_corpus_has_the_same_results_where_every_framework_is_hidden() -> None:
    script = ROOT / "benchmarks" / "verdicts_bare.py"
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    hidden, seen = (line for line in run.stdout.splitlines() if line.startswith("installed"))
    assert hidden == "installed: none of the frameworks"
    assert "numpy" in seen, "there is nothing to compare with"
