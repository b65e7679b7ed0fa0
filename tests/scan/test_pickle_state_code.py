"""PKL009: text of the state that the class of an instance runs."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_state_code import DETECTOR
from samples import PROTOCOLS, found_by, scan_bytes

NORM = b"\x80\x02cscipy.stats._continuous_distns\nnorm_gen\n)\x81"
REBUILT = (
    b"ccopyreg\n_reconstructor\n(cscipy.stats._continuous_distns\nnorm_gen\n"
    b"cbuiltins\nobject\nNtR"
)
HONEST = """
def _parse_args(self, a, b,  loc=0, scale=1):
    return (a, b, ), loc, scale

def _parse_args_rvs(self, a, b,  loc=0, scale=1, size=None):
    return self._argcheck_rvs(a, b,  loc, scale, size=size)

def _parse_args_stats(self, a, b,  loc=0, scale=1, moments='mv'):
    return (a, b, ), loc, scale, moments
"""
EDITED = {
    "another text": "import os",
    "behind the definitions": HONEST + "\nprint(1)",
    "in front of them": "print(1)\n" + HONEST,
    "default that is a call": HONEST.replace("a, b,  loc=0", "a=print(1), loc=0", 1),
    "body that is a call": HONEST.replace("(a, b, ), loc", "print(a), loc", 1),
    "decorator": "@print" + HONEST,
}


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def pair(value: str) -> bytes:
    return text("_parse_arg_template") + text(value)


def state(*pairs: bytes) -> bytes:
    return b"}(" + b"".join(pairs) + b"u"


@pytest.mark.parametrize("instance", [NORM, REBUILT], ids=["NEWOBJ", "copyreg"])
@pytest.mark.parametrize("edit", EDITED)
def test_text_that_no_saver_writes_is_found(tmp_path: Path, instance: bytes, edit: str) -> None:
    """Every name here is listed, so that no other rule would fail the file."""
    data = instance + state(text("a") + b"K\x01", pair(EDITED[edit])) + b"b."
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.CRITICAL
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


FILLER = [text(f"k{i}") + b"K\x01" for i in range(100)]
HIDDEN = {
    "given twice": state(pair(HONEST), pair("import os")),
    "behind many attributes": state(pair(HONEST), *FILLER, pair("import os")),
    "under a key that a call makes": state(
        pair(HONEST), b"cnumpy\nstr_\n(" + text("_parse_arg_template") + b"tR" + text("x")
    ),
    "as pairs in a list": b"](" + pair("import os") + b"\x86e",
    "as pairs in a tuple": b"(" + pair("import os") + b"\x86t",
    "in what a call returns": b"ccollections\nOrderedDict\n(](" + pair("x") + b"\x86etR",
    "as what a call returns": state(text("_parse_arg_template") + b"cnumpy\nstr_\n(NtR"),
    "after an honest state": state(pair(HONEST)) + b"b" + state(pair("import os")),
    "with the same keys from the memo": (
        b"}"
        + text("_parse_arg_template")
        + b"q\0"
        + text(HONEST)
        + b"sb}h\0"
        + text("x")
        + b"s"
    ),
}


@pytest.mark.parametrize("trick", HIDDEN)
def test_the_text_cannot_be_hidden(trick: str) -> None:
    assert len(found_by(DETECTOR, NORM + HIDDEN[trick] + b"b.")) == 1


@pytest.mark.parametrize("trick", ["as pairs in a list", "as pairs in a tuple"])
def test_nor_in_an_instance_that_copyreg_makes(trick: str) -> None:
    assert len(found_by(DETECTOR, REBUILT + HIDDEN[trick] + b"b.")) == 1


def test_the_state_of_older_releases_is_no_text() -> None:
    keys = ("momtype", "a", "b", "xtol", "badvalue", "name", "longname", "shapes", "extradoc")
    old = b"(" + state(*(text(key) + b"N" for key in keys)) + b"Nt"
    assert found_by(DETECTOR, NORM + old + b"b.") == []
    assert len(found_by(DETECTOR, NORM + b"Nb.")) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_distributions_as_scipy_saves_them_are_left_alone(
    tmp_path: Path, protocol: int
) -> None:
    stats = pytest.importorskip("scipy.stats", reason="comes with scikit-learn")
    frozen = [
        stats.norm(0, 1),
        stats.beta(1, 2),
        stats.poisson(3),
        stats.uniform,
        stats.randint,
    ]
    result = scan_bytes(tmp_path, pickle.dumps(frozen, protocol))
    assert result.verdict is Verdict.PASS
