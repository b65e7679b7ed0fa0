"""Save tiny models and data with the real libraries and pack them: ``make_benign.py [OUT]``.

Runs in an environment of its own with the libraries installed::

    pip install numpy pandas scipy scikit-learn joblib lz4 zstandard safetensors onnx skl2onnx \
        skops xgboost-cpu lightgbm catboost gguf h5py torch keras mlflow-skinny transformers

``benign.tar.xz`` next to this script then holds every save and ``manifest.json``, which names
the library and version of each. Nothing saved is loaded again.
"""

from __future__ import annotations

import importlib
import io
import json
import lzma
import os
import sys
import tarfile
import tempfile
from pathlib import Path

os.environ.update(KERAS_BACKEND="torch", PROMPTFOO_DISABLE_TELEMETRY="1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus.saves.shelf import Shelf

MODULES = ("plain", "estimators", "tensors", "boosters", "repositories")
PACKED = Path(__file__).with_name("benign.tar.xz")


def pack(folder: Path, shelf: Shelf) -> bytes:
    """All files and the manifest as one archive, without times or owners."""
    out = io.BytesIO()
    manifest = json.dumps(shelf.rows, indent=1).encode()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                _add(archive, path.relative_to(folder).as_posix(), path.read_bytes())
        _add(archive, "manifest.json", manifest)
    return lzma.compress(out.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def main() -> int:
    """Run from the command line; module names as arguments make only these, unpacked."""
    chosen = sys.argv[1:]
    with tempfile.TemporaryDirectory() as made:
        shelf = Shelf(Path(made))
        for name in chosen or MODULES:
            importlib.import_module(f"corpus.saves.{name}").save(shelf)
        packed = pack(Path(made), shelf)
    sys.stderr.write(f"{len(shelf.rows)} saves, {len(packed)} bytes packed\n")
    if not chosen:
        PACKED.write_bytes(packed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
