"""Adversarial points on disk, and what a second look at them finds.

A file holds, row by row, ``x`` (clean), ``x_adv``, ``label``, ``prediction`` and ``norm`` (the
distance, in units of ``scale``), beside the threat they were found under. Whoever reads it
believes none of that: the model is asked again and the distance is measured again.

Source: NumPy's ``.npz``; arrays that would have to be unpickled are refused.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from modelkeep.assess.interface import Adversarial
from modelkeep.assess.radius import Space
from modelkeep.assess.threat import Threat, parse_threat
from modelkeep.core import Digest, InputError, Subject
from modelkeep.models import Column, Dataset, Model

_ARRAYS: Final = ("x", "x_adv", "label", "prediction", "norm")
_SETTING: Final = ("threat", "scale", "floor", "ceiling", "columns")
_TOLERANCE: Final = 1e-4  # between a stored distance and the measured one, as a share


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a second look found, one entry per row.

    Attributes:
        threat: the threat the file names.
        right: the model answers the clean row with its label.
        wrong: the model answers the adversarial row with another class.
        as_stored: that class is the stored prediction.
        near: the adversarial row lies within the threat, and where the data lie.
        measured: the distance measured is the stored one.
    """

    threat: Threat
    right: np.ndarray
    wrong: np.ndarray
    as_stored: np.ndarray
    near: np.ndarray
    measured: np.ndarray

    @property
    def holds(self) -> np.ndarray:
        """Which rows are what the file says."""
        return np.asarray(self.right & self.wrong & self.as_stored & self.near & self.measured)


def write_adversarial(
    path: Path, found: Sequence[Adversarial], space: Space, data: Dataset, threat: Threat
) -> int:
    """Write what was found; returns the number of rows.

    Raises:
        InputError: the file cannot be written.
    """
    empty = data.rows[:0]
    rows = np.concatenate([empty, *(each.rows for each in found)])
    changed = np.concatenate([empty, *(each.changed for each in found)])
    columns = [[column.name, list(column.categories)] for column in data.columns]
    try:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                x=rows,
                x_adv=changed,
                label=np.concatenate([np.zeros(0, np.int64), *(each.truth for each in found)]),
                prediction=np.concatenate(
                    [np.zeros(0, np.int64), *(each.answered for each in found)]
                ),
                norm=space.distance(rows, changed, threat.norm),
                threat=np.array(f"{threat.norm}:{threat.radius:.9f}"),
                scale=space.scale,
                floor=space.floor,
                ceiling=space.ceiling,
                columns=np.array(json.dumps(columns)),
            )
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    return len(rows)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:  # noqa: TID251 - pickles refused
            return {name: arrays[name] for name in (*_ARRAYS, *_SETTING)}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path}: no file of adversarial points ({error})",
            "`modelkeep assess --output adversarial=FILE.npz` writes one.",
        ) from error


def look_again(path: Path, model: Model) -> SecondLook:
    """Ask the model and measure every distance again.

    Raises:
        InputError: the file is not one of ours, or its rows do not fit the model.
    """
    arrays = _read(path)
    rows, changed = (np.asarray(arrays[name], np.float32) for name in ("x", "x_adv"))
    labels, stored = (arrays[name] for name in ("label", "prediction"))
    if rows.shape != changed.shape or any(
        arrays[name].shape != (len(rows),) for name in ("label", "prediction", "norm")
    ):
        raise InputError(f"{path}: its arrays do not fit each other")
    threat = parse_threat(str(arrays["threat"]))
    space = Space(arrays["scale"], arrays["floor"], arrays["ceiling"], "")
    columns = tuple(
        Column(name, tuple(names)) for name, names in json.loads(str(arrays["columns"]))
    )
    data = Dataset(
        Subject("dataset", path.name, Digest("", "")), rows, labels.astype(str), columns
    )
    asked = [np.zeros(0, np.int64)] * 2
    if len(rows):
        asked = [model.predict(data.decode(each)).argmax(axis=1) for each in (rows, changed)]
    distance = space.distance(rows, changed, threat.norm)
    return SecondLook(
        threat,
        asked[0] == labels,
        asked[1] != labels,
        asked[1] == stored,
        space.contains(rows, changed, threat),
        np.isclose(distance, arrays["norm"], rtol=_TOLERANCE),
    )
