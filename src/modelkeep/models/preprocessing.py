"""A sealed preprocessing profile, applied: rows are scaled as in training, or refused.

Whoever can change a scaler changes the model: a factor of ten in one column turns every
prediction. The profile is a document with a digest over all of it, which a signature or a
statement names; a scaler that is not the sealed one has another digest. And a model answers
outside of what it was trained on with great certainty: a row whose value lies out of range,
or is no number, is refused with the column and the bounds, not clipped.

Source: RFC 8785 for the bytes that are hashed.
"""

from __future__ import annotations

import hashlib
import math
from typing import Final, Literal

import msgspec
import numpy as np
import rfc8785

from modelkeep.core import EvidenceError, InputError

VERSION: Final = 1
_SHOWN: Final = 5


class Scaler(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column: what is taken off, what it is divided by, and the range it may lie in."""

    column: str
    centre: float
    scale: float
    low: float
    high: float


class PreprocessingProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How rows are made ready for a model.

    Attributes:
        version: of this form; 1.
        method: ``standard`` (mean, deviation), ``robust`` (median, quartile span) or
            ``minmax`` (least value, span).
        data_sha256: digest of the data it was fitted on.
        data_root: root of that data's seal.
        columns: in the order of a row's values.
    """

    version: int
    method: Literal["standard", "robust", "minmax"]
    data_sha256: str
    data_root: str
    columns: tuple[Scaler, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over every field, hex."""
        return hashlib.sha256(rfc8785.dumps(msgspec.to_builtins(self))).hexdigest()

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Scale rows.

        Args:
            rows: shape ``(rows, columns)``, in the units of the data.

        Returns:
            Shape ``(rows, columns)``, float32.

        Raises:
            InputError: another number of columns, or a value that is no number or out of
                range.
        """
        if rows.ndim != 2 or rows.shape[1] != len(self.columns):  # noqa: PLR2004 - a table
            raise InputError(f"rows of shape {rows.shape}, want (n, {len(self.columns)})")
        values = rows.astype(np.float64)
        low, high, centre, scale = (
            np.array([getattr(column, name) for column in self.columns])
            for name in ("low", "high", "centre", "scale")
        )
        inside = (values >= low) & (values <= high)  # NaN is not
        if not inside.all():
            raise InputError(
                self._refusal(values, inside), "Correct the input; do not clip it."
            )
        scaled: np.ndarray = ((values - centre) / scale).astype(np.float32)
        return scaled

    def _refusal(self, values: np.ndarray, inside: np.ndarray) -> str:
        said = []
        for row, place in np.argwhere(~inside)[:_SHOWN].tolist():
            column = self.columns[place]
            said.append(
                f"row {row}: {column.column} is {values[row, place]:g}, "
                f"want {column.low:g} to {column.high:g}"
            )
        more = int((~inside).sum()) - len(said)
        return "; ".join(said) + (f"; and {more} more" if more else "")


def parse_profile(data: bytes, sha256: str) -> PreprocessingProfile:
    """Read a profile and make sure that it is the one that was sealed.

    Args:
        data: the document.
        sha256: digest a trusted record names.

    Raises:
        InputError: not a profile.
        EvidenceError: another profile than the sealed one.
    """
    try:
        found = msgspec.json.decode(data, type=PreprocessingProfile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not a preprocessing profile ({error})") from error
    sound = all(
        column.scale > 0
        and column.low <= column.high
        and all(map(math.isfinite, (column.centre, column.scale, column.low, column.high)))
        for column in found.columns
    )
    if found.version != VERSION or not sound or not found.columns:
        raise InputError(f"not a preprocessing profile of version {VERSION}")
    if found.digest != sha256:
        raise EvidenceError(
            f"the preprocessing profile has digest {found.digest[:16]}, "
            f"sealed was {sha256[:16]}"
        )
    return found
