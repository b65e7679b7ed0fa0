"""Model servers and the frameworks that few people use."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

from corpus.code_carriers import BAD, ELF
from corpus.opcodes import payload
from corpus.pickle_disguise import gz, tar_of
from corpus.repositories import CODE
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import block, number, zip_of


def _msgpack(of: object) -> bytes:
    if isinstance(of, dict):
        return bytes([0x80 | len(of)]) + b"".join(
            _msgpack(k) + _msgpack(v) for k, v in of.items()
        )
    if isinstance(of, str):
        return bytes([0xA0 | len(of)]) + of.encode()
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
        "flax-depth-bomb",
        "flax_model.msgpack",
        b"\x81\xa1w" + b"\x91" * 60_000 + b"\x01",
        verdict=INCONCLUSIVE,
    )
    yield made("lightgbm-pickle", "model.txt", payload())
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
        "tflite-offset",
        "model.tflite",
        struct.pack("<I", 0x7FFFFF00) + b"TFL3" + bytes(64),
    )
    yield made(
        "executorch-offset",
        "model.pte",
        struct.pack("<I", 0x7FFFFF00) + b"ET12" + bytes(64),
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


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _served()
    yield from _frameworks()
