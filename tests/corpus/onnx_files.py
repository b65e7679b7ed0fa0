"""ONNX models with data elsewhere or operators of their own."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import (
    block,
    graph,
    node,
    number,
    onnx_of,
    outside,
    zip_of,
)


def _onnx() -> Iterator[Sample]:
    made = Family("onnx", "ONNX external data")
    paths = {
        "up": ("../../../etc/passwd", "CVE-2022-25882"), "inner-up": ("a/../../../etc/passwd", "CVE-2024-27318"),
        "absolute": ("/etc/passwd", "CVE-2022-25882"), "home": ("~/.ssh/id_rsa", ""),
        "backslash": ("..\\..\\secret.txt", "CVE-2025-51480"), "drive": ("C:\\Windows\\win.ini", ""),
        "unc": ("\\\\127.0.0.1\\share\\x", ""), "url": ("file:///etc/passwd", ""), "dot-up": ("./../x", "CVE-2024-27318"),
        "nul": ("w.bin\0/../../x", ""), "proc": ("/proc/self/environ", ""),
    }  # fmt: skip
    for title, (path, source) in paths.items():
        yield made(
            f"external-{title}", "model.onnx", onnx_of(tensors=[outside(path)]), source=source
        )
    bad = outside("../../etc/passwd")
    inner = graph(tensors=[bad])
    attribute = block(5, block(1, "value") + block(5, bad) + number(20, 4))
    nested = block(5, block(1, "then_branch") + block(6, inner) + number(20, 5))
    function = block(25, block(1, "f") + block(7, node("Constant", "", attribute)))
    places = {
        "attribute": onnx_of(nodes=[node("Constant", "", attribute)]),
        "subgraph": onnx_of(nodes=[node("If", "", nested)]),
        "subgraph-deep": onnx_of(nodes=[node("Loop", "", block(5, block(1, "body") + block(6, graph(nodes=[node("If", "", nested)])) + number(20, 5)))]),
        "function": onnx_of(nodes=[node("Relu")], rest=function),
        "graphs-list": onnx_of(nodes=[node("If", "", block(5, block(1, "b") + block(11, inner)))]),
        "tensors-list": onnx_of(nodes=[node("X", "", block(5, block(1, "b") + block(10, bad)))]),
        "sparse": onnx_of(rest=block(7, block(15, block(1, bad)))),
        "training": onnx_of(nodes=[node("Relu")], rest=block(20, block(1, inner))),
        "second-graph": onnx_of(nodes=[node("Relu")], rest=block(7, inner)),
    }  # fmt: skip
    for title, data in places.items():
        yield made(f"external-in-{title}", "model.onnx", data)
    pair = block(13, block(1, "checksum") + block(2, "x")) + block(
        13, block(1, "offset") + block(2, "-1")
    )
    keyed = block(13, block(1, "__class__") + block(2, "os.system")) + block(
        13, block(1, "_load") + block(2, "x")
    )
    fine = outside("w.bin")
    yield made(
        "external-attribute-injection",
        "model.onnx",
        onnx_of(tensors=[fine + keyed]),
        source="CVE-2026-34445",
    )
    yield made("external-negative-offset", "model.onnx", onnx_of(tensors=[fine + pair]))
    yield made(
        "external-two-locations",
        "model.onnx",
        onnx_of(tensors=[fine + block(13, block(1, "location") + block(2, "../x"))]),
    )
    yield made(
        "external-symlink",
        "model",
        {"model.onnx": onnx_of(tensors=[fine])},
        links={"w.bin": "/etc/passwd"},
        source="CVE-2026-27489",
    )
    yield Sample("external-hard-link", "onnx", "ONNX external data", "model",
                 {"model.onnx": onnx_of(tensors=[outside("w.bin")]), "../other.bin": bytes(64)},
                 source="CVE-2026-34446", hard_links={"w.bin": "../other.bin"})  # fmt: skip
    custom = Family("onnx", "ONNX custom operators")
    for title, (kind, domain) in {
        "py-op": ("PyOp", "ai.onnx.contrib"), "python-op": ("PythonOp", "com.microsoft"), "py-func": ("PyCustomOp", "ai.onnx.contrib"),
        "custom-domain": ("RunShell", "evil.ops"), "python-domain": ("PyOp", "python"),
    }.items():  # fmt: skip
        yield custom(
            f"operator-{title}", "model.onnx", onnx_of(nodes=[node("Relu"), node(kind, domain)])
        )
    yield custom(
        "operator-in-function",
        "model.onnx",
        onnx_of(
            nodes=[node("Relu")],
            rest=block(25, block(1, "f") + block(7, node("PyOp", "ai.onnx.contrib"))),
        ),
    )
    yield custom(
        "operator-in-subgraph",
        "model.onnx",
        onnx_of(
            nodes=[
                node(
                    "If",
                    "",
                    block(5, block(1, "b") + block(6, graph(nodes=[node("PythonOp", "x")]))),
                )
            ]
        ),
    )
    library = block(14, block(1, "ep_context_library") + block(2, "/tmp/x.so"))
    yield custom(
        "metadata-library",
        "model.onnx",
        onnx_of(
            nodes=[
                node(
                    "EPContext",
                    "com.microsoft",
                    block(
                        5,
                        block(1, "ep_cache_context") + block(4, "../../x.bin") + number(20, 3),
                    ),
                )
            ],
            rest=library,
        ),
    )
    hidden = Family("onnx", "polyglot")
    yield hidden("named-bin", "model.bin", onnx_of(tensors=[bad]))
    yield hidden(
        "in-zip",
        "model.zip",
        zip_of({"model.onnx": onnx_of(tensors=[bad])}, method=zipfile.ZIP_DEFLATED),
    )
    yield hidden(
        "cut", "model.onnx", onnx_of(nodes=[node("Relu")] * 30)[:-40], verdict=INCONCLUSIVE
    )


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _onnx()
