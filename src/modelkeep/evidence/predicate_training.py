"""Shape of the predicate about a training run: SLSA provenance v1 with a build type of ours.

SLSA has no word for seeds and hyper-parameters; they are external parameters, and data
sets, code, the lock of the environment and the base model are resolved dependencies.

Source: SLSA provenance v1.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelkeep.evidence.predicate import Predicate, Verifier

BUILD_TYPE: Final = "urn:modelkeep:build:training:1"


class BuildDefinition(msgspec.Struct, frozen=True):
    """What went in."""

    buildType: str  # noqa: N815 - the fields' names in the predicate
    externalParameters: dict[str, Any]  # noqa: N815
    internalParameters: dict[str, Any]  # noqa: N815
    resolvedDependencies: list[dict[str, Any]]  # noqa: N815


class RunMetadata(msgspec.Struct, frozen=True):
    """When it ran."""

    invocationId: str  # noqa: N815
    startedOn: str  # noqa: N815
    finishedOn: str  # noqa: N815


class RunDetails(msgspec.Struct, frozen=True):
    """Who says so, and when it ran."""

    builder: Verifier
    metadata: RunMetadata


class Training(Predicate, frozen=True, kw_only=True):
    """SLSA provenance of a model that was trained."""

    buildDefinition: BuildDefinition  # noqa: N815
    runDetails: RunDetails  # noqa: N815
