"""Keras models, in zip and HDF5, whose configuration runs code or reaches outside."""

from __future__ import annotations

import base64
import io
import json
import marshal
import tarfile
from collections.abc import Iterator, Mapping

from corpus.hdf5 import h5_of, h5_with_link, h5_with_storage
from corpus.opcodes import payload
from corpus.pickle_disguise import gz
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import Entry, npy_header, npy_with, raw_zip, zip_of

METADATA = b'{"keras_version": "3.11.0", "date_saved": "2026-01-01@00:00:00"}'
CODE = base64.b64encode(marshal.dumps(compile("lambda x: x", "m", "eval"))).decode() + "\n"


def layer(
    class_name: str, config: object, module: str = "keras.layers", registered: object = None
) -> dict[str, object]:
    """A serialized Keras object."""
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered,
    }


def model(*layers: object, class_name: str = "Sequential") -> dict[str, object]:
    """A model of layers."""
    first = layer("InputLayer", {"batch_shape": [None, 4], "dtype": "float32", "name": "i"})
    return layer(
        class_name, {"name": "m", "trainable": True, "layers": [first, *layers]}, "keras"
    )


def keras_of(config: object, extra: Mapping[str, bytes] | None = None) -> bytes:
    """A ``.keras`` file."""
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    weights = h5_of({}, groups={"layers": {}})
    members = {"metadata.json": METADATA, "config.json": text, "model.weights.h5": weights}
    return zip_of({**members, **(extra or {})})


def lambda_config(**change: object) -> dict[str, object]:
    """What Keras 3 writes for a Lambda layer."""
    function = {
        "class_name": "__lambda__",
        "config": {"code": CODE, "defaults": None, "closure": None},
    }
    return {"name": "l", "function": function, "arguments": {}, **change}


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    configs = _configs()
    for title, (config, family, source) in configs.items():
        yield Family("keras", family, source)(title, "model.keras", keras_of(config))
    yield from _files()
    yield from _hdf5()


def _configs() -> dict[str, tuple[object, str, str]]:
    lambda_layer = layer("Lambda", lambda_config())
    old_lambda = {"class_name": "Lambda", "config": {"name": "l", "function_type": "lambda",
                  "function": [CODE, None, None], "module": "__main__"}}  # fmt: skip
    function = {
        "module": "builtins",
        "class_name": "function",
        "config": "exec",
        "registered_name": "function",
    }
    run = {"module": "os", "class_name": "system", "config": "true", "registered_name": None}
    lam, imp = "Keras Lambda", "Keras module and function import"
    get_file = {
        "module": "keras.src.utils.file_utils",
        "class_name": "function",
        "config": "get_file",
        "registered_name": "get_file",
    }
    made = {
        "lambda": (model(lambda_layer), lam, "CVE-2024-3660"),
        "lambda-old": (model(old_lambda), lam, "CVE-2024-3660"),
        "lambda-functional": (model(lambda_layer, class_name="Functional"), lam, ""),
        "lambda-nested": (model(model(model(lambda_layer))), lam, "modelscan #343"),
        "lambda-time-distributed": (model(layer("TimeDistributed", {"layer": lambda_layer})), lam, "modelscan #343"),
        "lambda-bidirectional": (model(layer("Bidirectional", {"layer": lambda_layer})), lam, ""),
        "lambda-in-activation": (model(layer("Dense", {"units": 1, "activation": lambda_config()["function"]})), lam, ""),
        "lambda-in-initializer": (model(layer("Dense", {"units": 1, "kernel_initializer": lambda_config()["function"]})), lam, ""),
        "lambda-mask": (model(layer("Lambda", lambda_config(function="relu", mask=lambda_config()["function"]))), lam, ""),
        "lambda-in-list": (model(layer("StackedRNNCells", {"cells": [lambda_layer]})), lam, ""),
        "lambda-registered": (model(layer("MyLayer", lambda_config(), "keras.src.layers.core.lambda_layer", "keras>Lambda")), lam, ""),
        "lambda-module-path": (model(layer("Lambda", lambda_config(), "keras.src.layers.core.lambda_layer")), lam, ""),
        "lambda-tf-keras": (model(layer("Lambda", lambda_config(), "tensorflow.keras.layers")), lam, ""),
        "module-os-system": (model(run), imp, "CVE-2025-1550"),
        "module-subprocess": (model(layer("Popen", {"args": "true"}, "subprocess")), imp, "CVE-2025-1550"),
        "module-function": (model(layer("Dense", {"units": 1, "activation": function})), imp, "CVE-2025-1550"),
        "module-compile-loss": ({**model(), "compile_config": {"loss": {**function, "module": "os", "config": "system"}}}, imp, ""),
        "module-compile-metric": ({**model(), "compile_config": {"metrics": [{**function, "module": "subprocess", "config": "call"}]}}, imp, ""),
        "module-optimizer": ({**model(), "compile_config": {"optimizer": layer("run_path", {"path_name": "x"}, "runpy")}}, imp, ""),
        "module-build-config": (model({**layer("Dense", {"units": 1}), "build_config": {"input_shape": run}}), imp, ""),
        "module-keras-dotted": (model(layer("system", "true", "keras.src.utils.file_utils.os")), imp, "CVE-2025-1550"),
        "module-inner": (model(layer("Lambda", {"function": {**function, "module": "keras.src.backend.common.os", "config": "system"}})), imp, ""),
        "root-module": ({"module": "os", "class_name": "system", "config": "true"}, imp, "CVE-2025-1550"),
        "get-file": (model(layer("Lambda", {"function": get_file, "arguments": {"fname": "x", "origin": "http://127.0.0.1:9/"}})), "Keras get_file", "CVE-2025-8747"),
        "get-file-direct": (model({**get_file, "config": {"fname": "x", "origin": "http://127.0.0.1:9/"}}), "Keras get_file", "CVE-2025-8747"),
        "get-file-extract": (model(layer("Lambda", {"function": get_file, "arguments": {"origin": "http://127.0.0.1:9/x.tar", "extract": True}})), "Keras get_file", "CVE-2025-12060"),
        "unsafe-toggle": (model(layer("Lambda", {"function": {"module": "keras.config", "class_name": "function",
            "config": "enable_unsafe_deserialization", "registered_name": "x"}})), "Keras unsafe toggle", "CVE-2025-9906"),
        "unsafe-toggle-src": (model({"module": "keras.src.saving.serialization_lib", "class_name": "function",
            "config": "enable_unsafe_deserialization", "registered_name": "x"}), "Keras unsafe toggle", "CVE-2025-9906"),
        "string-lookup-file": (model(layer("StringLookup", {"vocabulary": "/etc/passwd"})), "Keras vocabulary files", "CVE-2025-12058"),
        "string-lookup-url": (model(layer("IntegerLookup", {"vocabulary": "http://127.0.0.1:9/v.txt"})), "Keras vocabulary files", "CVE-2025-12058"),
        "string-lookup-up": (model(layer("TextVectorization", {"vocabulary": "../../secrets.txt"})), "Keras vocabulary files", ""),
        "torch-module": (model(layer("TorchModuleWrapper", {"module": base64.b64encode(payload()).decode(), "name": "t"})), "Keras TorchModuleWrapper", "CVE-2025-49655"),
        "torch-module-path": (model(layer("TorchModuleWrapper", {"module": base64.b64encode(payload(4)).decode()}, "keras.src.utils.torch_utils")), "Keras TorchModuleWrapper", "CVE-2025-49655"),
        "tfsm-layer": (model(layer("TFSMLayer", {"filepath": "/nonexistent/model", "call_endpoint": "serve"})), lam, ""),
        "custom-object-scope": (model(layer("JaxLayer", {"call_fn": lambda_config()["function"]})), lam, ""),
    }  # fmt: skip
    text = json.dumps(model(lambda_layer))
    escaped = text.replace('"Lambda"', '"\\u004cambda"').replace(
        '"__lambda__"', '"\\u005f_lambda__"'
    )
    double = text.replace(
        '"class_name": "Lambda"', '"class_name": "Dense", "class_name": "Lambda"'
    )
    module = json.dumps(model(run))
    family = "JSON spelling"
    made |= {
        "unicode-escape": (escaped.encode(), family, ""),
        "unicode-escape-module": (module.replace('"os"', '"\\u006fs"').encode(), family, ""),
        "duplicate-key": (double.encode(), family, ""),
        "duplicate-config": (text[:-1].encode() + b', "config": {"layers": []}}', family, ""),
        "utf-16": (text.encode("utf-16"), family, ""),
        "utf-8-mark": (b"\xef\xbb\xbf" + module.encode(), family, ""),
        "utf-32": (module.encode("utf-32"), family, ""),
    }  # fmt: skip
    return made


def _files() -> Iterator[Sample]:
    made = Family("keras", "containers: zip")
    bad = json.dumps(model(layer("Lambda", lambda_config()))).encode()
    good = json.dumps(model(layer("Dense", {"units": 1}))).encode()
    weights = Entry("model.weights.h5", h5_of({}))
    for title, (first, second) in {"last": (good, bad), "first": (bad, good)}.items():
        data = raw_zip(
            Entry("metadata.json", METADATA),
            Entry("config.json", first),
            Entry("config.json", second),
            weights,
        )
        yield made(f"duplicate-config-{title}", "model.keras", data)
    yield made(
        "local-name-config",
        "model.keras",
        raw_zip(Entry("a.txt", bad, local_name="config.json"), weights),
    )
    yield made("in-directory-zip", "model.zip", zip_of({"m/model.keras": keras_of(bad)}))
    yield made("named-zip", "archive.bin", keras_of(bad))
    yield made(
        "pickle-member", "model.keras", keras_of(good, {"assets/vocabulary.pkl": payload()})
    )
    yield made("slip-member", "model.keras", keras_of(good, {"../../x.py": b"import os"}))
    yield made(
        "npz-weights",
        "model.keras",
        keras_of(
            good,
            {"model.weights.npz": zip_of({"a.npy": npy_with(npy_header("|O"), payload())})},
        ),
    )
    yield made(
        "weights-external-link",
        "model.keras",
        keras_of(good, {"model.weights.h5": h5_with_link("/etc/passwd")}),
        source="CVE-2026-1669",
    )
    yield made(
        "weights-external-storage",
        "model.keras",
        keras_of(good, {"model.weights.h5": h5_with_storage("/etc/passwd")}),
        source="CVE-2026-1669",
    )
    yield made(
        "config-depth-bomb",
        "model.keras",
        keras_of(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        verdict=INCONCLUSIVE,
    )
    folder = {"config.json": bad, "metadata.json": METADATA, "model.weights.h5": h5_of({})}
    yield made("unpacked-directory", "model", folder)
    yield made("config-alone", "config.json", bad)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("x")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        archive.addfile(info)
    yield Family("keras", "Keras get_file", "CVE-2025-12060")(
        "get-file-tar", "x.tar.gz", gz(out.getvalue())
    )
    yaml = Family("keras", "Keras YAML", "CVE-2021-37678")
    text = "!!python/object/apply:os.system ['true']\n"
    yield yaml(
        "yaml-model",
        "model.yaml",
        b"backend: tensorflow\nclass_name: Sequential\nconfig:\n- " + text.encode(),
    )
    yield yaml(
        "yaml-new", "model.yml", b"!!python/object/new:type\nargs: [z, !!python/tuple [], {}]\n"
    )
    lambda_text = json.dumps(layer("Lambda", lambda_config()))
    yield yaml(
        "yaml-lambda",
        "model.yaml",
        f"class_name: Sequential\nconfig: [{lambda_text}]\nkeras_version: '2.4'\n".encode(),
    )


def _hdf5() -> Iterator[Sample]:
    made = Family("keras-h5", "Keras H5 ignores safe mode", "CVE-2025-9905")
    old_lambda = {"class_name": "Lambda", "config": {"name": "l", "function_type": "lambda",
                  "function": [CODE, None, None], "module": "__main__"}}  # fmt: skip
    new = layer("Lambda", lambda_config())
    bodies = {
        "lambda": model(old_lambda), "lambda-new": model(new), "lambda-nested": model(model(old_lambda)),
        "function-type": model({"class_name": "Lambda", "config": {"function_type": "function", "function": "system", "module": "os"}}),
        "mask-lambda": model({"class_name": "Lambda", "config": {"function_type": "function", "function": "relu",
            "mask_type": "lambda", "mask": [CODE, None, None]}}),
        "module": model({"module": "os", "class_name": "system", "config": "true"}),
        "wrapper": model(layer("TimeDistributed", {"layer": old_lambda})),
        "get-file": model(layer("Lambda", {"function": {"module": "keras.src.utils.file_utils", "class_name": "function", "config": "get_file"}})),
        "string-lookup": model(layer("StringLookup", {"vocabulary": "/etc/passwd"})),
        "torch-module": model(layer("TorchModuleWrapper", {"module": base64.b64encode(payload()).decode()})),
    }  # fmt: skip
    for number, (title, config) in enumerate(bodies.items()):
        texts = {
            "model_config": json.dumps(config).encode(),
            "keras_version": b"2.15.0",
            "backend": b"tensorflow",
        }
        file = ("model.h5", "weights.hdf5", "model.keras", "checkpoint.bin")[number % 4]
        data = h5_of(texts, groups={"model_weights": {"backend": b"x"}}, long=number % 2 == 0)
        yield made(f"config-{title}", file, data)
    good = json.dumps(model(layer("Dense", {"units": 1}))).encode()
    training = json.dumps(
        {"loss": {"module": "os", "class_name": "function", "config": "system"}}
    ).encode()
    yield made(
        "training-config",
        "model.h5",
        h5_of({"model_config": good, "training_config": training}),
    )
    text = json.dumps(model(old_lambda)).replace("Lambda", "\\u004cambda").encode()
    yield made("unicode-escape", "model.h5", h5_of({"model_config": text}))
    yield made(
        "long-config",
        "model.h5",
        h5_of({"model_config": json.dumps(model(*[old_lambda] * 300)).encode()}, long=True),
    )
    yield made(
        "behind-user-block",
        "model.h5",
        bytes(512) + h5_of({"model_config": json.dumps(model(old_lambda)).encode()}),
    )
    yield made(
        "gz", "model.h5.gz", gz(h5_of({"model_config": json.dumps(model(old_lambda)).encode()}))
    )
    links = Family("keras-h5", "HDF5 external data", "CVE-2026-1669")
    yield links("external-link", "weights.h5", h5_with_link("/etc/passwd"))
    yield links("external-link-up", "model.weights.h5", h5_with_link("../../other/model.h5"))
    yield links("external-storage", "weights.h5", h5_with_storage("/etc/passwd"))
    yield links("external-storage-up", "model.h5", h5_with_storage("../../secret.bin"))
    attributes = Family("keras-h5", "pickle in attributes")
    yield attributes("pickle-attribute", "model.h5", h5_of({"scaler": payload()}))
    yield attributes(
        "cut", "model.h5", h5_of({"model_config": good})[:200], verdict=INCONCLUSIVE
    )
