"""Pickles that carry their payload as bytes for a loader, and pickles made to exhaust."""

from __future__ import annotations

import base64
import codecs
import marshal
import pickle
import struct
import zlib
from collections.abc import Iterator

from corpus.opcodes import (
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    POP,
    STOP,
    Code,
    Name,
    build,
    call,
    instance,
    name,
    payload,
    pickle_of,
    proto,
    system,
    unicode32,
    value,
)
from corpus.sample import INCONCLUSIVE, Family, Sample

GROUP = "pickle-evasion"
_NESTED = Family(GROUP, "nested payload")
_ENCODED = Family(GROUP, "encoded payload")
_CODE = Family(GROUP, "code objects")
_BUDGET = Family(GROUP, "budget and denial of service")


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _nested()
    yield from _encoded()
    yield from _code()
    yield from _exhausting()


def _nested() -> Iterator[Sample]:
    inner = payload()
    stream = call(Name("_io", "BytesIO"), inner)
    made = {
        "pickle-loads": call(Name("pickle", "loads"), inner),
        "c-pickle-loads": call(Name("_pickle", "loads"), inner),
        "python-pickle-loads": call(Name("pickle", "_loads"), inner),
        "torch-load-from-bytes": call(Name("torch.storage", "_load_from_bytes"), inner),
        "torch-load-stream": call(Name("torch", "load"), stream),
        "torch-serialization": call(Name("torch.serialization", "load"), stream),
        "joblib-load-stream": call(Name("joblib.numpy_pickle", "load"), stream),
        "joblib-unpickle": call(Name("joblib.numpy_pickle", "_unpickle"), stream, stream, ""),
        "numpy-load-stream": call(Name("numpy", "load"), stream, None, True),
        "dill-loads": call(Name("dill", "loads"), inner),
        "dill-private": call(Name("dill._dill", "loads"), inner),
        "cloudpickle-loads": call(Name("cloudpickle", "loads"), inner),
        "pandas-read-pickle": call(Name("pandas.io.pickle", "read_pickle"), stream),
        "unpickler-load": call(
            call(Name("builtins", "getattr"), call(Name("pickle", "Unpickler"), stream), "load")
        ),
        "two-deep": call(Name("pickle", "loads"), pickle_of(call(Name("pickle", "loads"), inner))),
        "bytearray": call(Name("pickle", "loads"), Code(
            b"\x96" + struct.pack("<Q", len(inner)) + inner
        )),
        "latin1-text": call(Name("pickle", "loads"), call(
            Name("_codecs", "encode"), Code(unicode32(inner.decode("latin-1"))), "latin1"
        )),
        "keras-unpickle-model": call(
            Name("keras.src.saving.pickle_utils", "deserialize_model_from_bytecode"), stream
        ),
        "multiprocessing-loads": call(Name("multiprocessing.reduction", "loads"), inner),
        "lambda-of-torchmodule": build(
            instance(Name("keras.src.utils.torch_utils", "TorchModuleWrapper")),
            {"module": call(Name("torch", "load"), stream)},
        ),
    }  # fmt: skip
    for title, code in made.items():
        yield _NESTED(f"nested-{title}", "model.pkl", pickle_of(code))


def _encoded() -> Iterator[Sample]:
    inner = payload()
    loads = Name("pickle", "loads")
    b64 = base64.b64encode(inner).decode()
    made = {
        "base64": call(loads, call(Name("base64", "b64decode"), b64)),
        "base64-bytes": call(loads, call(Name("binascii", "a2b_base64"), b64.encode())),
        "hex": call(loads, call(Name("builtins", "bytes.fromhex"), inner.hex())),
        "zlib": call(loads, call(Name("zlib", "decompress"), zlib.compress(inner))),
        "zlib-base64": call(loads, call(Name("zlib", "decompress"), call(
            Name("base64", "b64decode"), base64.b64encode(zlib.compress(inner)).decode()
        ))),
        "codecs-decode": call(loads, call(Name("codecs", "decode"), b64.encode(), "base64")),
        "codecs-zip": call(loads, call(Name("_codecs", "decode"), zlib.compress(inner), "zip")),
        "exec-rot13": call(Name("builtins", "exec"), call(
            Name("codecs", "decode"), codecs.encode("import os", "rot13"), "rot13"
        )),
        "exec-base64": call(Name("builtins", "exec"), call(
            Name("base64", "b64decode"), base64.b64encode(b"import os").decode()
        )),
        "exec-zlib": call(Name("builtins", "exec"), call(
            Name("zlib", "decompress"), zlib.compress(b"import os")
        )),
        "marshal-zlib": call(Name("marshal", "loads"), call(
            Name("zlib", "decompress"), zlib.compress(b"N")
        )),
        "lzma": call(loads, call(Name("lzma", "decompress"), b"\xfd7zXZ\x00")),
        "reversed": call(loads, call(Name("builtins", "bytes"), call(
            Name("builtins", "reversed"), inner[::-1]
        ))),
    }  # fmt: skip
    for title, code in made.items():
        yield _ENCODED(f"encoded-{title}", "model.pkl", pickle_of(code, protocol=4))


def _code() -> Iterator[Sample]:
    marshalled = marshal.dumps(compile("pass", "m", "exec"))
    loaded = call(Name("marshal", "loads"), marshalled)
    function = call(Name("types", "FunctionType"), loaded, EMPTY_DICT_CODE, "f")
    filled = call(Name("cloudpickle.cloudpickle", "_builtin_type"), "CodeType")
    made = {
        "marshal-function": call(function),
        "marshal-function-only": function,
        "exec-marshal": call(Name("builtins", "exec"), loaded),
        "code-type": call(Name("types", "CodeType"), 0, 0, 0, 1, 2, 67, marshalled, ()),
        "cloudpickle-function": call(
            Name("cloudpickle.cloudpickle", "_make_function"),
            call(filled, 0, 0, 0, 1, 2, 67, b"d\x00S\x00", ()), EMPTY_DICT_CODE, None, None, None,
        ),
        "cloudpickle-skeleton": build(
            call(Name("cloudpickle.cloudpickle", "_make_skeleton_class"),
                 Name("builtins", "type"), "M", (Name("builtins", "object"),), {}, "1", None),
            {"__reduce__": system()},
        ),
        "dill-function": call(
            Name("dill._dill", "_create_function"),
            call(Name("dill._dill", "_create_code"), 0, 0, 0, 1, 2, 67, b"d\x00S\x00", ()),
            EMPTY_DICT_CODE, "f", None, None,
        ),
        "dill-load-type": call(call(Name("dill._dill", "_load_type"), "CodeType"), 0),
        "lambda-type": call(call(Name("dill._dill", "_load_type"), "LambdaType"), loaded, {}),
        "sb3-json": call(Name("stable_baselines3.common.save_util", "json_to_data"), "{}"),
    }  # fmt: skip
    for title, code in made.items():
        yield _CODE(f"code-{title}", "model.pkl", pickle_of(code, protocol=4))


EMPTY_DICT_CODE = Code(EMPTY_DICT)


def _exhausting() -> Iterator[Sample]:
    pad = b"K\x010" * 400_000
    yield _BUDGET("padding-then-call", "model.pkl", proto(2) + pad + system() + STOP)
    marks = (MARK + b"1") * 300_000
    yield _BUDGET("mark-padding-then-call", "model.pkl", proto(2) + marks + system() + STOP)
    blob = b"B" + struct.pack("<I", 12 * 2**20) + bytes(12 * 2**20)
    yield _BUDGET("blob-then-call", "model.pkl", proto(3) + blob + POP + system() + STOP)
    laughs = b"(X\x03\x00\x00\x00lolq\x00tq\x010" + b"".join(
        b"(" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"tq" + bytes([i + 1]) + b"0"
        for i in range(1, 60)
    )
    yield _BUDGET(
        "laughs-then-call",
        "model.pkl",
        proto(2) + laughs + system() + STOP,
        source="fickling #211",
    )
    deep = EMPTY_LIST * 20_000 + b"a" * 19_999
    yield _BUDGET("deep-then-call", "model.pkl", proto(2) + deep + POP + system() + STOP)
    tuples = EMPTY_TUPLE + b"\x85" * 50_000
    yield _BUDGET(
        "deep-tuples-then-call", "model.pkl", proto(2) + tuples + POP + system() + STOP
    )
    digits = b"L" + b"9" * 100_000 + b"L\n"
    yield _BUDGET(
        "long-digits-then-call", "model.pkl", proto(2) + digits + POP + system() + STOP
    )
    numbers = b"I" + b"9" * 100_000 + b"\n"
    yield _BUDGET(
        "int-digits-then-call", "model.pkl", proto(2) + numbers + POP + system() + STOP
    )
    memo = b"K\x01r\xff\xff\xff\x7f0"
    yield _BUDGET("memo-key-huge-then-call", "model.pkl", proto(2) + memo + system() + STOP)
    names = b"".join(b"cmodule%d\nname\n0" % number for number in range(3000))
    yield _BUDGET("many-names-then-call", "model.pkl", proto(2) + names + system() + STOP)
    honest = pickle.dumps({"w": list(range(3000))}, 2)
    yield _BUDGET("many-pickles-then-call", "model.pkl", pickle.dumps(1, 2) * 2000 + payload())
    yield _BUDGET("cut-benign", "model.pkl", honest[:-200], verdict=INCONCLUSIVE)
    yield _BUDGET(
        "call-in-nested-mark", "model.pkl", proto(2) + MARK * 10_000 + system() + STOP
    )
    recursive = (
        EMPTY_LIST + b"q\x00h\x00a0" + name(Name("os", "system")) + value(("true",)) + b"R"
    )
    yield _BUDGET("recursive-then-call", "model.pkl", pickle_of(recursive))
