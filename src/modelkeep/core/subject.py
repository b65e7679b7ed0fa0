"""What a record is about, named by digest."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["model", "dataset", "code", "image", "run", "key"]


class Digest(msgspec.Struct, frozen=True):
    """Two digests of the same bytes, hex: one for interoperation, one for speed.

    Of a directory: over the raw file digests in the order of its manifest. A plain scan
    computes the fast one only and leaves ``sha256`` empty; a record is refused without it.
    What nobody can read, such as a model behind an address, has neither.
    """

    sha256: str
    blake3: str

    def __str__(self) -> str:
        if not self.sha256 and not self.blake3:
            return "no digest"
        return f"sha256:{self.sha256}" if self.sha256 else f"blake3:{self.blake3}"


class Subject(msgspec.Struct, frozen=True):
    """A model, data set, code, image, run or key, by digest; of a key that is its id."""

    kind: Kind
    name: str
    digest: Digest
