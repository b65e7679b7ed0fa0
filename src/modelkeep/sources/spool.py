"""A stream that can be read only once, kept in a private file while it is looked at."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

_CHUNK: Final = 4 << 20
NAME: Final = "stdin"


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[Path]:
    """A file named ``stdin`` with everything the stream has; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="modelkeep-") as folder:
        path = Path(folder) / NAME
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file, _CHUNK)
        yield path
