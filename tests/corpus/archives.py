"""Archives that write outside, link outside, or unpack without end."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from corpus.opcodes import (
    payload,
)
from corpus.pickle_disguise import gz, tar_of
from corpus.sample import INCONCLUSIVE, Family, Sample
from corpus.seven_zip import seven_zip_of
from corpus.torch_files import CLEAN
from samples import Entry, raw_zip, zip_of


def _archives() -> Iterator[Sample]:
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
    yield bomb("gz-bomb", "model.pkl.gz", gz(zeros))
    yield bomb(
        "zip-bomb",
        "model.zip",
        zip_of({"a": zeros}, method=zipfile.ZIP_DEFLATED),
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
    seven = Family("archive", "7z", "nullifAI")
    bad = payload()
    yield seven("seven-zip-pickle", "model.7z", seven_zip_of("model.pkl", bad))
    yield seven("seven-zip-torch", "model.pt", seven_zip_of("data.pkl", payload(4)))
    yield seven(
        "seven-zip-lzma2", "model.7z", seven_zip_of("a/model.pkl", bad * 40, packed=True)
    )
    yield seven("seven-zip-in-zip", "m.zip", zip_of({"m.7z": seven_zip_of("m.bin", bad)}))
    yield seven("seven-zip-broken", "model.pt", seven_zip_of("m.pkl", bad[:-1] + b"\xfe"))
    cut = seven_zip_of("notes.txt", bytes(64))[:-12]
    yield seven("seven-zip-cut", "model.7z", cut, verdict=INCONCLUSIVE)


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


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _archives()
