"""ONX001: tensors whose bytes lie outside what is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Finding, Severity, Verdict
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.scan.onnx_external import DETECTOR
from modelkeep.sources import open_artifact
from samples import block, found_by, node, number, onnx_of, outside, scan_bytes, zip_of


def found(location: str, *, name: str = "m.onnx", root: tuple[str, ...] = ()) -> list[Finding]:
    return found_by(DETECTOR, onnx_of(tensors=[outside(location)]), name=name, root=root)


@pytest.mark.parametrize(
    "location",
    [
        *("/etc/passwd", "../w.bin", "a/../../w.bin", "a/../w.bin", "..", "..\\w.bin"),
        *("C:\\w.bin", "sub\\w.bin"),
    ],
)
def test_a_place_outside_the_model_is_high(location: str) -> None:
    (finding,) = found(location, root=("m.onnx", "w.bin"))
    assert finding.severity is Severity.HIGH
    assert finding.evidence == {"location": location}
    assert "points outside the model" in finding.message


@pytest.mark.parametrize("location", ["missing.bin", "sub/w.bin", "", ".", "C:w.bin", "W.BIN"])
def test_a_file_that_is_not_checked_is_high(location: str) -> None:
    (finding,) = found(location, root=("m.onnx", "w.bin"))
    assert finding.severity is Severity.HIGH
    assert "is not part of what is checked" in finding.message


@pytest.mark.parametrize(
    ("name", "location"),
    [
        ("m.onnx", "w.bin"),
        ("m.onnx", "./w.bin"),
        ("m.onnx", "sub/v.bin"),
        ("sub/m.onnx", "v.bin"),
    ],
)
def test_a_file_of_the_artifact_is_left_alone(name: str, location: str) -> None:
    assert found(location, name=name, root=("m.onnx", "w.bin", "sub/v.bin")) == []


def test_each_place_is_reported_once() -> None:
    tensors = [outside("/a", name=str(i)) for i in range(3)] + [outside("/b")]
    places = [f.evidence["location"] for f in found_by(DETECTOR, onnx_of(tensors=tensors))]
    assert places == ["/a", "/b"]


def test_a_field_of_the_wrong_kind_does_not_hide_the_place() -> None:
    data = onnx_of(tensors=[outside("/etc/passwd", number(1, 0))])
    assert len(found_by(DETECTOR, data)) == 1


@pytest.mark.parametrize(
    "data",
    [
        block(3, "1.0") + onnx_of(tensors=[outside("/etc/passwd")]),
        onnx_of(tensors=[outside("/etc/passwd")], rest=block(100, "unknown")),
    ],
    ids=["fields in another order", "unknown field"],
)
def test_a_model_written_otherwise_fails_all_the_same(tmp_path: Path, data: bytes) -> None:
    assert scan_bytes(tmp_path, data, name="m.onnx").verdict is Verdict.FAIL


def test_a_directory_holds_the_data_of_its_model(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_of(tensors=[outside("w.bin")]))
    with_data = tmp_path / "w.bin"
    with_data.write_bytes(b"\0" * 16)
    model, _ = scan_artifact(open_artifact(tmp_path), BUILT_IN).files
    assert (model.verdict, model.findings) == (Verdict.PASS, ())
    alone = scan_artifact(open_artifact(tmp_path / "m.onnx"), BUILT_IN).files[0]
    assert alone.verdict is Verdict.FAIL


def test_a_model_in_an_archive_is_judged_too() -> None:
    data = onnx_of(tensors=[outside("/etc/passwd")])
    (finding,) = found_by(DETECTOR, zip_of({"m.onnx": data}))
    assert finding.location.member == "m.onnx"


def test_a_truncated_model_is_inconclusive(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, onnx_of(tensors=[outside("w" * 300)])[:100])
    assert (result.verdict, result.findings) == (Verdict.INCONCLUSIVE, ())


def scan_tree(folder: Path) -> dict[str, Verdict]:
    return {f.path: f.verdict for f in scan_artifact(open_artifact(folder), BUILT_IN).files}


def test_a_symbolic_link_to_a_file_outside_is_high(tmp_path: Path) -> None:
    secret, model = tmp_path / "secret.bin", tmp_path / "model"
    secret.write_bytes(b"\0" * 16)
    model.mkdir()
    (model / "m.onnx").write_bytes(onnx_of(tensors=[outside("w.bin")]))
    (model / "w.bin").symlink_to(secret)
    assert scan_tree(model)["m.onnx"] is Verdict.FAIL


def test_a_link_within_the_model_and_in_the_hub_cache_is_left_alone(tmp_path: Path) -> None:
    blobs, model = tmp_path / "blobs", tmp_path / "snapshots" / "0123abcd"
    blobs.mkdir()
    model.mkdir(parents=True)
    (blobs / "aa").write_bytes(onnx_of(tensors=[outside("w.bin"), outside("v.bin")]))
    (blobs / "bb").write_bytes(b"\0" * 16)
    (model / "m.onnx").symlink_to("../../blobs/aa")
    (model / "w.bin").symlink_to("../../blobs/bb")
    (model / "v.bin").symlink_to("w.bin")
    assert scan_tree(model)["m.onnx"] is Verdict.PASS


def test_a_hard_link_is_high(tmp_path: Path) -> None:
    secret, model = tmp_path / "secret.bin", tmp_path / "model"
    secret.write_bytes(b"\0" * 16)
    model.mkdir()
    (model / "m.onnx").write_bytes(onnx_of(tensors=[outside("w.bin")]))
    (model / "w.bin").hardlink_to(secret)
    (finding,) = scan_artifact(open_artifact(model), BUILT_IN).findings
    assert (finding.rule.id, finding.severity) == ("ONX001", Severity.HIGH)
    secret.unlink()
    assert scan_artifact(open_artifact(model), BUILT_IN).findings == ()


@pytest.mark.parametrize(("mode", "expected"), [(0, 1), (1, 0), (None, 1)])
def test_the_context_of_an_execution_provider_is_a_file_too(
    mode: int | None, expected: int
) -> None:
    attributes = block(5, block(1, "ep_cache_context") + block(4, "../../x.bin"))
    if mode is not None:
        attributes += block(5, block(1, "embed_mode") + number(3, mode))
    data = onnx_of(nodes=[node("EPContext", "com.microsoft", attributes)])
    assert len(found_by(DETECTOR, data)) == expected
