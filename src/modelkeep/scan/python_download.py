"""Python code that comes with a model lets another machine decide what runs.

What is fetched and then executed, unpickled or written as a program is not part of what was
checked, and can change at any time. A connection that is opened while a model is loaded may be
a remote shell.

Before: ``builtins.exec(requests.get(URL).text)``.
After: the code in the repository, pinned by its revision.

Sources: CWE-494; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.hosts import suspicious_host
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_library import PROGRAM, retrieves_program
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_unpickle import is_safe
from modelkeep.scan.python_values import HUB, NETWORK, flat

RULE: Final = Rule(
    id="PYC004",
    name="python-runs-downloads",
    summary="Code that comes with the model runs or keeps what another machine sends.",
    remedy="Do not load the model with its own code; keep all code in the checked artifact.",
    topic="artifact.malicious_code",
    tags=("CWE-494", "CWE-829"),
)
_RUNS: Final = (Act.EXECUTE, Act.COMMAND, Act.UNPICKLE, Act.NATIVE, Act.BUILD)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per way from the network into the program."""
    for event in acts(context, *_RUNS):
        if event.act is Act.UNPICKLE and is_safe(event):
            continue
        if NETWORK in event.labels:
            sentence = f"{event.name} is given what was fetched from the network"
            yield report(context, RULE, event, by_place(event), sentence)
        elif HUB in event.labels and event.act in {Act.EXECUTE, Act.COMMAND}:
            sentence = f"{event.name} runs a file of another repository"
            yield report(context, RULE, event, by_place(event, early=Severity.HIGH), sentence)
    for event in acts(context, Act.WRITE, Act.REQUEST):
        if _stores_program(event):
            severity = by_place(event, early=Severity.HIGH)
            yield report(context, RULE, event, severity, "a program is fetched and stored")
        elif event.act is Act.REQUEST and suspicious_host(flat(event.argument(0, "url"))):
            severity = by_place(event, early=Severity.HIGH)
            yield report(context, RULE, event, severity, f"{event.name} asks a suspicious host")
    for event in acts(context, Act.CONNECT):
        severity = by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
        yield report(context, RULE, event, severity, f"{event.name} opens a connection")


def _stores_program(event: Event) -> bool:
    if event.act is Act.WRITE:
        return NETWORK in event.labels and bool(PROGRAM.search(event.receiver.text))
    return retrieves_program(event)


DETECTOR: Final = Detector(RULE, PYTHON, run)
