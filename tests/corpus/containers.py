"""PyTorch, joblib, NumPy files and archives that carry a pickle or lie about their members."""

from __future__ import annotations

import bz2
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping

import lz4.frame
import numpy as np

from corpus.opcodes import (
    POP,
    STOP,
    Code,
    Name,
    build,
    call,
    instance,
    payload,
    pickle_of,
    proto,
    system,
    unicode32,
    value,
)
from corpus.pickle_disguise import gz, tar_of
from corpus.sample import FAIL, INCONCLUSIVE, Family, Sample
from samples import Entry, npy_header, npy_with, raw_zip, zip_of

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


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _torch()
    yield from _torch_zips()
    yield from _joblib()
    yield from _numpy()


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
    yield legacy("legacy-after-storage", "model.pt", LEGACY + CLEAN + pickle.dumps(["0"], 2)
                 + struct.pack("<q", 4) + bytes(16) + payload())  # fmt: skip
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
    escape = Family("archive", "archive slip, links and bombs")
    for title, path in {
        "up": "../../etc/cron.d/x",
        "absolute": "/etc/cron.d/x",
        "back": "..\\..\\x.py",
        "drive": "C:\\x.py",
    }.items():
        yield escape(f"zip-slip-{title}", "model.zip", zip_of({path: b"x", "a.txt": b"y"}))
        if title in {"up", "absolute"}:
            yield escape(f"tar-slip-{title}", "model.tar", tar_of({"a.txt": b"y", path: b"x"}))
            yield escape(f"tar-gz-slip-{title}", "model.tar.gz", gz(tar_of({path: b"x"})))
    yield escape(
        "zip-symlink", "model.zip", raw_zip(Entry("weights", b"/etc/passwd", mode=0o120777))
    )
    yield escape(
        "zip-symlink-up",
        "model.zip",
        raw_zip(Entry("w", b"../../x", mode=0o120777), Entry("w/y", b"z")),
    )
    for title, kind, target in (("symlink", tarfile.SYMTYPE, "/etc/passwd"), ("symlink-up", tarfile.SYMTYPE, "../../x"),
                                ("hardlink", tarfile.LNKTYPE, "../../etc/passwd"), ("device", tarfile.CHRTYPE, "")):  # fmt: skip
        yield escape(f"tar-{title}", "model.tar", _tar_link(kind, target))
    yield escape("tar-duplicate", "model.tar", _tar_twice(CLEAN, payload()))
    yield escape("tar-duplicate-first", "model.nemo", _tar_twice(payload(), CLEAN))
    bomb = Family("archive", "archive slip, links and bombs")
    zeros = bytes(300 * 2**20)
    yield bomb("gz-bomb", "model.pkl.gz", gz(zeros), verdict=INCONCLUSIVE)
    yield bomb(
        "zip-bomb",
        "model.zip",
        zip_of({"a": zeros}, method=zipfile.ZIP_DEFLATED),
        verdict=INCONCLUSIVE,
    )
    entries = [
        Entry("a", zlib.compress(bytes(100))[2:-4]),
        *(Entry(f"b{n}", offset=0, stored=False) for n in range(40)),
    ]
    yield bomb("zip-overlap", "model.zip", raw_zip(*entries))
    deep = b"x"
    for _ in range(40):
        deep = zip_of({"a.zip": deep})
    yield bomb("zip-deep", "model.zip", deep, verdict=INCONCLUSIVE)
    seven = b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24)
    yield Family("archive", "7z", "nullifAI")(
        "seven-zip-empty", "model.7z", seven, verdict=INCONCLUSIVE
    )


def _commented(data: bytes, comment: bytes = b"hello") -> bytes:
    return data[:-2] + struct.pack("<H", len(comment)) + comment


def _tar_link(kind: bytes, target: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("weights")
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return out.getvalue()


def _tar_twice(first: bytes, second: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for data in (first, second):
            info = tarfile.TarInfo("model.pkl")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def wrapper(shape: tuple[int, ...], dtype: object, *, allow_mmap: bool = True) -> Code:
    """How joblib writes that an array's bytes follow."""
    kind = Name("joblib.numpy_pickle", "NumpyArrayWrapper")
    state = {"subclass": Name("numpy", "ndarray"), "shape": shape, "order": "C", "dtype": dtype,
             "allow_mmap": allow_mmap, "numpy_array_alignment_bytes": 16}  # fmt: skip
    return build(instance(kind), state)


def _joblib() -> Iterator[Sample]:
    made = Family("joblib", "joblib")
    float64 = build(
        call(Name("numpy", "dtype"), "f8", False, True), (3, "<", None, None, None, -1, -1, 0)
    )
    objects = build(
        call(Name("numpy", "dtype"), "O8", False, True), (3, "|", None, None, None, -1, -1, 63)
    )
    array = b"\x0f" + b"\xff" * 15 + bytes(range(16))  # its padding, then two numbers
    plain = proto(2) + system() + STOP
    after = (
        proto(2)
        + b"}"
        + unicode32("a")
        + wrapper((2,), float64)
        + array
        + b"s"
        + unicode32("b")
        + system()
        + b"s."
    )
    bodies = {
        "plain": plain, "after-raw-array": after,
        "after-two-arrays": proto(2) + b"(" + (wrapper((2,), float64) + array) * 2 + system() + b"t.",
        "second-pickle": CLEAN + plain,
        "object-array": proto(2) + wrapper((1,), objects) + payload() + STOP,
        "object-array-in-dict": proto(2) + b"}" + unicode32("a") + wrapper((1,), objects) + payload() + b"s.",
        "dtype-by-call": proto(2) + wrapper((1,), system()) + bytes(16) + STOP,
        "subclass-os": pickle_of(build(instance(Name("joblib.numpy_pickle", "NumpyArrayWrapper")),
            {"subclass": Name("os", "system"), "shape": (), "dtype": float64, "order": "C", "allow_mmap": False})),
        "wrapper-compat": pickle_of(build(instance(Name("joblib.numpy_pickle_compat", "NDArrayWrapper")),
            {"filename": "/etc/passwd", "subclass": Name("os", "system"), "allow_mmap": True})),
        "z-wrapper": pickle_of(call(Name("joblib.numpy_pickle_compat", "ZNDArrayWrapper"), "x", system(), ())),
        "memmap-reducer": pickle_of(call(Name("joblib._memmapping_reducer", "reduce_array_memmap_backward"), "x")),
        "loads": pickle_of(call(Name("joblib", "load"), "http://127.0.0.1:9/x")),
    }  # fmt: skip
    for title, data in bodies.items():
        source = (
            "CVE-2024-34997" if "wrapper" in title else "aisbom #91" if "array" in title else ""
        )
        yield made(f"joblib-{title}", "model.joblib", data, source=source)
    packed = {
        "zlib": zlib.compress(after), "gz": gz(after), "bz2": bz2.compress(after), "xz": lzma.compress(after),
        "lzma": lzma.compress(plain, format=lzma.FORMAT_ALONE), "lz4": lz4.frame.compress(after), "zlib-0": zlib.compress(plain, 0),
    }  # fmt: skip
    for title, data in packed.items():
        yield made(
            f"joblib-packed-{title}",
            f"model.joblib.{title}" if "-" not in title else "model.pkl",
            data,
        )


def _numpy() -> Iterator[Sample]:
    made = Family("numpy", "pickle in arrays")
    bad = payload()
    head = npy_header("|O")
    yield made("npy-object", "w.npy", npy_with(head, bad))
    yield made("npy-object-two", "w.npy", npy_with(npy_header("|O", "(2,)"), payload(4)))
    yield made("npy-object-v2", "w.npy", npy_with(head, bad, 2))
    yield made("npy-object-v3", "w.npy", npy_with(head, bad, 3))
    yield made(
        "npy-object-struct", "w.npy", npy_with(npy_header([("a", "<f4"), ("b", "|O")]), bad)
    )
    yield made("npy-object-no-stop", "w.npy", npy_with(head, bad[:-1]))
    yield made("npy-named-txt", "notes.txt", npy_with(head, bad))
    numbers = npy_with(npy_header("<f8", "(2,)"), bytes(16))
    yield made("npy-tail", "w.npy", numbers + bad)
    yield made("npy-second-array", "w.npy", numbers + npy_with(head, bad))
    yield made("npz-object", "w.npz", zip_of({"a.npy": numbers, "b.npy": npy_with(head, bad)}))
    yield made(
        "npz-deflated",
        "w.npz",
        zip_of({"b.npy": npy_with(head, bad)}, method=zipfile.ZIP_DEFLATED),
    )
    yield made("npz-bare-pickle", "w.npz", zip_of({"a.npy": numbers, "b.npy": bad}))
    yield made("npz-other-member", "w.npz", zip_of({"a.npy": numbers, "readme": bad}))
    yield made(
        "npz-duplicate",
        "w.npz",
        raw_zip(Entry("a.npy", numbers), Entry("a.npy", npy_with(head, bad))),
    )
    yield made("bare-pickle", "w.npy", bad)
    yield made("npy-gz", "w.npy.gz", gz(npy_with(head, bad)))
    yield made(
        "npy-header-bomb", "w.npy", npy_with("(" * 5000 + ")" * 5000), verdict=INCONCLUSIVE
    )
    yield made(
        "npy-shape-overflow",
        "w.npy",
        npy_with(npy_header("<f8", f"({2**62}, {2**62})")),
        verdict=INCONCLUSIVE,
    )
    yield made("npy-truncated", "w.npy", numbers[:-9], verdict=INCONCLUSIVE)
    dump = pickle.dumps(np.arange(3.0), 2)
    yield made(
        "pickled-array-then-call", "w.pkl", dump[:-1] + POP + system() + STOP, verdict=FAIL
    )
