"""TensorFlow graphs with operators that reach files or Python."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from corpus.opcodes import payload
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import (
    block,
    number,
)


def _text(key: str, text: str) -> bytes:
    """An AttrValue: a text, or a list of one where the attribute is a list."""
    return block(1, block(2, text)) if key.endswith("s") else block(2, text)


def _operator(kind: str, name: str = "n", *attributes: tuple[str, str]) -> bytes:
    """A TensorFlow NodeDef."""
    pairs = b"".join(
        block(5, block(1, key) + block(2, block(2, text))) for key, text in attributes
    )
    return block(1, name) + block(2, kind) + pairs


def _graph_def(*nodes: bytes, library: Iterable[bytes] = ()) -> bytes:
    functions = b"".join(block(1, block(1, block(1, "f")) + block(3, n)) for n in library)
    body = b"".join(block(1, n) for n in nodes) + block(4, number(1, 1500))
    return body + (block(2, functions) if functions else b"")


def _saved_model(graph_def: bytes) -> bytes:
    meta = block(1, block(4, "serve") + block(5, "2.21.0")) + block(2, graph_def)
    return number(1, 1) + block(2, meta)


def _tensorflow() -> Iterator[Sample]:
    made = Family("tensorflow", "TensorFlow operators")
    honest = [
        _operator("Placeholder", "x"),
        _operator("MatMul", "y"),
        _operator("Identity", "z"),
    ]
    path, url = ("descriptor_source", "/tmp/x.pb"), ("output_stream", "file:///tmp/x")
    kinds: dict[str, tuple[tuple[str, str], ...]] = {
        **dict.fromkeys(("ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "PyFuncStateless"), ()),
        **dict.fromkeys(("MatchingFiles", "RpcCall", "WholeFileReaderV2"), ()),
        "PrintV2": (url,), "DecodeProtoV2": (path,), "EncodeProto": (path,),
        **dict.fromkeys(("DebugIdentityV2", "DebugIdentity", "DebugNumericSummary"),
                        (("debug_urls", "file:///tmp/x"),)),
    }  # fmt: skip
    for number_, (kind, attributes) in enumerate(kinds.items()):
        data = _saved_model(_graph_def(*honest, _operator(kind, "bad", *attributes)))
        folder = {"saved_model.pb": data, "variables/variables.index": b"\0" * 8}
        if number_ % 3 == 1:
            yield made(f"operator-{kind.lower()}", "saved_model.pb", data)
        else:
            yield made(f"operator-{kind.lower()}", "model", folder)
    write = _operator("WriteFile", "w", ("shared_name", "/etc/cron.d/x"))
    yield made(
        "in-function-library",
        "model",
        {"saved_model.pb": _saved_model(_graph_def(*honest, library=[write]))},
    )
    yield made(
        "py-func-in-library",
        "model",
        {"saved_model.pb": _saved_model(_graph_def(library=[_operator("EagerPyFunc")]))},
    )
    yield made("frozen-graph", "frozen.pb", _graph_def(*honest, write))
    yield made(
        "frozen-graph-named-bin", "graph.bin", _graph_def(*honest, _operator("ReadFile", "r"))
    )
    yield made(
        "metagraph",
        "model.ckpt.meta",
        block(1, block(5, "1.15")) + block(2, _graph_def(*honest, write)),
    )
    yield made(
        "second-metagraph",
        "model",
        {
            "saved_model.pb": _saved_model(_graph_def(*honest))
            + block(2, block(2, _graph_def(write)))
        },
    )
    files = Family("tensorflow", "files beside a SavedModel")
    clean = _saved_model(_graph_def(*honest))
    elf = b"\x7fELF\2\1\1" + bytes(57)
    yield files(
        "library-in-assets", "model", {"saved_model.pb": clean, "assets.extra/ops.so": elf}
    )
    yield files(
        "pickle-in-assets",
        "model",
        {"saved_model.pb": clean, "assets/vocabulary.txt": payload()},
    )
    config = {
        "class_name": "Lambda",
        "config": {
            "name": "l",
            "function_type": "lambda",
            "function": ["4wAAAA==\n", None, None],
        },
    }
    text = json.dumps({"class_name": "Sequential", "config": {"layers": [config]}})
    keras = block(
        1,
        number(2, 1)
        + block(3, "root")
        + block(4, "_tf_keras_sequential")
        + block(5, json.dumps(json.loads(text))),
    )
    yield files(
        "keras-metadata", "model", {"saved_model.pb": clean, "keras_metadata.pb": keras}
    )
    yield files(
        "fingerprint-pickle", "model", {"saved_model.pb": clean, "fingerprint.pb": payload(4)}
    )
    yield files("cut", "saved_model.pb", clean[:-7], verdict=INCONCLUSIVE)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _tensorflow()
