"""A template reaches for Python's internals.

A chat template is run at every request. Where the server renders it without a sandbox, any
value in it leads to its class, from there to all classes and their modules, and so to a
shell. The template is folded first, so names put together from pieces, reversed, formatted
or fetched with ``|attr`` count like names written out. A name that cannot be known and is
made of such pieces is reported too: no chat template needs one.

Before: ``{{ x['__cla' ~ 'ss__'] }}``.
After: ``{{ message['role'] }}``.

Sources: CVE-2024-34359 (llama-cpp-python), CVE-2026-5760 (SGLang), CWE-1336.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.jinja_text import Template
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="JIN001",
    name="template-reaches-internals",
    summary="The template reaches Python objects through which any code can be run.",
    remedy="Use the template of the original model; never render this one outside a sandbox.",
    topic="artifact.malicious_code",
    tags=("CWE-1336", "CWE-94"),
)
_MESSAGES: Final = {
    "internal": "the template reaches {text!r}",
    "computed": "the template computes {text} from pieces of internal names or unknown values",
    "sink": "the template calls {text!r}",
}


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per name; critical if the template also starts a program."""
    if not isinstance(context.document, Template):
        return
    events = context.document.events
    reaches = any(event.kind in ("internal", "computed") for event in events)
    starts = any(event.kind in ("sink", "runs") for event in events)
    severity = Severity.CRITICAL if reaches and starts else Severity.HIGH
    seen: set[tuple[str, str]] = set()
    for event in events:
        message = _MESSAGES.get(event.kind)
        if message is None or (event.kind, event.text) in seen:
            continue
        seen.add((event.kind, event.text))
        yield context.finding(
            RULE,
            severity,
            f"{message.format(text=event.text)} (line {event.line})",
            confidence=Confidence.MEDIUM if event.kind == "computed" else Confidence.HIGH,
            evidence={"kind": event.kind, "name": event.text},
        )


DETECTOR: Final = Detector(RULE, frozenset({"jinja"}), run)
