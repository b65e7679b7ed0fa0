"""A Caffe network has a layer that is Python code.

The layer names a module and a class. Caffe imports that module when the network is
built, from wherever Python finds it, the model's own folder included, and runs it.

Before: ``type: "Python"  python_param { module: "os" layer: "system" }``.
After: a network of Caffe's own layers.

Sources: Caffe, ``python_layer.hpp``; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.caffe_model import CaffeNetwork
from modelkeep.formats.pickle_policy import Standing, standing
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="CAF001",
    name="caffe-python-layer",
    summary="Building the network imports a Python module that it names.",
    remedy="Replace the Python layer by a layer of Caffe, or review the module it imports.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per Python layer."""
    if not isinstance(context.document, CaffeNetwork):
        return
    for layer in context.document.layers:
        if layer.kind != "Python" and not layer.module:
            continue
        dotted = f"{layer.module}.{layer.layer}"
        worst = standing(dotted) is Standing.DANGEROUS
        yield context.finding(
            RULE,
            Severity.CRITICAL if worst else Severity.HIGH,
            f"layer {layer.name[:200]!r} imports {dotted[:200]!r}",
            offset=layer.offset,
            evidence={"layer": layer.name[:200], "import": dotted[:200]},
        )


DETECTOR: Final = Detector(RULE, frozenset({"caffe model", "caffe text"}), run)
