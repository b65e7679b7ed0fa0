"""Is what a gateway is deployed with weak? Dockerfiles, compose files, Kubernetes manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modelkeep.core import InputError, MalformedArtifactError
from modelkeep.formats.yaml_lines import Node, read_lines
from modelkeep.pipeline.deployment.compose import judge_compose
from modelkeep.pipeline.deployment.dockerfile import judge_dockerfile
from modelkeep.pipeline.deployment.interface import Weakness
from modelkeep.pipeline.deployment.kubernetes import judge_kubernetes
from modelkeep.pipeline.deployment.rules import RULES

__all__ = ["RULES", "Weakness", "diagnose_deployment"]

_MOST: Final = 1 << 20  # bytes of a file
_KINDS: Final = "a Dockerfile, a compose file or Kubernetes manifests"


def diagnose_deployment(path: str | Path) -> list[Weakness]:
    """Every weakness of a file.

    Raises:
        InputError: it cannot be read, or is none of the kinds.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}", f"Name {_KINDS}.") from error
    if len(data) > _MOST:
        raise InputError(f"{place}: longer than {_MOST} bytes", f"Name {_KINDS}.")
    name = place.name.lower()
    if name.startswith(("dockerfile", "containerfile")) or name.endswith(".dockerfile"):
        return judge_dockerfile(data.decode("utf-8", "replace"))
    try:
        documents = read_lines(data)
    except MalformedArtifactError as error:
        raise InputError(f"{place}: {error.message}", f"Name {_KINDS}.") from error
    if any(document.at("services").entries for document in documents):
        return judge_compose(documents)
    if any(_is_manifest(document) for document in documents):
        return judge_kubernetes(documents)
    raise InputError(f"{place}: nothing here is deployed", f"Name {_KINDS}.")


def _is_manifest(document: Node) -> bool:
    return bool(document.at("kind")) and bool(document.at("apiVersion"))
