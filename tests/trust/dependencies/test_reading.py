"""Which files are read, and as what."""

from __future__ import annotations

import pytest

from modelkeep.core import InputError, MalformedArtifactError
from modelkeep.trust.dependencies.reading import is_dependency_file, read_dependencies


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "a/requirements-dev.txt",
        "dev-requirements.in",
        "constraints.txt",
        "requirements/prod.txt",
        "uv.lock",
        "x/poetry.lock",
        "pylock.serve.toml",
        "Pipfile.lock",
    ],
)
def test_file_of_a_tree_is_known_by_its_name(name: str) -> None:
    assert is_dependency_file(name)


@pytest.mark.parametrize(
    "name", ["notes.txt", "Cargo.lock", "Pipfile", "requirements.md", "a.py"]
)
def test_other_files_are_not(name: str) -> None:
    assert not is_dependency_file(name)


def test_named_text_is_read_whatever_its_name() -> None:
    assert read_dependencies("what.txt", b"\xef\xbb\xbfa==1\n").dependencies[0].name == "a"
    with pytest.raises(InputError, match=r"model\.onnx"):
        read_dependencies("model.onnx", b"a==1")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(MalformedArtifactError, match="not UTF-8"):
        read_dependencies("requirements.txt", b"\xff\xfea\0")
