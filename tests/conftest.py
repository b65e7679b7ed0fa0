"""What several rooms' tests share: the sample model, and checks of it, made once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.report import Report


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the caches of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sample was written; to be copied, not changed."""
    return samples.write_sample(tmp_path_factory.mktemp("sample")).folder


@pytest.fixture
def desk(
    sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> samples.Sample:
    """A working directory with the sample in it, no keep and no settings."""
    for name in [name for name in os.environ if name.startswith("MODELKEEP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return samples.copy_sample(sample_folder, tmp_path)


@pytest.fixture(scope="session")
def checked(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> samples.Checked:
    """The sample signed and checked under prod; to be read, not changed."""
    folder = tmp_path_factory.mktemp("checked")
    sample = samples.copy_sample(sample_folder, folder)
    keep = folder / "keep"
    pipeline.sign(sample.model, keep=str(keep))
    report = pipeline.check(sample.model, **sample.rows, keep=str(keep), profile="prod")
    return samples.Checked(sample, keep, report)


@pytest.fixture(scope="session")
def reports(
    checked: samples.Checked, sample_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Report]]:
    """Reports of every kind: made by the product, and one by hand."""
    folder = tmp_path_factory.mktemp("report s ü")
    (folder / "bomb 1.pt").write_bytes(samples.hidden_bomb())
    (folder / "cut.pkl").write_bytes(samples.PLAIN_PICKLE[:-2])
    unsigned = samples.copy_sample(sample_folder, folder / "unsigned").model
    keep = str(folder / "keep")
    return {
        "clean check": checked.report,
        "failing check": pipeline.check(unsigned, keep=keep, profile="prod"),
        "gate": pipeline.gate(unsigned, keep=keep, profile="prod"),
        "inconclusive check": pipeline.check(folder / "cut.pkl", keep=keep),
        "scan": pipeline.scan(folder / "bomb 1.pt", folder / "cut.pkl", unsigned),
        "hand-made": samples.report(),
    }
