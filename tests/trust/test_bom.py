"""The bill of materials: every file, data set and library that is really there."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from evidence_samples import model
from modelkeep.core import Digest, Subject
from modelkeep.sources import Artifact, digest_artifact, open_artifact
from modelkeep.trust import BillOfMaterials, gather_bom

DATA = (
    Subject("dataset", "train.parquet", Digest("aa" * 32, "bb" * 32)),
    Subject("code", "factory.py", Digest("cc" * 32, "dd" * 32)),
)


@pytest.fixture
def tree(tmp_path: Path) -> Artifact:
    (tmp_path / "model" / "sub").mkdir(parents=True)
    (tmp_path / "model" / ".hidden").write_bytes(b"")
    (tmp_path / "model" / "sub" / "w.bin").write_bytes(b"weights")
    return open_artifact(tmp_path / "model")


def gathered(artifact: Artifact, *formats: str) -> BillOfMaterials:
    return gather_bom(model(), artifact, digest_artifact(artifact), formats, data=DATA)


def test_every_file_is_listed_with_digest_and_size(tree: Artifact) -> None:
    manifest = digest_artifact(tree)
    found = gathered(tree)
    assert found.files == manifest.files
    assert [(file.name, file.size) for file in found.files] == [
        (".hidden", 0),
        ("sub/w.bin", 7),
    ]


def test_single_file_is_listed_by_its_name(tree: Artifact) -> None:
    (file,) = gathered(open_artifact(tree.path / "sub" / "w.bin")).files
    assert file.name == "w.bin"


def test_data_and_code_it_was_assessed_with_are_listed(tree: Artifact) -> None:
    found = gathered(tree)
    assert (found.model, found.data) == (model(), DATA)


def test_installed_library_that_loads_the_format_is_listed_with_its_version(
    tree: Artifact,
) -> None:
    expected = []
    for name in ("onnxruntime", "safetensors", "torch", "xgboost", "xgboost-cpu"):
        try:
            expected.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    found = gathered(tree, "onnx", "safetensors", "json", "ubjson").libraries
    assert [(library.name, library.version) for library in found] == expected


@pytest.mark.parametrize("formats", [(), ("pickle",), ("no such format",)])
def test_no_library_is_made_up_for_other_formats(
    tree: Artifact, formats: tuple[str, ...]
) -> None:
    found = gathered(tree, *formats)
    assert (found.libraries, found.formats) == ((), formats)


def test_components_count_the_model_its_files_data_and_libraries(tree: Artifact) -> None:
    assert gathered(tree).components == 1 + 2 + 2
    found = gathered(tree, "onnx")
    assert found.components == 1 + 2 + 2 + len(found.libraries)
    assert gather_bom(model(), tree, digest_artifact(tree), ()).components == 3
