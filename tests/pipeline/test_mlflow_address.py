"""Addresses of registered models, however MLflow cuts them."""

from __future__ import annotations

import pytest

from modelkeep.core import InputError
from modelkeep.pipeline.mlflow_address import split_address


@pytest.mark.parametrize(
    ("address", "path", "version", "inside"),
    [
        ("modelkeep:/echo", "1", "models:/echo/1", ""),
        ("modelkeep:/echo/1", "", "models:/echo/1", ""),
        ("modelkeep:/echo/1", "MLmodel", "models:/echo/1", "MLmodel"),
        ("modelkeep:/echo/1/data", "word.txt", "models:/echo/1", "data/word.txt"),
        ("modelkeep:/", "echo@best", "models:/echo@best", ""),
        ("modelkeep:/echo@best", "data/x", "models:/echo@best", "data/x"),
    ],
)
def test_version_and_file_are_told_apart(
    address: str, path: str, version: str, inside: str
) -> None:
    assert split_address(address, path) == (version, inside)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("modelkeep:/", "echo"),
        ("modelkeep:/", ""),
        ("modelkeep://host/echo", "1"),
        ("models:/echo", "1"),
        ("modelkeep:/echo//x", ""),
    ],
)
def test_address_without_a_version_is_refused(address: str, path: str) -> None:
    with pytest.raises(InputError, match="names no version") as raised:
        split_address(address, path)
    assert "modelkeep:/NAME/VERSION" in raised.value.hint


@pytest.mark.parametrize("path", ["../../other", "data/../../x", "a//b", "./a"])
def test_path_that_leads_out_of_the_model_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="leads out of the model"):
        split_address("modelkeep:/echo/1", path)
