"""PKL001: what it must catch, what it must leave alone, how it must fail."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import pathlib
import pickle
import pickletools
import struct
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import Finding, Severity, Verdict
from modelkeep.scan.pickle_import import DETECTOR
from samples import (
    PAYLOAD,
    PROTOCOLS,
    bomb,
    found_by,
    npy_header,
    npy_of,
    npy_with,
    polyglot,
    raw_zip,
    scan_bytes,
    zip_of,
)


def found(data: bytes, **more: object) -> list[Finding]:
    return found_by(DETECTOR, data, **more)  # type: ignore[arg-type]


def names(data: bytes) -> list[str]:
    return [finding.evidence["import"] for finding in found(data)]


def importing(name: str) -> bytes:
    module, _, attribute = name.rpartition(".")
    return f"c{module}\n{attribute}\n.".encode()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_call_of_os_system_is_critical_in_every_protocol(protocol: int) -> None:
    (finding,) = found(bomb(protocol))
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["import"].endswith(".system")
    assert "would run" in finding.message


@pytest.mark.parametrize(
    "name",
    [
        *("os.system", "posix.system", "subprocess.Popen", "builtins.eval", "builtins.getattr"),
        *("importlib.import_module", "runpy.run_path", "shutil.rmtree", "socket.socket"),
        *("operator.methodcaller", "pickle.loads", "ctypes.CDLL", "numpy.os.system"),
        *("pip.main", "webbrowser.open", "asyncio.run"),
    ],
)
def test_a_name_that_reaches_the_system_is_critical(name: str) -> None:
    (finding,) = found(importing(name))
    assert (finding.evidence["import"], finding.severity) == (name, Severity.CRITICAL)


@pytest.mark.parametrize(
    "name",
    [
        *("my_package.Model", "torch.hub.load", "functools.partial", "collections.defaultdict"),
        *(
            "collections.OrderedDict.fromkeys",
            "numpy.testing.runstring",
            "collectionsx.Counter",
        ),
    ],
)
def test_any_other_name_that_is_not_listed_is_high(name: str) -> None:
    (finding,) = found(importing(name))
    assert (finding.evidence["import"], finding.severity) == (name, Severity.HIGH)


@pytest.mark.parametrize("written", ["__builtin__ eval", "commands getoutput", "builtins eval"])
def test_names_of_python_2_are_judged_as_python_3_finds_them(written: str) -> None:
    (finding,) = found(b"c" + written.replace(" ", "\n").encode() + b"\n.")
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["import"].startswith(("builtins.", "subprocess."))


def test_each_name_is_reported_once_where_it_first_stands() -> None:
    data = b"(cos\nsystem\ncos\nsystem\ncos\npopen\nt."
    assert [(f.location.offset, f.evidence["import"]) for f in found(data)] == [
        (1, "os.system"),
        (23, "os.popen"),
    ]


def test_the_user_allows_exact_names_only() -> None:
    allow = ("my_package.Model",)
    assert found(importing("my_package.Model"), allow=allow) == []
    for other in ("my_package.Model2", "my_package.Model.load", "my_package.sub.Model"):
        assert len(found(importing(other), allow=allow)) == 1


def test_the_fingerprint_ignores_the_byte_offset() -> None:
    (near,) = found(bomb())
    (far,) = found(pickle.dumps(["x" * 999], 4)[:-1] + b"0" + bomb())
    assert near.location != far.location
    assert near.fingerprint == far.fingerprint


WRAPPED = {
    "second pickle": pickle.dumps(1) + bomb(),
    "behind broken bytes": PAYLOAD[:-1] + b"\xff",
    "archive": zip_of({"data.pkl": bomb()}),
    "archive in archive": zip_of({"a.zip": zip_of({"b": bomb()})}),
    "in front of an archive": bomb() + zip_of({"a": b"x"}),
    "behind an archive": zip_of({"a": b"x"}) + bomb(),
    "behind a pickle": pickle.dumps(1) + zip_of({"b": bomb()}),
    "array": npy_of(np.array([1], dtype=object))[:128] + bomb(),
    "array whose type is spelt out": npy_with(npy_header("object"), bomb()),
    "broken end of an archive": bomb(2) + b"PK\5\6" + b"\xff" * 18,
    "safetensors": polyglot(),
    "hexadecimal number": b"I0x1\n0" + PAYLOAD,
    "memo slot written 00": b"Np00\n0" + PAYLOAD,
    "behind 64 KiB without protocol": b"X"
    + struct.pack("<I", 1 << 17)
    + b"a" * (1 << 17)
    + b"0"
    + PAYLOAD,
    "without protocol and broken": b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R\xff",
    "behind an empty archive": raw_zip() + bomb(),
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_a_payload_is_found_wrapped_as(tmp_path: Path, wrapping: str) -> None:
    result = scan_bytes(tmp_path, WRAPPED[wrapping])
    assert "PKL001" in {finding.rule.id for finding in result.findings}
    assert result.verdict is Verdict.FAIL


def test_the_polyglot_is_what_it_claims_to_be() -> None:
    """Else the case above would pass for the wrong reason."""
    opcodes = [(op.name, arg) for op, arg, _ in pickletools.genops(polyglot())]
    assert ("GLOBAL", "os system") in opcodes
    assert opcodes[-1] == ("STOP", None)
    library = pytest.importorskip("safetensors")
    ((name, entry),) = library.deserialize(polyglot())
    assert (name, bytes(entry["data"]).endswith(PAYLOAD)) == ("w", True)


def test_a_truncated_pickle_is_inconclusive_and_a_truncated_payload_fails(
    tmp_path: Path,
) -> None:
    clean = scan_bytes(tmp_path, pickle.dumps({"w": [1.0]})[:-1])
    assert (clean.verdict, clean.findings) == (Verdict.INCONCLUSIVE, ())
    attack = scan_bytes(tmp_path, bomb()[:-1])
    assert attack.verdict is Verdict.FAIL
    assert "broken pickle" in attack.reason


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
    max_leaves=10,
)


@settings(max_examples=50)
@given(plain)
def test_plain_data_never_raises_a_finding(value: object) -> None:
    for protocol in PROTOCOLS:
        assert found(pickle.dumps(collections.OrderedDict(value=value), protocol)) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset({1}),
        bytearray(b"x"),
        b"raw",
        1j,
        range(3),
        slice(1, 2),
        collections.Counter("ab"),
        collections.deque([1]),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        dt.timedelta(1),
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=7),
        pathlib.PurePosixPath("a/b"),
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.ones((2, 2), "f4")),
        np.float32(1),
        np.dtype("i4,f8"),
        np.array(["a", None], dtype=object),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_saves_of_plain_data_import_is_listed(value: object, protocol: int) -> None:
    assert names(pickle.dumps(value, protocol)) == []
