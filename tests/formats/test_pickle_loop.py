"""The made file is what its script makes, and covers every opcode there is."""

from __future__ import annotations

import pickletools
import subprocess
import sys
from pathlib import Path

import pytest

from modelkeep.core import MalformedArtifactError
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.pickle_stream import read
from samples import budget

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "make_pickle_loop.py"


def test_the_loop_is_the_one_that_the_script_makes() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], check=False, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("info", pickletools.opcodes, ids=lambda info: info.name)
def test_every_opcode_is_known(info: pickletools.OpcodeInfo) -> None:
    data = b"N" * 4 + info.code.encode("latin-1") + bytes(20)
    message = ""
    try:
        read(MemorySource(data), budget(), Reading())
    except MalformedArtifactError as error:
        message = str(error)
    assert f"no opcode {info.code.encode('latin-1')!r} at 0x4" not in message


@pytest.mark.parametrize(
    "code", sorted(set(range(256)) - {ord(i.code) for i in pickletools.opcodes})
)
def test_what_is_no_opcode_is_refused(code: int) -> None:
    with pytest.raises(MalformedArtifactError, match="no opcode"):
        read(MemorySource(bytes([code])), budget(), Reading())
