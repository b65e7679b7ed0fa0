"""``doctor``: what is there, what is missing, and what to do about it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.pipeline.diagnosis import Line

KEEP = Path(".modelkeep")


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


def lines(**flags: str) -> dict[str, Line]:
    return {line.what: line for line in pipeline.diagnose(**flags)}


def bad(**flags: str) -> dict[str, Line]:
    return {what: line for what, line in lines(**flags).items() if not line.ok}


def test_installed_libraries_are_named_with_their_version() -> None:
    found = lines()
    assert found["cryptography"].state == metadata.version("cryptography")
    assert found["numpy"].ok
    assert {"modelkeep", "python"} <= set(found)


def test_missing_library_is_named_with_the_command_that_installs_it() -> None:
    for line in lines().values():
        if "not installed" in line.state:
            assert line.hint.startswith("pip install")


def test_missing_keep_is_no_failure_and_none_is_made() -> None:
    keep = lines()["keep"]
    assert (keep.ok, keep.hint) == (True, "modelkeep init")
    assert not KEEP.exists()


def test_keep_is_described() -> None:
    pipeline.check("model.onnx")
    found = lines()
    assert "profile dev" in found["keep"].state
    assert found["log"].state.startswith("5 entries")
    assert found["signers"].state == "keep"
    assert found["key file mode"].state == "600"
    assert found["policy"].state.startswith("dev (")
    assert bad() == {}


def test_key_that_others_can_read_is_a_failure_with_its_remedy() -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    (KEEP / "keys" / "signing.pem").chmod(0o644)
    line = bad()["key file mode"]
    assert line.state == "644"
    assert line.hint.startswith("chmod 600")


@pytest.mark.parametrize("name", ["log.pem", "signing.pem"])
def test_either_key_that_others_can_read_is_a_failure(name: str) -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    (KEEP / "keys" / name).chmod(0o640)
    assert "key file mode" in bad()


@pytest.mark.parametrize("name", ["keep.json", "trust.json", "policies/dev.cedar"])
def test_damaged_keep_is_a_failure_with_its_reason(name: str) -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    (KEEP / name).write_text("{")
    assert Path(name).name in bad()["keep"].state


def test_wrong_setting_is_a_failure_with_its_reason() -> None:
    Path("modelkeep.toml").write_text("colour = 3\n")
    assert "colour" in bad()["keep"].state


def test_nothing_is_changed() -> None:
    pipeline.check("model.onnx")
    before = {path: path.read_bytes() for path in KEEP.rglob("*") if path.is_file()}
    pipeline.diagnose()
    assert {p: p.read_bytes() for p in KEEP.rglob("*") if p.is_file()} == before
