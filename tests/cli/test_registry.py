"""``modelkeep registry`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a keep in a folder of its own."""
    said("--keep", desk.folder / ".modelkeep", "init")


def test_version_is_added_listed_promoted_and_fetched() -> None:
    got = said("registry", "add", "model.onnx", "--name", "credit")
    assert got.code == 0
    assert got.out.startswith("credit quarantine sha256:")
    got = said("registry", "promote", "credit", "--to", "candidate", "--reason", "x")
    assert got.code == 1
    assert "scan-clean" in got.out
    said("check", "model.onnx")
    assert said("registry", "promote", "credit", "--to", "candidate", "--reason", "x").code == 0
    assert said("registry", "list").out.startswith("credit candidate")
    assert said("registry", "get", "credit:1", "out.onnx").code == 0
    assert Path("out.onnx").read_bytes() == Path("model.onnx").read_bytes()


def test_author_does_not_approve_and_steps_are_not_skipped() -> None:
    said("registry", "add", "model.onnx", "--name", "credit")
    assert said("registry", "approve", "credit", "--reason", "mine").code == 64
    assert said("registry", "promote", "credit", "--to", "deployed", "--reason", "x").code == 64
    assert said("registry", "promote", "nobody", "--to", "candidate", "--reason", "x").code == 2


def test_glass_and_revocation_are_shown() -> None:
    said("registry", "add", "model.onnx", "--name", "credit")
    until = samples.soon()
    arguments = ("--to", "deployed", "--why", "fire", "--until", until)
    assert said("registry", "break-glass", "credit", *arguments).code == 0
    assert "GLASS BROKEN by keep" in said("registry", "show", "credit").out
    assert said("registry", "revoke", "credit", "--reason", "bad").out.startswith(
        "credit revoked"
    )
    assert said("registry", "retire", "credit", "--reason", "bad").code == 64
