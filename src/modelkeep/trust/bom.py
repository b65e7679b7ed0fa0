"""What a model is made of: its files, data sets, code and the libraries that run it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from modelkeep.core import Subject
from modelkeep.sources import Artifact, FileDigest, Manifest
from modelkeep.trust.model_card import ModelCard

# Which installed library loads which format; its version belongs in the bill.
_LOADERS: Final = {
    "onnx": ("onnxruntime",),
    "safetensors": ("safetensors", "torch"),
    "json": ("xgboost-cpu", "xgboost"),
    "ubjson": ("xgboost-cpu", "xgboost"),
}


@dataclass(frozen=True, slots=True)
class Library:
    """An installed library."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class BillOfMaterials:
    """Components of a model.

    Attributes:
        model: the model itself.
        files: its files with digests, named as shown to people.
        data: data sets and code used to assess it, by digest.
        libraries: what would load it here.
        formats: formats found by content.
        licences: as the model card names them.
        base_models: models that the log says it was made from, by digest.
        unresolved: names that lead to no digest, each ``kind name``; they count for nothing.
    """

    model: Subject
    files: tuple[FileDigest, ...]
    data: tuple[Subject, ...]
    libraries: tuple[Library, ...]
    formats: tuple[str, ...]
    licences: tuple[str, ...] = ()
    base_models: tuple[Subject, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def components(self) -> int:
        """How many components are listed, the model included."""
        known = (self.files, self.data, self.libraries, self.base_models)
        return 1 + sum(map(len, known))


def gather_bom(  # noqa: PLR0913 - the last three are keyword-only
    model: Subject,
    artifact: Artifact,
    manifest: Manifest,
    formats: tuple[str, ...],
    *,
    data: tuple[Subject, ...] = (),
    base_models: tuple[Subject, ...] = (),
    card: ModelCard | None = None,
) -> BillOfMaterials:
    """Gather the bill of a model.

    Args:
        model: the subject.
        artifact: where it lies.
        manifest: digests of its files.
        formats: formats the scanner found.
        data: data sets and code it was assessed with.
        base_models: models it was made from, by digest.
        card: what its author states.
    """
    stated = card or ModelCard()
    files = tuple(
        FileDigest(artifact.display(file.name), file.digest, file.size)
        for file in manifest.files
    )
    names = {name for kind in formats for name in _LOADERS.get(kind, ())}
    return BillOfMaterials(
        model,
        files,
        data,
        tuple(_installed(sorted(names))),
        formats,
        stated.licences,
        base_models,
        (
            *_unresolved("base model", stated.base_models, base_models),
            *_unresolved("data set", stated.datasets, data),
        ),
    )


def _unresolved(kind: str, named: tuple[str, ...], known: tuple[Subject, ...]) -> Iterator[str]:
    """Names of a card that are those of no subject with a digest."""
    names = {subject.name for subject in known}
    return (f"{kind} {name}" for name in named if name not in names)


def _installed(names: list[str]) -> list[Library]:
    found = []
    for name in names:
        try:
            found.append(Library(name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found
