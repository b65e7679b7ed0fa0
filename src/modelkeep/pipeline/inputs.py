"""What a check is given besides the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelkeep.pipeline.workspace import require_file


@dataclass(frozen=True, slots=True)
class Inputs:
    """Data sets and the user's own code.

    Attributes:
        data: rows the model was trained on.
        test: rows it has not seen.
        code: directory the functions below are imported from; the working directory.
        factory: ``package.module:function`` building the architecture.
        train: ``package.module:function``, ``fit(data, seed) -> model``.
        preprocess: ``package.module:function`` from rows to a float32 array.
        text: column of a table that holds the texts to classify; empty: rows are no texts.
    """

    data: Path | None = None
    test: Path | None = None
    code: Path | None = None
    factory: str = ""
    train: str = ""
    preprocess: str = ""
    text: str = ""

    @property
    def wants_assessment(self) -> bool:
        """Whether the caller gave anything to measure with."""
        return self.data is not None or self.test is not None


def gather_inputs(
    data: str | Path | None,
    test: str | Path | None,
    code: str | Path | None,
    factory: str = "",
    train: str = "",
    preprocess: str = "",
) -> Inputs:
    """Inputs whose files are there.

    Raises:
        InputError: one is not.
    """
    return Inputs(
        require_file(data, "training data"),
        require_file(test, "test data"),
        require_file(code, "directory of code"),
        factory,
        train,
        preprocess,
    )
