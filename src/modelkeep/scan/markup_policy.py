"""What scripts in pages and pictures would do: data and the pieces of markup that run.

Scripts stand in ``<script>`` elements, in handlers such as ``onload`` and behind addresses that
begin with ``javascript:``. Reports and charts are full of them, so that a script alone says
nothing; reaching for cookies and sending them elsewhere, driving a notebook's
kernel, or running text that was decoded does.

Sources: HTML Living Standard, scripting and event handlers; SVG 2, interactivity; CWE-79.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from modelkeep.scan.hosts import suspicious_host

BUNDLE: Final = 50_000
"""A script so long is a library, and reaches for everything."""
_SCRIPT: Final = re.compile(r"<(?:[\w-]{1,20}:)?script\b([^>]{0,2000})>", re.IGNORECASE)
_SCRIPT_END: Final = re.compile(r"</(?:[\w-]{1,20}:)?script", re.IGNORECASE)
_HANDLER: Final = re.compile(
    r"""[\s"'/]on[a-z]{3,24}\s*=\s*(?:"([^"]{0,4000})|'([^']{0,4000})|([^\s>"']{1,4000}))""",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"""[\s"'/](?:xlink:)?(?:href|src|action|formaction|to|from|values|data|srcdoc)\s*=\s*"""
    r"""(?:"([^"]{0,4000})|'([^']{0,4000})|([^\s>"']{1,4000}))""",
    re.IGNORECASE,
)
_SOURCE: Final = re.compile(r"""\bsrc\s*=\s*["']?\s*([^\s"'>]+)""", re.IGNORECASE)
_TAG: Final = 4000
_KEPT: Final = (
    r"(?:document\s*\.\s*cookie|localStorage|sessionStorage|indexedDB|document\[.cookie.\])"
)
_SENDS: Final = (
    r"(?:\bfetch|XMLHttpRequest|\bImage\b|sendBeacon|WebSocket|\.open|\.send|\.src\b"
    r"|location(?:\.href)?\s*=|\.assign|\.post|\.get)"
)
_THEFT: Final = {
    "sends cookies or stored tokens away": rf"{_SENDS}[^;{{}}]{{0,400}}{_KEPT}"
    rf"|{_KEPT}[^;{{}}]{{0,200}}{_SENDS}[^;{{}}]{{0,100}}https?:",
    "drives the kernel of a notebook": r"kernel\s*\.\s*execute|requestExecute"
    r"|api/(?:kernels|contents|terminals|sessions)\b",
    "runs text that was decoded": r"\b(?:eval|Function|setTimeout|execScript|write)\s*\(\s*"
    r"(?:window\.)?(?:atob|unescape|decodeURIComponent|String\s*\.\s*fromCharCode)\b",
}
_COMPILED: Final = tuple((why, re.compile(pattern)) for why, pattern in _THEFT.items())
_FORM: Final = re.compile(r"<form\b", re.IGNORECASE)
_OUTSIDE: Final = re.compile(r"""\baction\s*=\s*["']?https?://""", re.IGNORECASE)
_PASSWORD: Final = re.compile(r"""\btype\s*=\s*["']?password""", re.IGNORECASE)
_MOST_FORMS: Final = 200
_FENCE: Final = re.compile(
    r"^[ \t]{0,3}(`{3,}|~{3,})[^\n]*\n.*?^[ \t]{0,3}\1", re.MULTILINE | re.DOTALL
)
_QUOTED: Final = re.compile(r"(`{1,2})[^`\n]+\1")
_ATTRIBUTE_TEXT: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_MOST: Final = 2000


def scripts_of(markup: str) -> Iterator[str]:
    """Every piece of code in markup: what a script element holds or names, handlers, links."""
    for count, match in enumerate(_SCRIPT.finditer(markup)):
        end = _SCRIPT_END.search(markup, match.end())
        yield match[1] + "\n" + markup[match.end() : end.start() if end else len(markup)]
        if count > _MOST:
            return
    for count, match in enumerate(_HANDLER.finditer(markup)):
        if count < _MOST and _in_tag(markup, match.start()):
            yield html.unescape(match[1] or match[2] or match[3] or "")
    for count, match in enumerate(_ADDRESS.finditer(markup)):
        plain = html.unescape(match[1] or match[2] or match[3] or "")
        bare = "".join(plain.split()).lower()
        runs = bare.startswith(("javascript:", "vbscript:", "data:text/html"))
        if count < _MOST * 10 and runs and _in_tag(markup, match.start()):
            yield plain


def _in_tag(markup: str, at: int) -> bool:
    """Whether a place lies between the angle brackets of a tag."""
    before = markup[max(0, at - _TAG) : at]
    opened = before.rfind("<")
    tag = _ATTRIBUTE_TEXT.sub("", before[opened:]) if opened >= 0 else ""
    return tag[1:2].isalpha() and ">" not in tag


def theft(script: str) -> str | None:
    """What no report needs a script to do, as a sentence; ``None`` for any other script."""
    if len(script) > BUNDLE:
        return None
    source = _SOURCE.search(script.partition("\n")[0])
    if source is not None and suspicious_host(source[1]):
        return "comes from a suspicious host"
    return next((why for why, pattern in _COMPILED if pattern.search(script)), None)


def asks_for_password(markup: str) -> bool:
    """Whether a form sends a password to another host."""
    for count, match in enumerate(_FORM.finditer(markup)):
        if count >= _MOST_FORMS:
            break
        form = markup[match.start() : match.start() + _TAG].partition("</form")[0]
        if _OUTSIDE.search(form.partition(">")[0]) and _PASSWORD.search(form):
            return True
    return False


def without_quotes(text: str) -> str:
    """A page of Markdown without what it only shows: code blocks, code in a line, comments."""
    pieces = _QUOTED.sub(" ", _FENCE.sub(" ", text)).split("<!--")
    return pieces[0] + " ".join(piece.partition("-->")[2] for piece in pieces[1:])
