"""An MLflow artifact repository that hands out registered models only through the gate.

MLflow keeps no digest of a model version: whoever can write to its store exchanges a
registered model, and it loads without an error. Under ``modelkeep:/NAME/VERSION`` (or
``modelkeep:/NAME@ALIAS``) MLflow's own client downloads the version named ``models:/...``
into a private directory; the gate for ``load`` is asked about its digest, and what is handed
out is the copy that was asked about. The keep is the one of the settings: ``MODELKEEP_KEEP``,
or the nearest one upward. Without evidence about exactly these bytes nothing is handed out.

MLflow finds this class by its entry point; ``models:/`` itself stays as MLflow has it.

Sources: MLflow documentation, "MLflow Plugins" (``mlflow.artifact_repository``).
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

from modelkeep.core import InputError
from modelkeep.pipeline.loading import admit
from modelkeep.pipeline.mlflow_address import SCHEME, split_address


class VerifiedModels(ArtifactRepository):  # type: ignore[misc] # MLflow ships no types here
    """Registered models under ``modelkeep:/``; it reads only."""

    def __init__(
        self,
        artifact_uri: str,
        tracking_uri: str | None = None,
        registry_uri: str | None = None,
    ) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self._stores = {"tracking_uri": tracking_uri, "registry_uri": registry_uri}

    def download_artifacts(self, artifact_path: str, dst_path: str | None = None) -> str:
        """Download a model version, ask the gate, and return where the admitted copy lies.

        Raises:
            RefusedError: the signature is broken, or the gate says no.
            InputError: the address names no version, or no such file of it.
        """
        version, inside = split_address(self.artifact_uri, artifact_path)
        target = Path(dst_path or tempfile.mkdtemp(prefix="modelkeep-"))
        with tempfile.TemporaryDirectory(prefix="modelkeep-") as folder:
            draft = Path(folder) / "model"
            draft.mkdir()
            # The repository behind it: MLflow's own adds a file of its own to the model.
            self._store(version).download_artifacts("", str(draft))
            with admit(draft) as admitted:
                verified = admitted.path(named=True)
                wanted = verified / inside if inside else verified
                if not wanted.exists():
                    raise InputError(f"{version}: holds no {inside!r}")
                if wanted.is_file():
                    placed = target / wanted.name
                    shutil.copyfile(wanted, placed)
                    return str(placed)
                shutil.copytree(wanted, target, dirs_exist_ok=True)
                return str(target)

    def list_artifacts(self, path: str | None = None) -> Any:  # noqa: ANN401 - as MLflow has it
        """What MLflow lists; names alone prove nothing and load nothing."""
        version, inside = split_address(self.artifact_uri, path or "")
        return self._store(version).list_artifacts(inside or None)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Refuse: a version is registered with MLflow, and checked after that."""
        del artifact_path
        raise InputError(f"{local_file}: {SCHEME}:/ is read only", "Log it to its run.")

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Refuse, as ``log_artifact`` does."""
        self.log_artifact(local_dir, artifact_path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        """Never reached by ``download_artifacts``; a single file goes through the gate, too."""
        with tempfile.TemporaryDirectory(prefix="modelkeep-") as folder:
            shutil.copyfile(self.download_artifacts(remote_file_path, folder), local_path)

    def _store(self, version: str) -> Any:  # noqa: ANN401 - whichever repository holds it
        return ModelsArtifactRepository(version, **self._stores).repo
