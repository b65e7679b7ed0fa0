"""A pickle needs classes or functions of a package to be loaded.

It only restores or refers to them, and nothing dangerous was found. But loading it runs the
code of that package as installed on the machine that loads it, and a model whose class lies
in somebody's script cannot be loaded without that script. This is told, it fails nothing.

Before: ``torch.save(model, "m.pt")`` with ``class Net`` in the training script.
After: ``torch.save(model.state_dict(), "m.pt")``, or safetensors.

Sources: CPython ``pickle.py`` (``find_class``); PyTorch, "Saving and Loading Models"; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_events import PickleDocument
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.pickle_names import names

RULE: Final = Rule(
    id="PKL006",
    name="pickle-needs-code",
    summary="Loading the pickle needs code that is not part of it.",
    remedy="Save a state dict or safetensors, or ship and review the code it needs.",
    topic="supply.dependency_vuln",
    tags=("CWE-829",),
)
_SHOWN: Final = 5


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per package that is needed."""
    if not isinstance(context.document, PickleDocument):
        return
    needed: dict[str, list[str]] = {}
    offsets: dict[str, int] = {}
    for named in names(context.document, context.allow):
        if named.severity is Severity.INFO:
            package = named.name.partition(".")[0]
            needed.setdefault(package, []).append(named.name)
            offsets.setdefault(package, named.offset)
    for package, classes in needed.items():
        more = f" and {len(classes) - _SHOWN} more" if len(classes) > _SHOWN else ""
        source = "the script that saved it" if package == "__main__" else package
        yield context.finding(
            RULE,
            Severity.INFO,
            f"needs code from {source}: {', '.join(classes[:_SHOWN])}{more}",
            offset=offsets[package],
            evidence={"package": package},
        )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
