"""A pickle would use a name in a way that is not proven safe.

A pickle is a program and loading it runs it: ``GLOBAL`` fetches any importable
callable and ``REDUCE`` calls it. Names are therefore denied unless the table lists them
for that use. A name that starts programs, loads code, opens files or sockets, or calls
what it is given is critical; a function nobody vetted is high. A class of one's own that
is only restored is no finding of this rule.

Before: ``torch.save(model, "m.pt")`` with a model class of your own.
After: ``safetensors.torch.save_file(model.state_dict(), "m.safetensors")``.

Sources: CPython documentation, "Restricting Globals"; PickleBall, arXiv 2508.15987; CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_events import PickleDocument
from modelkeep.formats.pickle_policy import Standing
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.pickle_names import Named, names

RULE: Final = Rule(
    id="PKL001",
    name="pickle-import-not-allowed",
    summary="Loading the pickle would use a name outside the allow-list.",
    remedy=(
        "Do not load the file. Ask its publisher for safetensors or ONNX; if you know the "
        "name and trust it, list it under [scan.pickle] allow in modelkeep.toml."
    ),
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct name whose worst use is not allowed."""
    if not isinstance(context.document, PickleDocument):
        return
    for named in names(context.document, context.allow):
        if named.severity is None or named.severity < Severity.HIGH:
            continue
        yield context.finding(
            RULE,
            named.severity,
            f"loading this file would {_act(named)} {named.name} ({named.chain})",
            offset=named.offset,
            evidence={"import": named.name},
        )


def _act(named: Named) -> str:
    if named.how == "import":
        return "import"
    return "run" if named.standing is Standing.DANGEROUS else "call"


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
