"""``modelkeep data fit-scaling`` and ``data scale``: preprocessing that is sealed and signed.

The profile is written as canonical JSON, so that the sha256 of the file is its digest: a
scaler that was touched has a digest nobody signed, and is refused.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import rfc8785

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.data.preprocessing import Method, fit_preprocessing
from modelkeep.evidence import make_statement
from modelkeep.models import Dataset, load_dataset, need
from modelkeep.models.preprocessing import PreprocessingProfile, parse_profile
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.data_trust import seal_of_these_bytes, trusted_predicates
from modelkeep.pipeline.encrypting import free_place
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.sources import digest_artifact, open_artifact

FIT: Final = "fit-scaling"
SCALE: Final = "scale"
_LARGEST: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Scaling:
    """A profile that was fitted, or the data that was scaled by it."""

    path: Path
    profile: PreprocessingProfile
    statement_id: str


def fit_scaling(
    data: str | Path,
    output: str | Path,
    *,
    label: str = "",
    method: Method = "robust",
    listener: Listener | None = None,
    **flags: Value | None,
) -> Scaling:
    """Fit a profile on a sealed table and sign what it was fitted on.

    Args:
        data: a table, sealed beside it and unchanged since.
        output: where the profile goes; nothing may be there.
        label: label column; the last one when empty.
        method: ``standard``, ``robust`` or ``minmax``.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no seal, no column of numbers, or a value that is no number.
        EvidenceError: the seal is not trusted, or not of these bytes.
    """
    place = free_place(output)
    with open_workspace(flags, listener or Listener()) as workspace:
        artifact = open_artifact(data)
        hashed = digest_artifact(artifact)
        manifest = seal_of_these_bytes(workspace, artifact, hashed)
        subject = Subject("dataset", artifact.name, hashed.digest)
        require_access(workspace, "read_data", subject)
        found = load_dataset(Path(data), label=label)
        if found.subject.digest.sha256 != hashed.digest.sha256:
            raise EvidenceError(f"{data}: changed while it was read")
        names = _numeric(found)
        profile = fit_preprocessing(
            _values(found, names),
            names,
            sealed=(hashed.digest.sha256, manifest.root),
            method=method,
        )
        _written(place, rfc8785.dumps(msgspec.to_builtins(profile)))
        made = Subject("code", place.name, digest_artifact(open_artifact(place)).digest)
        identity = _record(workspace, made, FIT, (subject,), {"method": method})
        return Scaling(place, profile, identity)


def scale_data(
    data: str | Path,
    scaling: str | Path,
    output: str | Path,
    *,
    label: str = "",
    listener: Listener | None = None,
    **flags: Value | None,
) -> Scaling:
    """Scale a table by a signed profile and record what it was made of.

    Args:
        data: a table with the profile's columns.
        scaling: the profile.
        output: where the scaled table goes, in the same format; nothing may be there.
        label: label column; the last one when empty.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: a column is not there, or a value is no number or out of range.
        EvidenceError: nobody trusted signed this profile.
    """
    place, source = free_place(output), Path(data)
    if source.suffix.lower() != place.suffix.lower():
        raise InputError(f"{place}: is to be a {source.suffix} file, as {source}")
    with open_workspace(flags, listener or Listener()) as workspace:
        profile, code = _signed_profile(workspace, Path(scaling))
        found = load_dataset(source, label=label)
        require_access(workspace, "read_data", found.subject)
        names = tuple(column.column for column in profile.columns)
        scaled = profile.apply(_values(found, names))
        _write(source, place, names, scaled)
        if digest_artifact(open_artifact(source)).digest != found.subject.digest:
            place.unlink()
            raise EvidenceError(f"{source}: changed while it was read")
        made = Subject("dataset", place.name, digest_artifact(open_artifact(place)).digest)
        identity = _record(workspace, made, SCALE, (found.subject, code), {})
        return Scaling(place, profile, identity)


def _signed_profile(workspace: Workspace, path: Path) -> tuple[PreprocessingProfile, Subject]:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: too large for a preprocessing profile")
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    sha256 = hashlib.sha256(text).hexdigest()
    made = trusted_predicates(workspace, sha256, "data-derivation")
    if not any(said["step"] == FIT for _, said in made):
        raise EvidenceError(
            f"{path}: nobody trusted signed a preprocessing profile of digest {sha256[:16]}",
            "Fit it on sealed data: modelkeep data fit-scaling DATA --output PROFILE",
        )
    digest = digest_artifact(open_artifact(path)).digest
    return parse_profile(text, sha256), Subject("code", path.name, digest)


def _numeric(data: Dataset) -> tuple[str, ...]:
    names = tuple(column.name for column in data.columns if not column.categories)
    if not names:
        raise InputError(f"{data.subject.name}: has no column of numbers to scale")
    return names


def _values(data: Dataset, names: tuple[str, ...]) -> np.ndarray:
    """Columns by name, shape ``(rows, columns)``."""
    places = {c.name: n for n, c in enumerate(data.columns) if not c.categories}
    for name in names:
        if name not in places:
            raise InputError(f"{data.subject.name}: has no column of numbers {name!r}")
    values: np.ndarray = data.rows[:, [places[name] for name in names]]
    return values


def _write(source: Path, place: Path, names: tuple[str, ...], scaled: np.ndarray) -> None:
    arrow, csv = need("pyarrow", "writing a table"), need("pyarrow.csv", "writing a table")
    parquet = need("pyarrow.parquet", "writing a table")
    suffix = source.suffix.lower()
    if suffix not in {".csv", ".parquet"}:
        raise InputError(f"{source}: scaled data is written as .csv or .parquet only")
    table: Any = csv.read_csv(source) if suffix == ".csv" else parquet.read_table(source)
    for place_in_row, name in enumerate(names):
        column = arrow.array(scaled[:, place_in_row])
        table = table.set_column(table.column_names.index(name), name, column)
    (csv.write_csv if suffix == ".csv" else parquet.write_table)(table, place)


def _written(place: Path, text: bytes) -> None:
    try:
        with place.open("xb") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error


def _record(
    workspace: Workspace,
    made: Subject,
    step: str,
    materials: tuple[Subject, ...],
    parameters: dict[str, str],
) -> str:
    fields = {
        "facts": {},
        "tool": f"modelkeep {VERSION}",
        "step": step,
        "materials": [
            {
                "name": subject.name,
                "kind": subject.kind,
                "digest": {"sha256": subject.digest.sha256, "blake3": subject.digest.blake3},
            }
            for subject in materials
        ],
        "parameters": parameters,
        "rests_on": [],
    }
    clock = workspace.keep.clock
    (receipt,) = workspace.keep.record(
        [make_statement("data-derivation", (made,), fields, clock=clock)]
    )
    return receipt.statement_id
