"""Remote scans: findings as on disk, little fetched, and what has no digest is said."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import MalformedArtifactError, Verdict
from modelkeep.scan import BUILT_IN, ScanResult, scan_artifact, scan_remote
from modelkeep.sources import (
    Hashing,
    RangeSource,
    RemoteArtifact,
    digest_bytes,
    open_artifact,
)
from samples import VALID, bomb, onnx_of, outside, safetensors_of, tensor


class Elsewhere:
    """Files at an address, and how much of them was fetched."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.fetched = 0

    def fetch(self, name: str, start: int, stop: int) -> bytes:
        if self.files[name] == b"gone":
            raise MalformedArtifactError("could not be fetched: gone")
        self.fetched += stop - start
        return self.files[name][start:stop]

    def artifact(self) -> RemoteArtifact:
        sizes = {name: len(self.files[name]) for name in sorted(self.files)}

        def open_file(name: str) -> RangeSource:
            return RangeSource(sizes[name], lambda a, b: self.fetch(name, a, b))

        return RemoteArtifact("hf://org/name", sizes, open_file)


def scan(files: dict[str, bytes], **more: object) -> ScanResult:
    return scan_remote(Elsewhere(files).artifact(), BUILT_IN, **more)  # type: ignore[arg-type]


def test_findings_and_digests_are_those_of_the_files_on_disk(tmp_path: Path) -> None:
    files = {"a.pkl": bomb(), "b.zip": VALID["zip"], "c.txt": b"x", "d.bin": b""}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    here = scan_artifact(open_artifact(tmp_path), BUILT_IN, hashing=Hashing.FAST)
    assert scan(files) == here


def test_of_a_large_file_only_its_header_is_fetched_and_that_is_said() -> None:
    data = safetensors_of({"w": tensor(0, 80 << 20)}, bytes(80 << 20))
    elsewhere = Elsewhere({"w.safetensors": data})
    result = scan_remote(elsewhere.artifact(), BUILT_IN)
    (file,) = result.files
    assert (file.verdict, file.format) == (Verdict.PASS, "safetensors")
    assert elsewhere.fetched < 8 << 20
    assert [missed.what for missed in result.not_checked] == ["w.safetensors: digest"]
    assert f"of {len(data)} bytes were fetched" in result.not_checked[0].why
    assert result.digests[0].digest.blake3 == ""


def test_file_that_does_not_come_is_inconclusive_and_the_rest_goes_on() -> None:
    result = scan({"a.pkl": b"gone", "b.pkl": bomb()})
    assert [file.verdict for file in result.files] == [Verdict.INCONCLUSIVE, Verdict.FAIL]
    assert "could not be fetched" in result.files[0].reason


def test_only_the_files_asked_for_are_fetched_and_rules_see_all_names() -> None:
    files = {"m.onnx": onnx_of(tensors=[outside("w.bin")]), "w.bin": bytes(8)}
    elsewhere = Elsewhere(files)
    result = scan_remote(elsewhere.artifact(), BUILT_IN, files=["m.onnx"])
    assert [file.path for file in result.files] == ["m.onnx"]
    assert elsewhere.fetched == len(files["m.onnx"])
    assert result.findings == scan(files).findings


def test_both_digests_are_computed_when_asked_for() -> None:
    result = scan({"a.pkl": bomb()}, hashing=Hashing.BOTH)
    assert result.digests[0].digest == digest_bytes(bomb())


def test_names_and_bytes_are_told() -> None:
    names: list[str] = []
    counts: list[int] = []
    scan({"a": b"12", "b": b"3"}, on_file=names.append, on_bytes=counts.append)
    assert (names, counts) == (["a", "b"], [2, 1])
