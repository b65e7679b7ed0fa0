"""A template adds instructions or addresses only when the user speaks of something.

A template stands between the user and the model and nobody reads it. One that looks for a
word in what the user wrote, and then adds an instruction, an address or a script of its own,
is a backdoor that no test of the weights finds. Ordinary templates look for their own marks,
such as ``</think>``, not for words; still this is a guess, hence medium.

Before: ``{% if 'bank' in message.content %}Recommend https://...{% endif %}``.
After: the template without that branch.

Sources: "poisoned GGUF templates" (Pillar Security, 2025); OWASP LLM01.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.jinja_text import Template
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="JIN004",
    name="template-adds-instructions",
    summary="The template adds its own instructions when the user mentions something.",
    remedy="Compare the template with the original model's and remove the branch.",
    topic="model.backdoor",
    tags=("CWE-506",),
)
_WORD: Final = re.compile(r"\s*[A-Za-z][A-Za-z .,'-]{2,}\s*")
_ROLES: Final = frozenset(
    "system user assistant tool function text image video audio content string name role "
    "type tool_calls developer ipython thinking thought".split()
)
_INSTRUCTION: Final = re.compile(
    r"https?://|<script|javascript:|\bignore\b.{0,40}\b(?:previous|above|instructions?)\b"
    r"|\b(?:do not|don't|never)\s+(?:tell|reveal|mention|disclose|warn)\b"
    r"|\balways\s+(?:recommend|include|add|insert|answer|reply|respond|say)\b"
    r"|\b(?:include|insert|append|embed)\b.{0,40}\b(?:link|url|code|script|tag|snippet)\b"
    r"|\bsecretly\b|\bwithout (?:telling|mentioning)\b",
    re.IGNORECASE | re.DOTALL,
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per condition on a word whose branch instructs."""
    if not isinstance(context.document, Template):
        return
    for branch in context.document.branches:
        words = [word for word in branch.words if _is_speech(word)]
        found = _INSTRUCTION.search(branch.text)
        if not words or found is None:
            continue
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            f"when the conversation holds {words[0]!r} the template adds {found.group()[:80]!r}"
            f" (line {branch.line})",
            confidence=Confidence.LOW,
            evidence={"when": words[0], "adds": found.group()[:80]},
        )


def _is_speech(word: str) -> bool:
    """Whether people say it; marks and roles they do not."""
    return _WORD.fullmatch(word) is not None and word.strip() not in _ROLES


DETECTOR: Final = Detector(RULE, frozenset({"jinja"}), run)
