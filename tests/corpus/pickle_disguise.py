"""Pickles under other names, behind compression, and in files that are two things at once."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping

import lz4.frame
import zstandard

from corpus.opcodes import SYSTEM, Name, call, payload, pickle_of, proto, system
from corpus.sample import Family, Sample
from samples import polyglot, safetensors_of, tensor, zip_of

GROUP = "pickle-disguise"
_NAME = Family(GROUP, "outer extension", "CVE-2025-10155")
_PACKED = Family(GROUP, "compressed stream")
_TWO = Family(GROUP, "polyglot")


def tar_of(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def gz(data: bytes) -> bytes:
    """Gzip without a time."""
    return gzip.compress(data, mtime=0)


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    names = (
        "model.safetensors", "model.onnx", "model.gguf", "weights.h5", "model.keras", "data.json",
        "config.yaml", "README.md", "notes.txt", "picture.png", "weights.npy", "model.pb",
        "model.tflite", "model.joblib", "model.ckpt", "pytorch_model.bin", "tokenizer.model",
        "no-extension", ".hidden", "model.pkl.bak", "setup.cfg", "model.zip", "model.gz",
    )  # fmt: skip
    for number, name in enumerate(names):
        data = payload((0, 2, 4)[number % 3])
        yield _NAME(f"named-{name.strip('.').replace('.', '-').lower()}", name, data)
    yield from _packed()
    yield from _polyglots()


def _packed() -> Iterator[Sample]:
    data = payload(4)
    made = {
        "gz": gz(data), "bz2": bz2.compress(data), "xz": lzma.compress(data),
        "lzma": lzma.compress(data, format=lzma.FORMAT_ALONE), "zlib": zlib.compress(data),
        "zlib-fast": zlib.compress(data, 1), "zlib-best": zlib.compress(data, 9),
        "lz4": lz4.frame.compress(data), "zst": zstandard.compress(data),
        "gz-in-gz": gz(gz(data)), "gz-in-bz2": bz2.compress(gz(data)),
        "gz-two-members": gz(pickle.dumps({"w": 1}, 2)) + gz(data),
        "gz-with-tail": gz(pickle.dumps({"w": 1}, 2)) + data,
        "xz-two-streams": lzma.compress(pickle.dumps(1)) + lzma.compress(data),
        "zip": zip_of({"model.pkl": data}),
        "zip-deflated": zip_of({"model.pkl": data * 3}, method=zipfile.ZIP_DEFLATED),
        "zip-lzma": zip_of({"model.pkl": data}, method=zipfile.ZIP_LZMA),
        "zip-bz2": zip_of({"model.pkl": data}, method=zipfile.ZIP_BZIP2),
        "zip-in-zip": zip_of({"inner.zip": zip_of({"model.pkl": data})}),
        "zip-member-odd-name": zip_of({"notes.txt": data}),
        "tar": tar_of({"model.pkl": data}), "tar-gz": tar_of({"model.pkl": data}, "w:xz"),
        "tar-second": tar_of({"a.txt": b"hello", "model.pkl": data}),
        "gz-truncated": gz(data + bytes(range(256)) * 40)[:-20],
        "gz-bad-crc": gz(data)[:-8] + b"\0" * 8,
    }  # fmt: skip
    for title, packed in made.items():
        source = "CVE-2025-1889" if title == "zip-member-odd-name" else ""
        yield _PACKED(
            f"packed-{title}",
            f"model.pkl.{title.split('-', maxsplit=1)[0]}",
            packed,
            source=source,
        )


def _polyglots() -> Iterator[Sample]:
    inner = zip_of({"archive/data.pkl": pickle.dumps({"w": 1}, 2), "archive/version": b"3\n"})
    honest = safetensors_of({"w": tensor(0, 8)}, bytes(8))
    image = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0) + b"IEND\xaeB`\x82"
    magic = call(Name("builtins", "int"), "119547037146038801333356")
    made = {
        "pickle-then-zip": ("model.pt", payload() + inner),
        "pickle-then-honest-zip": ("model.zip", payload(4) + zip_of({"a.txt": b"x"})),
        "safetensors-is-pickle": ("model.safetensors", polyglot()),
        "safetensors-then-pickle": ("model.safetensors", honest + payload()),
        "png-then-pickle": ("picture.png", image + payload(4)),
        "pickle-of-json-look": ("config.json", b"(dp0\n" + system() + b"."),
        "magic-by-reduce": ("model.pt", pickle_of(magic) + pickle_of(system())),
        "magic-by-system": ("model.pt", pickle_of(system()) + pickle.dumps(1001, 2)),
        "gif-header-string": ("picture.gif", b"G" + b"IF89aXYZ" + b"0" + proto(2) + system() + b"."),
        "ascii-only": ("notes.txt", b"cos\nsystem\n(S'true'\ntR."),
        "newline-led-global": ("data.csv", b"(lp0\ncos\nsystem\n(S'true'\ntRa."),
        "int-led": ("numbers.txt", b"I42\n0cos\nsystem\n(S'true'\ntR."),
        "string-led": ("notes.txt", b"S'hello'\n0cos\nsystem\n(S'true'\ntR."),
        "none-led": ("model.bin", b"N0" + system() + b"."),
        "float-led": ("model.bin", b"G" + bytes(8) + b"0" + system() + b"."),
        "unicode-led": ("model.bin", b"X\x02\x00\x00\x00hi0" + system() + b"."),
        "padded-with-zeros": ("model.bin", payload() + bytes(4096)),
        "import-only-disguised": ("model.dat", b"cposix\nsystem\n."),
    }  # fmt: skip
    for title, (file, data) in made.items():
        yield _TWO(f"polyglot-{title}", file, data)
    yield _TWO(
        "polyglot-inst-first",
        "model.bin",
        b"(S'true'\ni" + f"{SYSTEM.module}\n{SYSTEM.name}\n.".encode(),
    )
