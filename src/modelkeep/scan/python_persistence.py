"""Python code that comes with a model plants itself where it runs again, or destroys files.

Shell profiles, ``authorized_keys``, ``crontab``, services, ``site-packages`` and import hooks
outlive the process that loaded the model. Builtins that are replaced change every other
program in it.

Before: ``open(os.path.expanduser("~/.bashrc"), "a").write(LINE)``.
After: the file without the call.

Sources: CWE-506; MITRE ATT&CK T1546, T1053, T1098.004.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_policy import STARTUP_PLACES, Act
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import SITE, UNKNOWN, flat

RULE: Final = Rule(
    id="PYC006",
    name="python-plants-itself",
    summary="Code that comes with the model changes the machine or the interpreter for good.",
    remedy="Do not load the model with its own code; if it ran, rebuild the machine.",
    topic="artifact.malicious_code",
    tags=("CWE-506",),
)
_ROOTS: Final = re.compile(r"^(/|~/?|/home/?|/root/?|/\*|C:\\?|\$HOME/?)$")
_ABSOLUTE: Final = re.compile(r"^(?!/tmp/|/var/tmp/|/dev/shm/)(?:/|~|[A-Za-z]:\\)\w")
"""A fixed place of the machine that is no place for temporary files."""
_PLANTED: Final = re.compile(
    r"(?:^|\s)(?:/tmp|/var/tmp|/dev/shm)\b|\.(?:zip|egg|whl|bin|pt|pkl)$"
)
"""Where others can write, or a file that is no folder."""
_TRACERS: Final = frozenset(
    "sys.settrace sys.setprofile threading.settrace threading.setprofile".split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per lasting change."""
    for event in acts(context, Act.OPEN, Act.WRITE, Act.COPY):
        place = _written(event)
        if place is not None:
            severity = by_place(event)
            yield report(context, RULE, event, severity, f"{event.name} writes to {place!r}")
    for event in acts(context, Act.HOOK):
        if event.name.startswith("sys.path."):
            paths = " ".join(map(flat, event.args))
            if _PLANTED.search(paths):
                severity = by_place(event, early=Severity.HIGH, late=Severity.MEDIUM)
                yield report(context, RULE, event, severity, f"modules come from {paths!r}")
            continue
        if event.name == "sys.meta_path.append":  # asked only when nobody else has the module
            yield report(context, RULE, event, Severity.MEDIUM, "imports are answered")
            continue
        late = Severity.MEDIUM if event.name in _TRACERS else Severity.HIGH
        severity = by_place(event, early=Severity.HIGH, late=late)
        yield report(context, RULE, event, severity, f"{event.name} is changed or hooked")
    for event in acts(context, Act.DELETE):
        path = event.argument(0, "path")
        place = path.constant if isinstance(path.constant, str) else path.text
        absolute = event.name == "shutil.rmtree" and _ABSOLUTE.match(place)
        early = event.place in {Place.IMPORT, Place.LOADED}
        if _ROOTS.match(place) or (absolute and early):
            yield report(context, RULE, event, by_place(event), f"{place!r} is deleted")


def _written(event: Event) -> str | None:
    """The start-up place an event writes to, if it is one."""
    if event.act is Act.OPEN:
        own = event.name.startswith("pathlib.")  # the path is what the method is called on
        mode = flat(event.argument(0 if own else 1, "mode"))
        path = event.receiver if own else event.argument(0, "file")
        if event.name == "os.open":
            flags = event.argument(1, "flags")
            if flags is UNKNOWN or flags.dotted == "os.O_RDONLY":
                return None
        elif not set("wax+") & set(mode) or "O_" in mode:
            return None
    elif event.act is Act.COPY:
        path = event.argument(1, "dst")
    else:
        path = event.receiver
    text = (flat(path) or path.text).lower()
    if SITE in path.labels:
        return text or "site-packages"
    return text if any(place in text for place in STARTUP_PLACES) else None


DETECTOR: Final = Detector(RULE, PYTHON, run)
