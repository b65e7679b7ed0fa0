"""Python code that comes with a model renders a template that runs code.

Template engines run expressions: in Jinja those that climb from any object to its globals, in
Mako and Tornado plain Python between marks. A template that stands in the code as a text is
read as what the engine would make of it.

Before: ``jinja2.Template("{{ x.__class__.__mro__[1].__subclasses__() }}").render()``.
After: ``jinja2.Template("Hello {{ name }}").render(name=name)``.

Sources: CWE-1336; CWE-94; documentation of Jinja, Mako and Tornado templates.
"""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, MalformedArtifactError, Rule, Severity
from modelkeep.formats.interface import MemorySource, Reading
from modelkeep.formats.jinja_text import Template
from modelkeep.formats.jinja_text import read as read_jinja
from modelkeep.formats.python_source import PythonSource, recover
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event, events_in
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_policy import RISKY, Act
from modelkeep.scan.python_values import flat

RULE: Final = Rule(
    id="PYC011",
    name="python-renders-code",
    summary="Code that comes with the model renders a template that runs code.",
    remedy="Do not load the model with its own code; render templates in a sandbox.",
    topic="artifact.malicious_code",
    tags=("CWE-1336", "CWE-94"),
)
_REACHING: Final = frozenset({"internal", "computed", "sink"})
_PYTHON: Final = re.compile(
    r"<%!?\s(?P<block>.*?)%>|\$\{(?P<value>.*?)\}|^[ \t]*%(?!%)[ \t]*(?P<line>[^\n]*)$"
    r"|\{%-?\s*(?P<mark>(?:import|from|set|raw)\b.*?)-?%\}|\{\{(?P<shown>.*?)\}\}",
    re.DOTALL | re.MULTILINE,
)
_LONGEST: Final = 1 << 18


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per template that reaches for more than values."""
    for event in acts(context, Act.TEMPLATE):
        text = flat(event.argument(0, "source"))[:_LONGEST]
        what = _python(text) if event.name.startswith(("mako", "tornado")) else None
        what = what or _jinja(text, context)
        if what is not None:
            severity = by_place(event, early=Severity.HIGH)
            yield report(context, RULE, event, severity, f"the template {what}")


def _jinja(text: str, context: Context) -> str | None:
    """What a Jinja template reaches, if it is one."""
    reading = Reading()
    with contextlib.suppress(MalformedArtifactError):  # what it reached before stays
        read_jinja(MemorySource(text.encode("utf-8", "replace")), context.budget, reading)
    if not isinstance(reading.document, Template):
        return None
    found = (e for e in reading.document.events if e.kind in _REACHING)
    return next((f"reaches {event.text!r}" for event in found), None)


def _python(text: str) -> str | None:
    """What the Python between the marks of a template does."""
    pieces: list[str] = []
    for match in _PYTHON.finditer(text):
        piece = next((group for group in match.groups() if group is not None), "")
        pieces.append(textwrap.dedent(piece).strip())
    code = "\n".join(piece for piece in pieces if piece)
    found: Iterator[Event] = iter(events_in(PythonSource(code, recover(code))))
    risky = next((event for event in found if event.act in RISKY), None)
    return None if risky is None else f"calls {risky.name}"


DETECTOR: Final = Detector(RULE, PYTHON, run)
