"""Files that only unpickling or a native parser opens: loaded confined, after the scan.

scikit-learn pickles and joblib files, skops, LightGBM text and CatBoost answer from the
child; a torch state dict comes back as arrays and fills an architecture of the user's.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from typing import Final

from modelkeep.core import InputError
from modelkeep.formats import Budget, MemorySource, Reading, formats
from modelkeep.models.confined import Child, ConfinedModel
from modelkeep.models.extras import need
from modelkeep.models.interface import Loaded, Request
from modelkeep.models.torch_module import build
from modelkeep.sources import read_unchanged

PICKLED: Final = ("pickle", "gzip", "bzip2", "xz", "lzma", "zlib", "lz4", "zfile")


def _bytes(request: Request, formats: tuple[str, ...]) -> tuple[str, bytes]:
    shown = request.file_of(*formats) or ""
    return shown, read_unchanged(request.path(shown), request.sha256(shown))


def _answering(kind: str, data: bytes) -> Loaded:
    model = ConfinedModel(kind, data)
    return Loaded(model, notes=(model.note,))


def load_pickled(request: Request) -> Loaded:
    """A scikit-learn pickle or joblib file, packed or not.

    Raises:
        InputError: a name that the tables do not list, or no classifier in it.
        EvidenceError: the bytes changed since they were scanned.
    """
    shown, data = _bytes(request, PICKLED)
    if request.code is not None and request.code.factory:
        return _state(request, data)
    if request.formats[shown] != "pickle":
        data = _unpacked(shown, data)
    return _answering("scikit-learn", data)


def _unpacked(shown: str, data: bytes) -> bytes:
    """What joblib packed, unpacked by the same bounded readers that the scan used."""
    reading = Reading()
    source = MemorySource(data)
    for known in formats().values():
        if known.name in PICKLED and known.name != "pickle" and known.looks_like(source):
            known.read(source, Budget(), reading)
            break
    if len(reading.parts) != 1:
        raise InputError(f"{shown}: {len(reading.parts)} streams are packed in it, not one")
    inner = reading.parts[0].open()
    return inner.read(0, inner.size)


def load_archive(request: Request) -> Loaded:
    """A zip: a skops file, or a torch checkpoint with a state dict.

    Raises:
        InputError: neither, or refused.
        EvidenceError: the bytes changed since they were scanned.
    """
    shown, data = _bytes(request, ("zip",))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {PurePosixPath(name).name for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise InputError(f"{shown}: {error}") from error
    if "schema.json" in names:
        return _answering("skops", data)
    if "data.pkl" in names:
        return _state(request, data)
    raise InputError(f"{shown}: neither a skops file nor a torch checkpoint")


def _state(request: Request, data: bytes) -> Loaded:
    torch = need("torch", "a torch checkpoint")
    child = Child("torch-state", data)
    arrays, note = child.arrays, f"torch-state: read in a child held by {child.confined_by}"
    child.close()
    weights = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    built = build(request, weights, "the checkpoint")
    return Loaded(built.model, built.code, (*built.notes, note))


def load_lightgbm(request: Request) -> Loaded:
    """A LightGBM text model.

    Raises:
        InputError: LightGBM refuses it, or it is no classifier.
        EvidenceError: the bytes changed since they were scanned.
    """
    return _answering("lightgbm", _bytes(request, ("lightgbm",))[1])


def load_catboost(request: Request) -> Loaded:
    """A CatBoost binary model.

    Raises:
        InputError: CatBoost refuses it, or it is no classifier.
        EvidenceError: the bytes changed since they were scanned.
    """
    return _answering("catboost", _bytes(request, ("catboost",))[1])
