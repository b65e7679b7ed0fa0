"""The licence of the model restricts its use, or none is stated.

Weights are covered by what their publisher allows. Some licences forbid commercial use, some
ask for the same licence of what is built on them, some set terms of their own. Without one
nothing is allowed. This is worth knowing before a model is used, and says nothing of safety.

Before: a model card without ``license:``.
After: a model card with the SPDX name of the licence.

Sources: SPDX licence list; model card metadata of the Hugging Face hub; CWE-1357.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats import gguf, safetensors
from modelkeep.formats.tree import Tree
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="LIC001",
    name="licence-restricts-use",
    summary="The licence forbids or conditions some uses, or is not stated.",
    remedy="Read the licence, or ask the publisher for one, before the model is used.",
    topic="supply.dependency_vuln",
    tags=("CWE-1357",),
)
_CARD: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?---\r?\n(.{0,65536}?)\r?\n---\s", re.DOTALL)
_LINE: Final = re.compile(rb"^licen[cs]e:[ \t]*[\"']?([\w.+() -]{1,100})", re.MULTILINE)
_LISTED: Final = re.compile(
    rb"^licen[cs]e:[ \t]*\r?\n[ \t]*-[ \t]*[\"']?([\w.+-]{1,100})", re.MULTILINE
)
_KINDS: Final = (
    (
        re.compile(r"(?i)\bnc\b|non-?commercial|research|-nc-|mnpl|academic"),
        "forbids commercial use",
    ),
    (
        re.compile(r"(?i)^(?:a|l)?gpl|-sa-|\bsa\b|eupl|mpl-2|osl-3|cc-by-sa"),
        "asks for the same licence",
    ),
    (
        re.compile(
            r"(?i)llama|gemma|openrail|bigscience|bigcode|falcon|qwen|deepseek|tongyi|grok|yi-"
        ),
        "sets terms of its own",
    ),
    (re.compile(r"(?i)^(?:unknown|other|unlicensed?|proprietary|none)$"), "is not a known one"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield a finding if the stated licence conditions use, or a model card states none."""
    licence = _stated(context)
    if licence is None:
        return
    why = next((what for form, what in _KINDS if form.search(licence)), None)
    if not licence:
        why = "is not stated in the model card"
    if why is not None:
        named = f"licence {licence!r}" if licence else "the licence"
        yield context.finding(
            RULE, Severity.INFO, f"{named} {why}", evidence={"licence": licence}
        )


def _stated(context: Context) -> str | None:
    """The licence, empty if a model card names none, ``None`` if this is no place for one."""
    document = context.document
    if isinstance(document, gguf.Model):
        return _text(document.metadata.get("general.license"))
    if isinstance(document, safetensors.Header):
        values = document.metadata
        return _text(values.get("license") or values.get("modelspec.license"))
    name = context.location.path.rpartition("/")[2].lower()
    if name.startswith("readme") and context.location.member is None:
        return _card(context.source.read(0, 1 << 17))
    if isinstance(document, Tree) and isinstance(document.value, dict):
        return _text(document.value.get("license") or document.value.get("licence"))
    return None


def _text(value: object) -> str | None:
    return value.strip()[:100] if isinstance(value, str) and value.strip() else None


def _card(head: bytes) -> str | None:
    card = _CARD.match(head)
    if card is None:
        return None
    found = _LINE.search(card.group(1)) or _LISTED.search(card.group(1))
    return found.group(1).decode("ascii", "replace").strip() if found else ""


DETECTOR: Final = Detector(
    RULE, frozenset({"text", "yaml", "json", "gguf", "safetensors", "markdown"}), run
)
