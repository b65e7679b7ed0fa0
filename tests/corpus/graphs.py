"""ONNX, TensorFlow and other graphs, GGUF and safetensors that reach outside or lie."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterable, Iterator

from corpus.opcodes import payload
from corpus.pickle_disguise import gz
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import (
    block,
    graph,
    node,
    number,
    onnx_of,
    outside,
    polyglot,
    safetensors_of,
    tensor,
    zip_of,
)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _onnx()
    yield from _tensorflow()
    yield from _gguf()
    yield from _safetensors()


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
        "function": onnx_of(rest=function),
        "graphs-list": onnx_of(nodes=[node("If", "", block(5, block(1, "b") + block(11, inner)))]),
        "tensors-list": onnx_of(nodes=[node("X", "", block(5, block(1, "b") + block(10, bad)))]),
        "sparse": onnx_of(rest=block(7, block(15, block(1, bad)))),
        "training": onnx_of(rest=block(20, block(1, inner))),
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
                 {"model.onnx": onnx_of(tensors=[outside("w.bin")]), "other.bin": bytes(64)},
                 source="CVE-2026-34446", hard_links={"w.bin": "other.bin"})  # fmt: skip
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
        onnx_of(rest=block(25, block(1, "f") + block(7, node("PyOp", "ai.onnx.contrib")))),
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
    yield hidden("pickle-behind", "model.onnx", onnx_of(nodes=[node("Relu")]) + payload())
    yield hidden(
        "cut", "model.onnx", onnx_of(nodes=[node("Relu")] * 30)[:-40], verdict=INCONCLUSIVE
    )


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
    kinds = ("ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "PyFuncStateless", "MatchingFiles", "PrintV2",
             "DebugIdentityV2", "DebugIdentity", "DebugNumericSummary", "DecodeProtoV2", "MergeV2Checkpoints", "Save",
             "SaveSlices", "LoadDataset", "GeneratorDataset", "RemoteCall", "RpcCall", "WholeFileReaderV2",
             "FixedLengthRecordReader", "TextLineDataset", "TFRecordDataset")  # fmt: skip
    for number_, kind in enumerate(kinds):
        data = _saved_model(_graph_def(*honest, _operator(kind, "bad")))
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


def gguf_text(text: str) -> bytes:
    """A string."""
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf_of(
    pairs: dict[str, str],
    *,
    tensors: bytes = b"",
    count: int = 0,
    keys: int | None = None,
    version: int = 3,
) -> bytes:
    """A GGUF file with texts as metadata."""
    body = b"".join(
        gguf_text(key) + struct.pack("<I", 8) + gguf_text(text) for key, text in pairs.items()
    )
    number_ = len(pairs) if keys is None else keys
    head = b"GGUF" + struct.pack("<IQQ", version, count, number_)
    data = head + body + tensors
    return data + bytes(-len(data) % 32)


TEMPLATES = {
    "plain": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('true').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('true').read() }}",
    "attr-filter": "{{ ''|attr('__class__')|attr('__mro__') }}",
    "concatenated": "{{ ''['__cla' + 'ss__']['__m' ~ 'ro__'] }}",
    "joined": "{{ ''[['__cla','ss__']|join] }}",
    "reversed": "{{ ''['__ssalc__'|reverse] }}",
    "escaped": "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "formatted": "{{ ''['%s%s%s'|format('__','class','__')] }}",
    "replaced": "{{ ''['__clXass__'|replace('X','')] }}",
    "set-variable": "{% set a = '__class__' %}{{ ''[a] }}",
    "set-pieces": "{% set u = '_' * 2 %}{{ ''[u ~ 'class' ~ u] }}",
    "lower": "{{ ''['__CLASS__'|lower] }}",
    "slice": "{{ ''['x__class__x'[1:-1]] }}",
    "macro": "{% macro m(x) %}{{ x.__globals__ }}{% endmacro %}{{ m(lipsum) }}",
    "for-loop": "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "if-block": "{% if messages.__init__.__globals__ %}x{% endif %}",
    "namespace": "{{ namespace.__init__.__globals__['__builtins__']['eval']('1') }}",
    "joiner": "{{ joiner.__init__['__glo' 'bals__'].os }}",
    "self": "{{ self.__init__.__globals__ }}",
    "map-attribute": "{{ messages|map(attribute='__class__')|list }}",
    "mapped-attr": "{{ [lipsum]|map('attr','__globals__')|list }}",
    "request": "{{ url_for.__globals__.current_app }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as o %}{{ o }}",
}


def _gguf() -> Iterator[Sample]:
    made = Family("gguf", "template injection", "CVE-2024-34359")
    base = {"general.architecture": "llama", "general.name": "m"}
    for title, template in TEMPLATES.items():
        text = "{% for message in messages %}{{ message.content }}{% endfor %}" + template
        yield made(
            f"template-{title}",
            "model.gguf",
            gguf_of({**base, "tokenizer.chat_template": text}),
        )
    bad = TEMPLATES["cycler"]
    yield made(
        "template-named",
        "model.gguf",
        gguf_of({**base, "tokenizer.chat_template.tool_use": bad}),
    )
    yield made(
        "template-rerank",
        "model.gguf",
        gguf_of({**base, "tokenizer.chat_template": bad}),
        source="CVE-2026-5760",
    )
    yield made(
        "template-named-bin", "model.bin", gguf_of({**base, "tokenizer.chat_template": bad})
    )
    yield made(
        "template-version-2",
        "model.gguf",
        gguf_of({**base, "tokenizer.chat_template": bad}, version=2),
    )
    yield made("template-duplicate", "model.gguf", gguf_of({**base, "tokenizer.chat_template": bad}, keys=4)[: -32]
               + gguf_text("tokenizer.chat_template") + struct.pack("<I", 8) + gguf_text("{{ 1 }}") + bytes(32))  # fmt: skip
    yield made("template-in-gz", "model.gguf.gz", gz(gguf_of({"tokenizer.chat_template": bad})))
    lies = Family("gguf", "overflow of counts, lengths and dimensions")

    def tensor_info(name: str, dims: list[int], offset: int = 0, kind: int = 0) -> bytes:
        shape = struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
        return gguf_text(name) + shape + struct.pack("<IQ", kind, offset)

    yield lies("count-of-keys", "model.gguf", gguf_of(base, keys=2**63))
    yield lies("count-of-tensors", "model.gguf", gguf_of(base, count=2**62))
    yield lies(
        "length-of-key",
        "model.gguf",
        b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**64 - 1) + b"abc",
    )
    yield lies(
        "length-of-text",
        "model.gguf",
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + gguf_text("a")
        + struct.pack("<IQ", 8, 2**63)
        + b"x",
    )
    yield lies(
        "length-of-array",
        "model.gguf",
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + gguf_text("a")
        + struct.pack("<IIQ", 9, 0, 2**63),
    )
    yield lies(
        "dimensions",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [2**32, 2**32]), count=1),
    )
    yield lies(
        "dimensions-product",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [2**62, 4]), count=1) + bytes(64),
    )
    yield lies(
        "offset",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [8], 2**63), count=1) + bytes(64),
    )
    yield lies(
        "overlap",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("a", [8]) + tensor_info("b", [8]), count=2)
        + bytes(64),
    )
    yield lies(
        "too-many-dimensions",
        "model.gguf",
        gguf_of(base, tensors=tensor_info("w", [1] * 64), count=1) + bytes(64),
    )
    yield lies("cut", "model.gguf", gguf_of(base)[:-40], verdict=INCONCLUSIVE)


def _safetensors() -> Iterator[Sample]:
    made = Family("safetensors", "structural lies")
    honest = {"a": tensor(0, 4), "b": tensor(4, 8)}
    long = struct.pack("<Q", 2**63) + b"{}"
    bodies = {
        "length-bomb": long, "length-beyond-end": struct.pack("<Q", 5000) + b'{"a":1}' + bytes(9),
        "out-of-bounds": safetensors_of({"a": tensor(0, 400)}, bytes(8)),
        "overlap": safetensors_of({"a": tensor(0, 6), "b": tensor(4, 8)}, bytes(8)),
        "overlap-all": safetensors_of({"a": tensor(0, 8), "b": tensor(0, 8)}, bytes(8)),
        "hole": safetensors_of({"a": tensor(0, 2), "b": tensor(6, 8)}, b"xxhidexx"),
        "hole-at-start": safetensors_of({"a": tensor(4, 8)}, bytes(8)),
        "tail": safetensors_of(honest, bytes(8) + b"hidden after the tensors"),
        "tail-pickle": safetensors_of(honest, bytes(8) + payload()),
        "tail-zip": safetensors_of(honest, bytes(8) + zip_of({"x.pkl": payload()})),
        "duplicate-key": safetensors_of('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}', bytes(8)),
        "duplicate-escaped": safetensors_of('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\\u0061":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}', bytes(8)),
        "negative-offset": safetensors_of({"a": tensor(-4, 4)}, bytes(8)),
        "reversed-offsets": safetensors_of('{"a":{"dtype":"U8","shape":[0],"data_offsets":[8,0]}}', bytes(8)),
        "shape-lies": safetensors_of({"a": {"dtype": "F32", "shape": [100], "data_offsets": [0, 8]}}, bytes(8)),
        "shape-overflow": safetensors_of({"a": {"dtype": "U8", "shape": [2**32, 2**32], "data_offsets": [0, 0]}}),
        "polyglot-pickle": polyglot(),
    }  # fmt: skip
    loud = {"out-of-bounds", "length-beyond-end"}
    for title, data in bodies.items():
        yield made(
            title, "model.safetensors", data, verdict=INCONCLUSIVE if title in loud else "fail"
        )
    meta = Family("safetensors", "metadata")
    for title, text in {
        "template": TEMPLATES["cycler"],
        "template-hidden": TEMPLATES["set-pieces"],
    }.items():
        data = safetensors_of({"__metadata__": {"chat_template": text}, **honest}, bytes(8))
        yield meta(f"metadata-{title}", "model.safetensors", data)
    config = json.dumps({"_target_": "os.system", "command": "true"})
    yield meta(
        "metadata-target",
        "model.safetensors",
        safetensors_of({"__metadata__": {"config": config}, **honest}, bytes(8)),
    )
    depth = '{"__metadata__":' + '{"a":' * 50_000 + "1" + "}" * 50_001
    yield meta(
        "metadata-depth-bomb", "model.safetensors", safetensors_of(depth), verdict=INCONCLUSIVE
    )
    yield meta(
        "cut", "model.safetensors", safetensors_of(honest, bytes(8))[:40], verdict=INCONCLUSIVE
    )
