"""joblib and NumPy files that carry a pickle besides or behind the numbers."""

from __future__ import annotations

import bz2
import lzma
import pickle
import zipfile
import zlib
from collections.abc import Iterator

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
)
from corpus.pickle_disguise import gz
from corpus.sample import FAIL, INCONCLUSIVE, Family, Sample
from corpus.torch_files import CLEAN
from samples import Entry, npy_header, npy_with, raw_zip, zip_of

FLOAT64 = build(
    call(Name("numpy", "dtype"), "f8", False, True),
    (3, "<", None, None, None, -1, -1, 0),
)


def wrapper(shape: tuple[int, ...], dtype: object, *, allow_mmap: bool = True) -> Code:
    """How joblib writes that an array's bytes follow."""
    kind = Name("joblib.numpy_pickle", "NumpyArrayWrapper")
    state = {"subclass": Name("numpy", "ndarray"), "shape": shape, "order": "C", "dtype": dtype,
             "allow_mmap": allow_mmap, "numpy_array_alignment_bytes": 16}  # fmt: skip
    return build(instance(kind), state)


def _joblib() -> Iterator[Sample]:
    made = Family("joblib", "joblib")
    objects = build(
        call(Name("numpy", "dtype"), "O8", False, True), (3, "|", None, None, None, -1, -1, 63)
    )
    array = b"\x0f" + b"\xff" * 15 + bytes(range(16))  # its padding, then two numbers
    plain = proto(2) + system() + STOP
    after = (
        proto(2)
        + b"}"
        + unicode32("a")
        + wrapper((2,), FLOAT64)
        + array
        + b"s"
        + unicode32("b")
        + system()
        + b"s."
    )
    bodies = {
        "plain": plain, "after-raw-array": after,
        "after-two-arrays": proto(2) + b"(" + (wrapper((2,), FLOAT64) + array) * 2 + system() + b"t.",
        "second-pickle": CLEAN + plain,
        "object-array": proto(2) + wrapper((1,), objects) + payload() + STOP,
        "object-array-in-dict": proto(2) + b"}" + unicode32("a") + wrapper((1,), objects) + payload() + b"s.",
        "dtype-by-call": proto(2) + wrapper((1,), system()) + bytes(16) + STOP,
        "subclass-os": pickle_of(build(instance(Name("joblib.numpy_pickle", "NumpyArrayWrapper")),
            {"subclass": Name("os", "system"), "shape": (), "dtype": FLOAT64, "order": "C", "allow_mmap": False})),
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


def _two_readings() -> Iterator[Sample]:
    """What joblib takes for the padding or numbers of an array, ``pickle.load`` runs."""
    made = Family("joblib", "polyglot")
    head = proto(2) + wrapper((8,), FLOAT64)
    hidden = system() + STOP
    padding = POP + hidden.ljust(48, b"N") + bytes(64)  # POP is also the length 48
    numbers = POP + b"N" * 48 + hidden.ljust(64, b"N")
    for title, block in {"padding": padding, "numbers": numbers}.items():
        yield made(f"joblib-opcodes-in-{title}", "model.joblib", head + block + STOP)
        yield made(f"joblib-opcodes-in-{title}-gz", "model.pkl.gz", gz(head + block + STOP))


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


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _joblib()
    yield from _two_readings()
    yield from _numpy()
