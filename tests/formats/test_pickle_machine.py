"""The pickle machine: what is computed while a stream runs is known without running it."""

from __future__ import annotations

import base64
import io
import pickle
import zlib

import joblib
import numpy as np
import pytest

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import MemorySource, Part, Reading
from modelkeep.formats.pickle_events import Import, PickleDocument, Result, Use
from modelkeep.formats.pickle_stream import read
from samples import bomb, budget

GETATTR = b"c__builtin__\ngetattr\n"
ORDERED = b"ccollections\nOrderedDict\n"


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def raw(value: bytes) -> bytes:
    return b"B" + len(value).to_bytes(4, "little") + value


def run(data: bytes) -> tuple[PickleDocument, list[Part]]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, PickleDocument)
    return reading.document, reading.parts


def imports(data: bytes) -> list[tuple[str, bool]]:
    return [(e.dotted, e.computed) for e in run(data)[0].events if isinstance(e, Import)]


def uses(data: bytes) -> list[Use]:
    return [e for e in run(data)[0].events if isinstance(e, Use)]


# Names that are put together


@pytest.mark.parametrize(
    "half",
    [
        b"coperator\nadd\n" + text("sys") + text("tem") + b"\x86R",
        b"coperator\nconcat\n" + text("sys") + text("tem") + b"\x86R",
        GETATTR + text("") + text("join") + b"\x86R(]" + text("sys") + b"a"
        + text("tem") + b"atR",
        GETATTR + text("") + text("join") + b"\x86R" + text("sys") + text("tem") + b"\x86\x85R",
        b"cbuiltins\nstr.join\n" + text("") + text("sys") + text("tem") + b"\x86\x86R",
        b"c_codecs\ndecode\n" + raw(b"system") + text("ascii") + b"\x86R",
        b"ccodecs\ndecode\n" + text("flfgrz") + text("rot13") + b"\x86R",
        b"cbuiltins\nstr\n" + raw(b"system") + text("ascii") + b"\x86R",
        b"cbuiltins\nbytes.decode\ncbase64\nb64decode\n" + text("c3lzdGVt") + b"\x85R\x85R",
        b"cbuiltins\nstr.replace\n" + text("sXstem") + text("X") + text("y") + b"\x87R",
        b"cbuiltins\nstr.lower\n" + text("SYSTEM") + b"\x85R",
    ],
    ids=["add", "concat", "join list", "join tuple", "str.join", "decode", "rot13", "str",
         "base64", "replace", "lower"],
)  # fmt: skip
def test_a_name_put_together_while_the_stream_runs_is_known(half: bytes) -> None:
    stream = b"\x80\x04" + text("os") + half + b"\x93)R."
    assert ("os.system", True) in imports(stream)
    assert ("os.system", "reduce") in [(u.target.dotted, u.how) for u in uses(stream)]


@pytest.mark.parametrize(
    ("lookup", "dotted"),
    [
        (GETATTR + b"cos\npath\n" + text("join") + b"\x86R", "os.path.join"),
        (GETATTR + b"c__builtin__\n__import__\n" + text("os") + b"\x85R" + text("system")
         + b"\x86R", "os.system"),
        (b"coperator\nattrgetter\n" + text("system") + b"\x85Rcposix\nsys\n\x85R",
         "posix.sys.system"),
        (b"cpkgutil\nresolve_name\n" + text("os:system") + b"\x85R", "os.system"),
        (b"cimportlib\nimport_module\n" + text("os") + b"\x85R", "os."),
    ],
    ids=["getattr", "__import__", "attrgetter", "resolve_name", "import_module"],
)  # fmt: skip
def test_a_call_that_looks_a_name_up_is_an_import(lookup: bytes, dotted: str) -> None:
    stream = b"\x80\x02" + lookup + b")R."
    assert dotted in [name for name, _ in imports(stream)]
    assert uses(stream)[-1].target == next(
        e for e in run(stream)[0].events if isinstance(e, Import) and e.dotted == dotted
    )


def test_a_method_called_by_name_is_a_call() -> None:
    stream = b"coperator\nmethodcaller\n" + text("system") + b"\x85Rcposix\nsys\n\x85R."
    assert uses(stream)[-1].target.dotted == "posix.sys.system"


def test_a_registered_extension_code_is_the_name_it_stands_for() -> None:
    register = b"ccopyreg\nadd_extension\n(" + text("os") + text("system") + b"K\x07tR0"
    assert imports(register + b"\x82\x07.") == [
        ("copyreg.add_extension", False),
        ("os.system", True),
    ]
    assert imports(b"\x82\x08.") == [("?.?", False)]


# Bytes that flow into a loader


@pytest.mark.parametrize(
    "wrapped",
    [
        raw(bomb()),
        b"c_io\nBytesIO\n" + raw(bomb()) + b"\x85R",
        b"cbase64\nb64decode\n" + raw(base64.b64encode(bomb())) + b"\x85R",
        b"czlib\ndecompress\n" + raw(zlib.compress(bomb())) + b"\x85R",
        b"c_codecs\nencode\n" + text(bomb().decode("latin-1")) + text("latin1") + b"\x86R",
    ],
    ids=["bytes", "BytesIO", "base64", "zlib", "latin1"],
)
@pytest.mark.parametrize("loader", ["pickle\nloads", "torch.storage\n_load_from_bytes"])
def test_bytes_that_a_loader_is_given_are_a_stream(wrapped: bytes, loader: str) -> None:
    _, parts = run(b"\x80\x03c" + loader.encode() + b"\n" + wrapped + b"\x85R.")
    (found,) = parts
    source = found.open()
    assert source.read(0, source.size) == bomb()
    assert found.member.startswith(loader.replace("\n", "."))


def test_bytes_too_long_to_fold_are_still_handed_out_from_their_text() -> None:
    data = bomb() + bytes(range(256)) * 70_000
    encoded = b"c_codecs\nencode\n" + text(data.decode("latin-1")) + text("latin1") + b"\x86R"
    _, (found,) = run(b"\x80\x02ctorch.storage\n_load_from_bytes\n" + encoded + b"\x85R.")
    source = found.open()
    assert (source.size, source.read(0, len(data))) == (len(data), data)


def test_text_that_is_run_is_a_stream_of_python() -> None:
    _, (found,) = run(b"c__builtin__\nexec\n" + text("print(1)") + b"\x85R.")
    assert (found.known, found.open().read(0, 9)) == ("python", b"print(1)")


# Calls and states


def test_a_use_knows_its_arguments_and_names_among_them_tell_uses_apart() -> None:
    reduce = b"ccopyreg\n_reconstructor\n"
    stream = reduce + b"q\0(cm\nA\nc__builtin__\nobject\nq\1Ntq\2R0h\0(cm\nB\nh\1NtR0h\0h\2R."
    found = [u for u in uses(stream) if u.target.dotted == "copyreg._reconstructor"]
    assert [[a.dotted for a in u.arguments if isinstance(a, Import)] for u in found] == [
        ["m.A", "builtins.object"],
        ["m.B", "builtins.object"],
    ]


def test_the_keys_of_a_state_are_known() -> None:
    state = b"}(" + text("a") + b"K\1" + text("__setstate__") + b"K\2u"
    (_, build) = uses(ORDERED + b")\x81" + state + b"b.")
    assert (build.how, build.keys) == ("build", ("a", "__setstate__"))
    assert build.target == Result(Import("collections", "OrderedDict", 0, "GLOBAL"), "newobj")
    (_, pair) = uses(ORDERED + b")\x81N" + state + b"\x86b.")
    assert pair.keys == ("a", "__setstate__")


def test_keys_given_early_and_far_apart_are_not_lost() -> None:
    planted = b"}q\0" + text("__setstate__") + b"K\2s0"
    padding = b"".join(b"}K\1K\1s0" for _ in range(60_000))
    (_, build) = uses(ORDERED + b")\x81q\1" + planted + padding + b"h\1h\0b.")
    assert build.keys == ("?",)


def test_a_call_of_what_a_call_returned_names_that_call() -> None:
    (_, call) = uses(ORDERED + b")R)R.")
    assert call.target.dotted == "collections.OrderedDict()"


# Numbers between the opcodes


@pytest.mark.parametrize(
    "dtype", ["f8", "i1", "?", "U3", "M8[ns]", "c16", [("a", "f4"), ("b", "S2")]]
)
@pytest.mark.parametrize("shape", [(3,), (2, 5), (0,), ()])
def test_arrays_of_joblib_are_stepped_over(dtype: object, shape: tuple[int, ...]) -> None:
    out = io.BytesIO()
    joblib.dump({"w": np.zeros(shape, dtype), "end": "here"}, out)  # type: ignore[call-overload]
    data = out.getvalue()
    found, parts = run(data)
    assert (found.end, parts) == (len(data), [])


def test_objects_in_an_array_of_joblib_are_a_pickle_in_line() -> None:
    out = io.BytesIO()
    joblib.dump({"w": np.array([{"a": 1}], dtype=object), "b": np.ones(3)}, out)
    assert run(out.getvalue())[0].end == len(out.getvalue())


def test_a_structure_with_objects_is_known_from_its_state_wherever_it_is_used() -> None:
    out = io.BytesIO()
    kind = np.dtype([("a", "O"), ("b", "f8")])
    joblib.dump([np.zeros(3, kind), np.zeros((2, 2), kind), np.ones(3)], out)
    assert run(out.getvalue())[0].end == len(out.getvalue())


def test_a_payload_behind_an_array_is_found() -> None:
    out = io.BytesIO()
    joblib.dump([np.arange(1000.0)], out)
    data = out.getvalue()
    stream = data[:-2] + b"0" + bomb()[2:]
    assert "posix.system" in [name for name, _ in imports(stream)]


def test_an_array_that_hides_its_length_is_refused() -> None:
    out = io.BytesIO()
    joblib.dump(np.arange(10.0), out)
    data = out.getvalue().replace(b"shape", b"shapf")
    with pytest.raises(MalformedArtifactError, match="how long"):
        run(data)


# Cost


def test_a_dictionary_that_refers_to_its_memo_costs_in_proportion_to_its_size() -> None:
    keys = [f"k{i}" for i in range(500)]
    steps = []
    for count in (200, 800):
        data = pickle.dumps([dict.fromkeys(keys, i) for i in range(count)], 4)
        source = Counting(data)
        read(source, budget(), Reading())
        steps.append(source.total / len(data))
    assert steps[1] <= steps[0] * 1.5


class Counting:
    """Counts the bytes that are read."""

    def __init__(self, data: bytes) -> None:
        self._data, self.total = data, 0

    @property
    def size(self) -> int:
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        part = self._data[offset : offset + length]
        self.total += len(part)
        return part


def test_shared_structure_is_never_expanded() -> None:
    bomb_of_tuples = b"\x80\x04)" + b"\x94h\0" * 1 + b"\x86" + b"".join(
        b"\x94h" + bytes([i]) + b"\x86" for i in range(1, 100)
    )  # fmt: skip
    assert run(bomb_of_tuples + ORDERED + b"h\x63R.")[0].end


def test_text_that_is_put_together_over_and_over_is_a_limit() -> None:
    piece = b"X" + (1 << 20).to_bytes(4, "little") + b"a" * (1 << 20)
    build = b"coperator\nadd\n" + piece + b"q\1" + text("b") + b"\x86Rq\2"
    stream = b"\x80\x04" + build + b"h\1h\2\x93" * 5_000 + b"."
    with pytest.raises(LimitExceededError):
        run(stream)
