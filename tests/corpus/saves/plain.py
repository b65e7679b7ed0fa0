"""Pickles of plain Python, NumPy, pandas and SciPy data in every protocol."""

from __future__ import annotations

import argparse
import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import operator
import pathlib
import pickle
import random
import re
import types
import uuid
import zoneinfo

import numpy as np
import pandas as pd
from scipy import interpolate, sparse, spatial, stats

from corpus.saves.shelf import Shelf, in_main

PLAIN = {"weights": [1, 2.5, None, True], "name": "café", "raw": b"\0\xff", "big": 1 << 70}


class Stage(enum.Enum):
    """A user's enumeration."""

    TRAIN = "train"
    TEST = "test"


class Flags(enum.IntFlag):
    """A user's flags."""

    A = 1
    B = 2


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - users write it this way


@dataclasses.dataclass
class Config:
    """A user's settings."""

    lr: float = 0.1
    layers: list[int] = dataclasses.field(default_factory=lambda: [3, 4])
    stage: Stage = Stage.TRAIN


class Vocabulary:
    """A user's class with slots and a state of its own."""

    __slots__ = ("index", "words")

    def __init__(self) -> None:
        self.words = ["os.system", "eval(", "hello"]
        self.index = {word: at for at, word in enumerate(self.words)}

    def __getstate__(self) -> dict[str, object]:
        """What is saved."""
        return {"words": self.words}

    def __setstate__(self, state: dict[str, object]) -> None:
        """What is restored."""
        self.words = state["words"]


def save(shelf: Shelf) -> None:
    """Write all saves of this module."""
    in_main(Stage, Flags, Point, Config, Vocabulary)
    _python(shelf)
    _numpy(shelf)
    _pandas(shelf)
    _scipy(shelf)


def _python(shelf: Shelf) -> None:
    utc = dt.timezone.utc  # noqa: UP017 - as older code writes it
    shared: list[object] = [1, 2]
    shared.append(shared)
    made: dict[str, object] = {
        "datetimes": [dt.datetime(2026, 1, 2, 3, 4, tzinfo=utc), dt.date(2026, 1, 2),
                      dt.timedelta(days=3), dt.time(4, 5)],
        "zone": dt.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo("UTC")),
        "enum": Stage.TEST, "flags": Flags.A | Flags.B, "namedtuple": Point(1, 2),
        "dataclass": Config(), "slots": Vocabulary(),
        "namespace": argparse.Namespace(lr=0.1, device="cuda:0", cmd="python train.py --eval"),
        "simple-namespace": types.SimpleNamespace(a=1, b=[2]),
        "partial": functools.partial(int, base=16),
        "getters": [operator.itemgetter(1), operator.attrgetter("shape"), len, max, sorted],
        "collections": [collections.OrderedDict(a=1), collections.Counter("banana"),
                        collections.defaultdict(list, {"a": [1]}), collections.deque([1], 5),
                        collections.ChainMap({"a": 1})],
        "defaultdicts": [collections.defaultdict(int), collections.defaultdict(dict),
                         collections.defaultdict(float), collections.defaultdict(set)],
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1 + 2j, 2**200, -(2**80)],
        "paths": [pathlib.PurePosixPath("a/b"), pathlib.PosixPath("/tmp/x")],
        "uuid": uuid.UUID(int=5), "ip": ipaddress.ip_address("10.0.0.1"),
        "regex": re.compile(r"\w+|[^\w\s]", re.IGNORECASE),
        "random-state": random.Random(3).getstate(), "random": random.Random(3),
        "sets": [{1, 2}, frozenset({"a"}), range(3), slice(1, 2)],
        "array": array.array("d", [1.0, 2.0]), "bytearray": bytearray(b"abc"),
        "bytesio": io.BytesIO(b"abc"), "stringio": io.StringIO("abc"),
        "recursive": shared, "exception": ValueError("bad learning rate"),
        "types": [int, str, dict, float, list, type(None), object, bytes],
        "text-that-looks-bad": {"log": "os.system('rm -rf /'); eval(x); __import__('os')",
                                "module": "subprocess", "name": "Popen", "cos": "\nsystem\n"},
        "bytes-that-look-bad": {"sample": b"cos\nsystem\n", "blob": bytes(range(256)) * 20},
        "numbers-that-look-bad": [0x2E52_85, 0x80, 0x63, 99, 46, 82, 8388610],
        "large-list": list(range(5000)), "large-dict": {str(i): i / 7 for i in range(1500)},
        "deep": functools.reduce(lambda inner, _: [inner], range(60), []),
        "many-strings": [f"token_{i}" for i in range(3000)],
        "empty": {}, "none": None, "true": True, "text": "hello", "float": 0.1, "long-text": "a" * 9000,
    }  # fmt: skip
    for number, (name, what) in enumerate(made.items()):
        shelf.pickle("pickle-basic", name, what, "python", (4, 2, 5, 3, 4, 1, 0)[number % 7]
                     if name not in {"slots", "exception"} else 4)  # fmt: skip
    for protocol in range(6):
        shelf.pickle("pickle-basic", f"plain-protocol-{protocol}", PLAIN, "python", protocol)
    two = pickle.dumps(PLAIN, 2) + pickle.dumps([1, 2], 4)
    shelf.bytes("pickle-basic", "two-pickles", "log.pkl", "python", two)
    buffers: list[pickle.PickleBuffer] = []
    out = pickle.dumps(np.arange(40.0), 5, buffer_callback=buffers.append)
    shelf.bytes("pickle-basic", "out-of-band", "array.pkl", "numpy", out)


def _numpy(shelf: Shelf) -> None:
    generator = np.random.default_rng(0)
    record = np.zeros(3, dtype=[("a", "<i4"), ("b", "<U4"), ("c", "<f8", (2,))])
    made: dict[str, object] = {
        "float32": generator.random((4, 5), dtype="float32"), "int8": np.arange(100, dtype="i1"),
        "bool": np.array([True, False]), "complex": np.array([1 + 2j]),
        "big-endian": np.arange(5, dtype=">i4"), "fortran": np.asfortranarray(np.ones((3, 4))),
        "structured": record, "datetime64": np.array(["2026-01-01"], dtype="M8[D]"),
        "strings": np.array(["os.system", "b"]), "bytes": np.array([b"abc", b"d"]),
        "objects": np.array([{"a": 1}, [2], "x", None], dtype=object),
        "object-arrays": np.array([np.arange(3), np.arange(2)], dtype=object),
        "scalars": [np.float32(1.5), np.int64(3), np.bool_(1), np.str_("a"), np.datetime64("2026")],
        "dtype": np.dtype("<f4"), "masked": np.ma.masked_array([1, 2], [0, 1]),
        "generator": np.random.default_rng(3), "random-state": np.random.RandomState(3),
        "matrix": np.asmatrix(np.eye(2)), "ufunc": np.add, "types": [np.float32, np.ndarray],
        "zero-d": np.array(5.0), "empty": np.zeros((0, 3)), "polynomial": np.polynomial.Polynomial([1, 2]),
        "functions": [np.mean, np.log1p, np.exp],
    }  # fmt: skip
    for number, (name, what) in enumerate(made.items()):
        shelf.pickle("numpy-pickle", name, what, "numpy", (4, 2, 3, 5, 0)[number % 5])
    for name in ("float32", "int8", "complex", "structured", "strings", "objects", "zero-d",
                 "empty", "fortran", "datetime64", "big-endian", "object-arrays"):  # fmt: skip
        np.save(shelf.place("numpy", f"npy-{name}", "array.npy", "numpy"), made[name])
    np.savez(shelf.place("numpy", "npz", "arrays.npz", "numpy"), a=made["float32"], b=record)
    np.savez_compressed(
        shelf.place("numpy", "npz-compressed", "arrays.npz", "numpy"), w=np.zeros((50, 50))
    )
    np.savez(shelf.place("numpy", "npz-objects", "data.npz", "numpy"), x=made["objects"])
    np.savetxt(shelf.place("text", "savetxt", "data.csv", "numpy"), np.eye(4), delimiter=",")
    with shelf.place("numpy", "npy-two-in-one", "log.npy", "numpy").open("wb") as file:
        np.save(file, np.arange(3))
        np.save(file, np.arange(4))


def _pandas(shelf: Shelf) -> None:
    frame = pd.DataFrame(
        {"i": [1, 2, 3], "f": [0.1, None, 2], "s": ["a", "b", None], "b": [True, False, True]}
    )
    wide = frame.assign(
        when=pd.to_datetime(["2026-01-01", "2026-01-02", None]),
        zoned=pd.to_datetime(["2026-01-01"] * 3, utc=True),
        cat=pd.Categorical(["x", "y", "x"]),
        gap=pd.array([1, None, 3], dtype="Int64"),
        delta=pd.to_timedelta([1, 2, 3], "h"),
        text=pd.array(["a", "b", None], dtype="string"),
        period=pd.period_range("2026", periods=3, freq="M"),
        between=pd.interval_range(0, 3),
        flag=pd.array([True, None, False], dtype="boolean"),
        objects=[{"a": 1}, [2], (3,)],
    )
    indexed = frame.set_index(["i", "s"])
    made: dict[str, object] = {
        "frame": frame, "frame-wide": wide, "frame-multi-index": indexed, "series": frame["f"],
        "index": pd.Index(["a", "b"]), "range-index": pd.RangeIndex(5),
        "date-index": pd.date_range("2026-01-01", periods=4, freq="D"),
        "timestamp": pd.Timestamp("2026-01-01", tz="UTC"), "timedelta": pd.Timedelta("1 day"),
        "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])), "na": [pd.NA, pd.NaT],
        "interval": pd.Interval(0, 1), "category-dtype": pd.CategoricalDtype(["a", "b"]),
        "offset": pd.offsets.BDay(2), "frame-empty": pd.DataFrame(),
        "dict-of-frames": {"train": frame, "test": wide},
    }  # fmt: skip
    for number, (name, what) in enumerate(made.items()):
        shelf.pickle("pandas-scipy", name, what, "pandas", (4, 5, 2, 3)[number % 4])
    for packing in ("gzip", "bz2", "zip", "xz", "tar", "zstd"):
        path = shelf.place(
            "pandas-scipy", f"to-pickle-{packing}", f"frame.pkl.{packing}", "pandas"
        )
        wide.to_pickle(path, compression=packing)
    wide[["i", "f", "s"]].to_csv(shelf.place("text", "to-csv", "frame.csv", "pandas"))
    frame.to_json(shelf.place("text", "to-json", "frame.json", "pandas"))
    frame.to_json(
        shelf.place("text", "json-lines", "f.jsonl", "pandas"), orient="records", lines=True
    )


def _scipy(shelf: Shelf) -> None:
    matrix = sparse.random(20, 20, 0.1, "csr", random_state=0)
    points = np.random.default_rng(0).random((30, 2))
    made: dict[str, object] = {
        "csr": matrix, "csc": matrix.tocsc(), "coo": matrix.tocoo(), "lil": matrix.tolil(),
        "dok": matrix.todok(), "csr-array": sparse.csr_array(matrix),
        "kdtree": spatial.KDTree(points), "interp1d": interpolate.interp1d([0, 1], [1, 2]),
        "spline": interpolate.CubicSpline([0, 1, 2], [1, 2, 0]), "norm": stats.norm,
        "frozen-norm": stats.norm(1, 2), "rotation": spatial.transform.Rotation.identity(),
        "delaunay-points": points, "gaussian-kde": stats.gaussian_kde(points[:, 0]),
    }  # fmt: skip
    for number, (name, what) in enumerate(made.items()):
        shelf.pickle("pandas-scipy", f"scipy-{name}", what, "scipy", (4, 2, 5)[number % 3])
    sparse.save_npz(shelf.place("numpy", "sparse-npz", "matrix.npz", "scipy"), matrix)
