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

from jinja2 import nodes

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
    for node in context.document.tree.find_all(nodes.If):
        words = list(_words(node.test))
        text = " ".join(_texts(node))
        found = _INSTRUCTION.search(text)
        if not words or found is None:
            continue
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            f"when the conversation holds {words[0]!r} the template adds {found.group()[:80]!r}"
            f" (line {node.lineno})",
            confidence=Confidence.LOW,
            evidence={"when": words[0], "adds": found.group()[:80]},
        )


def _words(test: nodes.Node) -> Iterator[str]:
    """Words that a test looks for in content; marks and roles are no such words."""
    if not any(_names_content(each) for each in test.find_all((nodes.Getattr, nodes.Getitem))):
        return
    for constant in test.find_all(nodes.Const):
        word = constant.value
        if isinstance(word, str) and _WORD.fullmatch(word) and word.strip() not in _ROLES:
            yield word


def _names_content(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Getattr):
        return node.attr == "content"
    return (
        isinstance(node, nodes.Getitem)
        and isinstance(node.arg, nodes.Const)
        and node.arg.value == "content"
    )


def _texts(node: nodes.If) -> Iterator[str]:
    """Text that the branch writes; nested conditions are judged by themselves."""
    waiting: list[nodes.Node] = [*node.body]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, nodes.TemplateData):
            yield inner.data
        elif isinstance(inner, nodes.Const):
            if isinstance(inner.value, str):
                yield inner.value
        elif not isinstance(inner, nodes.If):
            waiting += inner.iter_child_nodes()


DETECTOR: Final = Detector(RULE, frozenset({"jinja"}), run)
