"""Where a long assessment notes how far it got, so that a killed one continues.

Notes lie in the keep, in a folder named after everything the result depends on: model, data,
code, settings and version. Each is signed by the keep's key: a note that somebody else wrote
could call an attack finished that never ran, so it is as if it were not there.

Source: the notes are msgpack, which holds numbers and bytes and no code.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature

from modelkeep.evidence import Keep

_FOLDER: Final = "unfinished"
_NUMBERS: Final = "fiub"


class _Array(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class _Note(msgspec.Struct, frozen=True):
    run: str
    step: str
    arrays: dict[str, _Array]


class _Signed(msgspec.Struct, frozen=True):
    body: bytes
    signature: str


class Notebook:
    """Notes of one run; ``assess.Journal``."""

    def __init__(self, keep: Keep, depends_on: Mapping[str, Any]) -> None:
        text = json.dumps(depends_on, sort_keys=True, default=str)
        self._run = hashlib.sha256(text.encode()).hexdigest()
        self._folder = keep.root / _FOLDER / self._run[:32]
        self._key = keep.key

    def _path(self, step: str) -> Path:
        return self._folder / f"{hashlib.sha256(step.encode()).hexdigest()[:32]}.note"

    def read(self, step: str) -> Mapping[str, np.ndarray] | None:
        """What was noted under that name, ``None`` if nothing that can be believed."""
        try:
            signed = msgspec.msgpack.decode(self._path(step).read_bytes(), type=_Signed)
            public = self._key.public
            public.verifier().verify_signature(
                Signature(public.keyid, signed.signature), signed.body
            )
            note = msgspec.msgpack.decode(signed.body, type=_Note)
        except (OSError, msgspec.DecodeError, UnverifiedSignatureError):
            return None
        if (note.run, note.step) != (self._run, step):  # a true note, but of something else
            return None
        return {name: _array(found) for name, found in note.arrays.items()}

    def write(self, step: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Note arrays of numbers; the file is whole or not there."""
        packed = {name: _packed(np.asarray(found)) for name, found in arrays.items()}
        body = msgspec.msgpack.encode(_Note(self._run, step, packed))
        signature = self._key.signer().sign(body).signature
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(step)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(msgspec.msgpack.encode(_Signed(body, signature)))
        draft.replace(path)

    def forget(self) -> None:
        """The run is finished and recorded: its notes are of no more use."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _packed(array: np.ndarray) -> _Array:
    return _Array(array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes())


def _array(packed: _Array) -> np.ndarray:
    dtype = np.dtype(packed.dtype)
    if dtype.kind not in _NUMBERS or len(packed.data) != dtype.itemsize * math.prod(
        packed.shape
    ):
        raise ValueError(f"a note of {packed.dtype} {packed.shape}")  # signed, so our own error
    return np.frombuffer(packed.data, dtype).reshape(packed.shape)
