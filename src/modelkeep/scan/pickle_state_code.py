"""A pickle brings the text that an instance runs when it gets its state.

The distributions of SciPy keep a few lines of Python in their state and execute them while
they are restored (``rv_generic.__setstate__``). Savers only ever write three definitions
there; anything else in their place is code of the file's author.

Before: a frozen ``scipy.stats.norm`` whose ``_parse_arg_template`` was edited.
After: the parameters of the distribution stored as numbers.

Sources: SciPy ``scipy/stats/_distn_infrastructure.py`` (``_attach_argparser_methods``); CWE-94.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument, Result, Use
from modelkeep.formats.pickle_policy import executed, inner_uses, runs_its_state
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL009",
    name="pickle-state-is-code",
    summary="The pickle gives an instance a state that its class runs.",
    remedy="Do not load the file; store the parameters of the distribution as numbers.",
    topic="artifact.malicious_code",
    tags=("CWE-94", "CWE-502"),
)
# Up to release 1.5 the state was what the constructor is given, and no text.
_CONSTRUCTED: Final = frozenset({"momtype", "badvalue", "longname"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per class whose state is not what savers write."""
    if not isinstance(context.document, PickleDocument):
        return
    events = [event for event in context.document.events if isinstance(event, Use)]
    rebuilt = any(map(_rebuilds_one, events))
    seen: set[str] = set()
    for event in events:
        name = event.target.dotted
        if event.how == "build" and name not in seen and _is_code(event, rebuilt=rebuilt):
            seen.add(name)
            yield context.finding(
                RULE,
                Severity.CRITICAL,
                f"BUILD would make what {name} returned run a text of this file",
                offset=event.offset,
                evidence={"target": name},
            )


def _rebuilds_one(use: Use) -> bool:
    """Whether a call such as copyreg's makes an instance of a class that runs its state."""
    return isinstance(use.target, Import) and any(
        isinstance(argument, Import) and inner == "newobj" and runs_its_state(argument.dotted)
        for argument, inner in zip(use.arguments, inner_uses(use.target.dotted), strict=False)
    )


def _is_code(use: Use, *, rebuilt: bool) -> bool:
    present = [expression for key, expression in executed().items() if key in use.keys]
    if present:
        return not all(
            isinstance(text, str) and expression.fullmatch(text)
            for text, expression in zip(use.arguments, present, strict=True)
        )
    callee = use.target.callee if isinstance(use.target, Result) else None
    if not isinstance(callee, Import):
        return False
    if runs_its_state(callee.dotted):
        return not _CONSTRUCTED.issubset(use.keys)
    return rebuilt and bool(inner_uses(callee.dotted)) and "?" in (use.keys or ("?",))


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
