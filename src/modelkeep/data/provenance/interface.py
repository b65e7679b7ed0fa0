"""What is known about where a data set comes from; what nobody said is unknown."""

from __future__ import annotations

from typing import Any, Final

import msgspec

UNKNOWN: Final = "unknown"  # never "no": a field that was left out says nothing

# Properties of the Croissant responsible-AI vocabulary 1.0, by their local names.
RESPONSIBLE: Final = (
    "dataCollection",
    "dataCollectionType",
    "dataCollectionMissingData",
    "dataCollectionRawData",
    "dataCollectionTimeframe",
    "dataImputationProtocol",
    "dataPreprocessingProtocol",
    "dataManipulationProtocol",
    "dataAnnotationProtocol",
    "dataAnnotationPlatform",
    "dataAnnotationAnalysis",
    "annotationsPerItem",
    "annotatorDemographics",
    "machineAnnotationTools",
    "dataReleaseMaintenancePlan",
    "personalSensitiveInformation",
    "dataSocialImpact",
    "dataBiases",
    "dataLimitations",
    "dataUseCases",
)


class DescribedFile(msgspec.Struct, frozen=True):
    """A file as its publisher describes it; ``sha256`` is empty where nobody said it."""

    name: str
    url: str
    sha256: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a publisher says of a data set.

    Attributes:
        version: of the format it was said in.
        name: of the data set.
        about: its description.
        licence: as it was written.
        url: its page.
        creators: who made it.
        derived_from: what it was made of, as the publisher names it.
        files: its files.
        responsible: what was said, by property of ``RESPONSIBLE``; the rest is unknown.
    """

    version: str
    name: str
    about: str
    licence: str
    url: str
    creators: list[str]
    derived_from: list[str]
    files: list[DescribedFile]
    responsible: dict[str, str]


class Origin(msgspec.Struct, frozen=True):
    """A data set nobody here derived from another: where a chain ends.

    Attributes:
        name: as the step that used it names it.
        sha256: its digest.
        sealed: whether a seal of these bytes is on record.
        source: what its seal says of where it comes from.
        licence: what its seal says of its licence.
    """

    name: str
    sha256: str
    sealed: bool
    source: str
    licence: str


class Step(msgspec.Struct, frozen=True):
    """One transformation: what it made, from what, and the statement that says so."""

    product: str
    step: str
    materials: list[dict[str, Any]]
    parameters: dict[str, Any]
    statement_id: str


class Lineage(msgspec.Struct, frozen=True):
    """The steps from a data set back to its sources, nearest first."""

    steps: list[Step]
    origins: list[Origin]
    notes: list[str] = []
