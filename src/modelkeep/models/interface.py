"""One handle on any model, and what reading one needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from modelkeep.core import Subject
from modelkeep.sources import Artifact, Manifest

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a model takes.

    Attributes:
        shape: shape of one row, such as ``(30,)`` or ``(1, 8, 8)``; -1 where free;
            ``None`` where the file does not say.
        columns: one input per column by name, or empty for one tensor.
    """

    shape: tuple[int, ...] | None = None
    columns: tuple[str, ...] = ()


@runtime_checkable
class Model(Protocol):
    """Anything that classifies rows."""

    @property
    def kind(self) -> str:
        """How it runs, such as ``onnxruntime``."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in output order; numbers where the file has no names."""

    @property
    def spec(self) -> InputSpec:
        """What it takes."""

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities, shape ``(batch, classes)``, float64, rows summing to 1.

        Args:
            rows: shape ``(batch, *spec.shape)``, in the user's units.

        Raises:
            InputError: rows of another shape, or outputs that are no numbers.
        """


@runtime_checkable
class Differentiable(Model, Protocol):
    """A model whose gradient can be taken: a torch module from rows to logits."""

    @property
    def module(self) -> torch.nn.Module:
        """Maps a float32 tensor ``(batch, *spec.shape)`` to logits ``(batch, classes)``."""


@runtime_checkable
class Abstaining(Model, Protocol):
    """A model that may leave rows without an answer."""

    @property
    def abstains(self) -> bool:
        """Whether it ever does."""

    def answers(self, rows: np.ndarray) -> np.ndarray:
        """Places of the classes answered, -1 where it gives no answer, shape ``(batch,)``."""


@runtime_checkable
class Metered(Model, Protocol):
    """A model that may be asked about so many rows and no more."""

    @property
    def left(self) -> int:
        """Rows that it may still be asked about."""


@runtime_checkable
class Writable(Model, Protocol):
    """A model that can be written as a file."""

    @property
    def suffix(self) -> str:
        """Ending of the file name ``to_bytes`` is written under, such as ``.safetensors``."""

    def to_bytes(self) -> bytes:
        """The model as a file that ``load_model`` reads."""


@runtime_checkable
class Trainable(Differentiable, Writable, Protocol):
    """A differentiable model that can be written with other weights."""

    def with_module(self, module: torch.nn.Module) -> Model:
        """The same model with the weights of ``module``, which has this one's layout."""


@dataclass(frozen=True, slots=True)
class Code:
    """The user's own code, resolved from ``--code DIR``.

    Attributes:
        folder: directory it is imported from.
        factory: ``package.module:function`` that builds the architecture.
        train: ``package.module:function``, ``fit(data, seed) -> model``.
        preprocess: ``package.module:function`` from rows to a float32 array.
    """

    folder: Path
    factory: str = ""
    train: str = ""
    preprocess: str = ""

    def __bool__(self) -> bool:
        return bool(self.factory or self.train or self.preprocess)


@dataclass(frozen=True, slots=True)
class Request:
    """What to load: bytes that were scanned, and the digests they had then.

    Attributes:
        artifact: where it lies.
        manifest: digests taken before the scan.
        formats: format of each file of the artifact, by shown name.
        code: the user's code, if any is needed.
    """

    artifact: Artifact
    manifest: Manifest
    formats: dict[str, str]
    code: Code | None = None

    def file_of(self, *formats: str) -> str | None:
        """Name of the one file in one of these formats, ``None`` unless there is just one."""
        names = [name for name, kind in self.formats.items() if kind in formats]
        return names[0] if len(names) == 1 else None

    def sha256(self, shown: str) -> str:
        """Digest a file had when it was scanned."""
        for file in self.manifest.files:
            if self.artifact.display(file.name) == shown:
                return file.digest.sha256
        raise KeyError(shown)

    def path(self, shown: str) -> Path:
        """Where a file lies."""
        name = next(n for n in self.artifact.files if self.artifact.display(n) == shown)
        return self.artifact.locate(name)


Recipe = Any  # Callable[[Dataset, int], object with predict]: the user's fit function


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory, with the code subjects that took part.

    Attributes:
        model: the handle.
        code: subjects of kind code, by digest.
        notes: what a reader should know, such as a step in front of the model.
    """

    model: Model
    code: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
