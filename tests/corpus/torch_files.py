"""PyTorch saves of every format that carry a pickle or code."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Iterator, Mapping

from corpus.opcodes import (
    Code,
    Name,
    call,
    payload,
    pickle_of,
    proto,
    system,
    unicode32,
    value,
)
from corpus.pickle_disguise import gz, tar_of
from corpus.sample import INCONCLUSIVE, Family, Sample
from samples import Entry, raw_zip, zip_of

CLEAN = pickle.dumps({"weight": [0.5, 1.5], "epoch": 3}, 2)


MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)


LEGACY = MAGIC + pickle.dumps({"little_endian": True}, 2)


def torch_of(
    data: bytes, extra: Mapping[str, bytes] | None = None, top: str = "archive"
) -> dict[str, bytes]:
    """The members of a ``torch.save`` archive."""
    return {
        f"{top}/data.pkl": data, f"{top}/byteorder": b"little", f"{top}/data/0": bytes(64),
        f"{top}/version": b"3\n", **(extra or {}),
    }  # fmt: skip


def _torch() -> Iterator[Sample]:
    made = Family("torch", "pickle in torch.save")
    rebuild = Name("torch._utils", "_rebuild_tensor_v2")
    storage = b"(" + unicode32("storage") + value(Name("torch", "FloatStorage")) + value("0") \
        + value("cpu") + value(4) + b"tQ"  # fmt: skip
    tensor = call(
        rebuild,
        Code(storage),
        0,
        (2, 2),
        (2, 1),
        False,
        call(Name("collections", "OrderedDict")),
    )
    bodies = {
        "system": system(), "in-state-dict": value({"w": tensor, "x": system()}),
        "hooks": call(rebuild, Code(storage), 0, (2, 2), (2, 1), False, system()),
        "hub-load": call(Name("torch.hub", "load"), "a/b", "c"),
        "load-from-bytes": call(Name("torch.storage", "_load_from_bytes"), payload()),
        "rebuild-parameter-state": call(
            Name("torch._utils", "_rebuild_parameter_with_state"), tensor, False, system(), {}),
        "rebuild-from-type": call(
            Name("torch._tensor", "_rebuild_from_type_v2"), Name("os", "system"),
            Name("torch", "Tensor"), ("true",), {}),
        "graph-module": call(Name("torch.fx.graph_module", "reduce_graph_module"), {"_code": "import os"}, "import os"),
        "storage-type": Code(b"(" + unicode32("storage") + call(Name("os", "system"), "true") + b"tQ"),
        "exec": call(Name("builtins", "exec"), "pass"),
        "dotted": call(Name("torch", "hub.os.system"), "true"),
    }  # fmt: skip
    for number, (title, body) in enumerate(bodies.items()):
        file = ("model.pt", "pytorch_model.bin", "model.pth", "last.ckpt")[number % 4]
        data = zip_of(torch_of(pickle_of(body), top=("archive", "model", "m")[number % 3]))
        yield made(f"zip-{title}", file, data)
    legacy = Family("torch", "legacy torch format")
    yield legacy("legacy-object", "model.pt", LEGACY + payload() + pickle.dumps(["0"], 2))
    yield legacy("legacy-keys", "model.pt", LEGACY + CLEAN + payload())
    yield legacy("legacy-system-info", "model.pt", MAGIC + payload() + CLEAN)
    yield legacy("legacy-in-magic", "model.pt", payload() + LEGACY[len(MAGIC) :])
    yield legacy("legacy-no-stop", "model.pt", LEGACY + proto(2) + system())
    old = {"sys_info": pickle.dumps({"a": 1}, 2), "pickle": payload(), "storages": pickle.dumps(0, 2),
           "tensors": pickle.dumps(0, 2)}  # fmt: skip
    tars = Family("torch", "legacy tar torch")
    yield tars("tar-pickle", "model.pt", tar_of(old))
    yield tars(
        "tar-storages", "model.pth", tar_of({**old, "pickle": CLEAN, "storages": payload()})
    )
    yield tars(
        "tar-tensors", "model.tar", tar_of({**old, "pickle": CLEAN, "tensors": payload(4)})
    )
    yield tars(
        "tar-sys-info", "model.bin", tar_of({**old, "pickle": CLEAN, "sys_info": payload()})
    )
    programs = Family("torch", "TorchScript and packages")
    code = b'def forward(self, x: Tensor) -> Tensor:\n  _0 = ops.aten.from_file("/etc/passwd", False, 10)\n  return x\n'
    yield programs(
        "torchscript-constants",
        "model.pt",
        zip_of(
            torch_of(
                CLEAN,
                {
                    "archive/constants.pkl": payload(),
                    "archive/code/__torch__.py": b"class M(Module):\n  pass\n",
                },
            )
        ),
    )
    yield programs(
        "torchscript-data",
        "model.ts",
        zip_of(
            torch_of(
                payload(),
                {
                    "archive/constants.pkl": CLEAN,
                    "archive/code/__torch__.py": b"class M(Module):\n  pass\n",
                },
            )
        ),
    )
    yield programs(
        "torchscript-from-file",
        "model.pt",
        zip_of(
            torch_of(
                CLEAN,
                {
                    "archive/constants.pkl": pickle.dumps((), 2),
                    "archive/code/__torch__.py": b"class M(Module):\n" + code,
                },
            )
        ),
    )
    yield programs(
        "torchscript-save",
        "model.pt",
        zip_of(
            torch_of(
                CLEAN,
                {
                    "archive/constants.pkl": pickle.dumps((), 2),
                    "archive/code/__torch__.py": code.replace(
                        b"ops.aten.from_file", b"ops.aten.save"
                    ),
                },
            )
        ),
    )
    yield programs(
        "torchscript-extra",
        "model.pt",
        zip_of(
            torch_of(
                CLEAN,
                {
                    "archive/extra/hook.pkl": payload(),
                    "archive/constants.pkl": pickle.dumps((), 2),
                },
            )
        ),
    )
    package = {"pkg/.data/version": b"6\n", "pkg/.data/extern_modules": b"os\nsubprocess\n",
               "pkg/model/model.pkl": CLEAN, "pkg/model/net.py": b"import os\nos.system('true')\n"}  # fmt: skip
    yield programs("package-code", "package.pt", zip_of(package))
    yield programs(
        "package-pickle",
        "package.pt",
        zip_of({**package, "pkg/model/net.py": b"x = 1\n", "pkg/model/model.pkl": payload()}),
    )
    yield programs(
        "pt2-sample-inputs",
        "model.pt2",
        zip_of(
            {
                "m/archive_format": b"pt2",
                "m/models/model.json": b"{}",
                "m/data/sample_inputs/model.pt": zip_of(torch_of(payload())),
            }
        ),
    )
    yield programs(
        "pt2-weights",
        "model.pt2",
        zip_of(
            {
                "m/archive_format": b"pt2",
                "m/data/weights/model.pt": payload(),
                "m/version": b"1\n",
            }
        ),
    )
    yield programs(
        "pt2-serialized-state",
        "model.pt2",
        zip_of(
            {
                "version": b"8.1",
                "serialized_state_dict.pt": zip_of(torch_of(payload())),
                "serialized_exported_program.json": b"{}",
            }
        ),
    )
    yield programs(
        "pt2-library",
        "model.pt2",
        zip_of(
            {
                "m/archive_format": b"pt2",
                "m/data/aotinductor/model/model.so": b"\x7fELF\2\1\1" + bytes(57),
            }
        ),
    )
    yield programs(
        "dcp-metadata", "checkpoint", {".metadata": payload(4), "__0_0.distcp": bytes(64)}
    )
    yield programs(
        "dcp-shard",
        "checkpoint",
        {".metadata": CLEAN, "__0_0.distcp": zip_of(torch_of(payload()))},
    )


def _torch_zips() -> Iterator[Sample]:
    made = Family("torch", "containers: zip")
    bad, inner = payload(), torch_of(CLEAN)
    name = "archive/data.pkl"
    yield made(
        "crc-tampered",
        "model.pt",
        raw_zip(Entry(name, bad, crc=1), Entry("archive/version", b"3\n")),
        source="CVE-2025-10156",
    )
    for flag in (0x1, 0x20, 0x40):
        yield made(
            f"flag-{flag:#x}",
            "model.pt",
            raw_zip(Entry(name, bad, flags=flag)),
            source="GHSA-w8jq",
        )
    yield made(
        "local-name-differs",
        "model.pt",
        raw_zip(Entry("archive/notes.txt", bad, local_name=name)),
        source="GHSA-7q5r",
    )
    yield made(
        "central-name-differs",
        "model.pt",
        raw_zip(Entry(name, bad, local_name="archive/notes.txt")),
        source="GHSA-7q5r",
    )
    yield made(
        "first-entry-corrupt",
        "model.pt",
        raw_zip(Entry("archive/junk", b"x" * 9, crc=5), Entry(name, bad)),
        source="modelscan #354",
    )
    yield made("duplicate-member", "model.pt", raw_zip(Entry(name, CLEAN), Entry(name, bad)))
    yield made(
        "duplicate-member-first", "model.pt", raw_zip(Entry(name, bad), Entry(name, CLEAN))
    )
    yield made(
        "unlisted-member",
        "model.pt",
        raw_zip(Entry(name, CLEAN), Entry("archive/old.pkl", bad, listed=False)),
    )
    yield made(
        "member-extension",
        "model.pt",
        zip_of({**inner, "archive/config.json": bad}),
        source="CVE-2025-1889",
    )
    yield made("second-pickle-member", "model.pt", zip_of({**inner, "archive/extra.pkl": bad}))
    yield made(
        "nested-zip", "model.pt", zip_of({**inner, "archive/inner.pt": zip_of(torch_of(bad))})
    )
    yield made("deflated", "model.pt", zip_of(torch_of(bad), method=zipfile.ZIP_DEFLATED))
    yield made(
        "streamed", "model.pt", zip_of(torch_of(bad), method=zipfile.ZIP_DEFLATED, stream=True)
    )
    yield made("zip-behind-junk", "model.pt", b"#!/bin/sh\n" + zip_of(torch_of(bad)))
    yield made("zip-with-comment", "model.pt", _commented(zip_of(torch_of(bad))))
    yield made("in-gz", "model.pt.gz", gz(zip_of(torch_of(bad))))
    yield made("pickle-before-zip", "model.bin", bad + zip_of(inner))
    yield made("zip-then-pickle", "model.pt", zip_of(inner) + bad)
    yield made("directory-truncated", "model.pt", zip_of(torch_of(bad))[:-30])
    yield made("cut-clean", "model.pt", zip_of(inner)[:-30], verdict=INCONCLUSIVE)


def _commented(data: bytes, comment: bytes = b"hello") -> bytes:
    return data[:-2] + struct.pack("<H", len(comment)) + comment


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _torch()
    yield from _torch_zips()
