"""A pickle would import a name that is not on the allow-list.

A pickle is a program and loading it runs it: ``GLOBAL`` fetches any importable
callable and ``REDUCE`` calls it. Names are therefore denied unless listed. A
name from a module that starts programs, loads code or opens sockets is critical.

Before: ``torch.save(model, "m.pt")`` with a model class of your own.
After: ``safetensors.torch.save_file(model.state_dict(), "m.safetensors")``.

Sources: CPython documentation, "Restricting Globals"; CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument, Use
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL001",
    name="pickle-import-not-allowed",
    summary="Loading the pickle would import a name outside the allow-list.",
    remedy=(
        "Do not load the file. Ask its publisher for safetensors or ONNX; if you know the "
        "name and trust it, list it under [scan.pickle] allow in modelkeep.toml."
    ),
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct name that is not allowed."""
    if not isinstance(context.document, PickleDocument):
        return
    uses: dict[str, str] = {}
    for event in context.document.events:
        if isinstance(event, Use):
            uses.setdefault(event.target.dotted, event.how)
    seen: set[str] = set()
    for event in context.document.events:
        if not isinstance(event, Import) or not event.resolved:
            continue
        name = event.dotted
        known = standing(name)
        if name in seen or known is Standing.SAFE or name in context.allow:
            continue
        seen.add(name)
        reaches = known is Standing.DANGEROUS
        how = uses.get(name)
        chain = event.opcode + (f" -> {how.upper()}" if how else "")
        act = "run" if how and reaches else "import"
        yield context.finding(
            RULE,
            Severity.CRITICAL if reaches else Severity.HIGH,
            f"loading this file would {act} {name} ({chain})",
            offset=event.offset,
            evidence={"import": name},
        )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
