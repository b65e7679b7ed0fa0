"""An ExecuTorch program needs kernels or backends that ExecuTorch does not have.

The runtime calls kernels by name and hands compiled parts to backends by name. Foreign
ones are native code that the application must link in; the program decides what they
are given. The program by itself cannot bring them.

Before: a program that calls ``mine::decode.out``.
After: the model lowered to the kernels and backends of ExecuTorch.

Sources: ExecuTorch documentation, "Kernel registration" and "Backend delegates"; CWE-829.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.executorch import ExecutorchProgram
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="EXE001",
    name="executorch-foreign-kernel",
    summary="The program needs kernels or backends from outside ExecuTorch.",
    remedy="Lower the model again without them, or review the library that brings them.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)
_NAMESPACES: Final = frozenset(
    """
    aten cadence cortex_m dim_order_ops et_copy et_vk executorch_prim llama prim quantized
    quantized_decomposed qnn rope sdpa torchao torchvision
    """.split()
)
_BACKENDS: Final = frozenset(
    """
    ArmBackend EthosUBackend VgfBackend CoreMLBackend CudaBackend AotiBackend MetalBackend
    EnnBackend MPSBackend MediaTekBackend NeuropilotBackend NXPBackend NeutronBackend
    OpenvinoBackend QnnBackend SamsungBackend VulkanBackend XnnpackBackend
    """.split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per distinct kernel or backend."""
    document = context.document
    if not isinstance(document, ExecutorchProgram):
        return
    for name, offset in dict(document.kernels).items():
        if name.partition("::")[0] not in _NAMESPACES:
            yield _finding(context, "kernel", name, offset)
    for name, offset in dict(document.backends).items():
        if name not in _BACKENDS:
            yield _finding(context, "backend", name, offset)


def _finding(context: Context, kind: str, name: str, offset: int) -> Finding:
    return context.finding(
        RULE,
        Severity.MEDIUM,
        f"{kind} {name[:200]!r} is native code from outside ExecuTorch",
        offset=offset,
        evidence={kind: name[:200]},
    )


DETECTOR: Final = Detector(RULE, frozenset({"executorch"}), run)
