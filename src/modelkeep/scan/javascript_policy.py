"""What JavaScript does that no page of a package needs: data, not logic.

Most of it is bundled and minified: megabytes without a line break in which the words of a
shell turn up by chance. So it has a table of its own, of patterns that look only a few
characters far.

Sources: reports on malicious packages of npm; Node.js documentation of ``child_process``;
Windows Script Host reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Severity
from modelkeep.scan.hosts import suspicious_host

_TABLE: Final = (
    (
        Severity.CRITICAL,
        "decodes text and runs it",
        (
            r"\b(?:eval|Function)\s*\(\s*(?:window\.)?(?:atob|unescape|String\.fromCharCode"
            r"|Buffer\.from)\s*\("
        ),
    ),
    (
        Severity.CRITICAL,
        "reaches for the machine through Windows Script Host",
        r"WScript\s*\.\s*Shell|ActiveXObject\s*\(\s*['\"](?:WScript|Shell|ADODB|Scripting)\.",
    ),
    (
        Severity.HIGH,
        "sends the environment away",
        r"JSON\.stringify\(\s*process\.env\s*\)|\bfetch\([^\n;]{0,200}\bprocess\.env\s*[,})]",
    ),
    (
        Severity.HIGH,
        "starts programs from a script for a browser or Node",
        (
            r"\brequire\(\s*['\"](?:node:)?child_process['\"]\s*\)"
            r"|\bfrom\s*['\"](?:node:)?child_process['\"]|\bprocess\.binding\("
        ),
    ),
)
_COMPILED: Final = tuple((how, why, re.compile(pattern)) for how, why, pattern in _TABLE)
_ADDRESS: Final = re.compile(r"https?://[^\s'\"`<>\\)]{4,200}")
_AROUND: Final = 100


def judge_javascript(text: str) -> Iterator[tuple[Severity, str, str]]:
    """What a script would do, each as severity, sentence and what stands there."""
    for severity, why, pattern in _COMPILED:
        found = pattern.search(text)
        if found is not None:
            yield severity, why, text[found.start() : found.start() + _AROUND]
    for address in _ADDRESS.finditer(text):
        if suspicious_host(address[0].partition("?")[0]):
            yield Severity.HIGH, "speaks to a suspicious host", address[0]
            return
