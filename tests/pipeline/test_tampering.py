"""The tamper corpus: every change at every stage is refused and named; honest copies never."""

from __future__ import annotations

import base64
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import check_samples as samples
from evidence_samples import NOON
from modelkeep import pipeline
from modelkeep.core import EvidenceError, Verdict
from modelkeep.evidence import SigningKey, TrustMap
from modelkeep.report import Report
from modelkeep.sources import digest_artifact, open_artifact
from modelkeep.trust import State, sign_artifact, verify_signature

MODEL = Path("model")
SHARDS = ("shard-1.json", "shard-2.json")


@pytest.fixture(autouse=True)
def _model(desk: samples.Sample) -> None:
    """A signed model of shards, checked, and an older signed version beside it."""
    pipeline.init_keep(desk.folder / ".modelkeep", "dev").close()
    for name, text in (("model", "2"), ("older", "1")):
        folder = samples.directory_of(Path(name), config__json=b"{}")
        for number, shard in enumerate(SHARDS):
            (folder / shard).write_text(f"[{text}, {number}]")
        pipeline.sign(folder)
    pipeline.check(MODEL)
    pipeline.check("older")


def edit_manifest(folder: Path) -> None:
    path = folder / "model.sig"
    bundle = json.loads(path.read_bytes())
    payload = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    payload["predicate"]["resources"].pop()
    text = base64.b64encode(json.dumps(payload).encode()).decode()
    bundle["dsseEnvelope"]["payload"] = text
    path.write_text(json.dumps(bundle))


def link_elsewhere(folder: Path) -> None:
    (folder / SHARDS[0]).rename(folder.parent / "elsewhere.json")
    (folder / SHARDS[0]).symlink_to(folder.parent.absolute() / "elsewhere.json")


def flip(folder: Path) -> None:
    data = bytearray((folder / SHARDS[0]).read_bytes())
    data[1] ^= 1
    (folder / SHARDS[0]).write_bytes(data)


def swap_shards(folder: Path) -> None:
    (folder / SHARDS[0]).rename(folder / "x")
    (folder / SHARDS[1]).rename(folder / SHARDS[0])
    (folder / "x").rename(folder / SHARDS[1])


# What is done, and the place that must be named.
CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "one flipped byte": (flip, SHARDS[0]),
    "one added file": (lambda f: (f / "extra.json").write_text("[]"), "extra.json"),
    "one removed file": (lambda f: (f / SHARDS[1]).unlink(), SHARDS[1]),
    "one renamed file": (lambda f: (f / SHARDS[1]).rename(f / "renamed.json"), "renamed.json"),
    "one zero-byte file": (lambda f: (f / "__init__.py").touch(), "__init__.py"),
    "one emptied file": (lambda f: (f / SHARDS[0]).write_bytes(b""), SHARDS[0]),
    "a link in place of a file": (link_elsewhere, SHARDS[0]),
    "a swapped shard": (swap_shards, SHARDS[0]),
    "an edited manifest": (edit_manifest, "model.sig"),
    "an old signature": (lambda f: shutil.copy("older/model.sig", f / "model.sig"), SHARDS[0]),
}


def named(report: Report) -> str:
    assert report.verdict is Verdict.FAIL
    return " ".join(str(finding.location.path) for finding in report.all_findings())


def after_training() -> str:
    return named(pipeline.verify(MODEL))


def before_storage() -> str:
    with pytest.raises(EvidenceError) as caught:
        pipeline.register(MODEL, "credit")
    assert pipeline.list_registry() == []
    return caught.value.message


def before_deployment() -> str:
    return named(pipeline.check(MODEL, action="deploy"))


def at_load() -> str:
    with pytest.raises(EvidenceError) as caught, pipeline.admit(MODEL):
        pass
    return caught.value.message


STAGES = (after_training, before_storage, before_deployment, at_load)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
@pytest.mark.parametrize("change", CHANGES)
def test_change_is_refused_and_its_place_named(change: str, stage: Callable[[], str]) -> None:
    tamper, place = CHANGES[change]
    tamper(MODEL)
    found = stage()
    if change == "an edited manifest" and stage in (before_storage, at_load):
        assert "signature" in found or place in found or "root digest" in found
    elif change == "one renamed file" and stage in (before_storage, at_load):
        assert SHARDS[1] in found  # the first of the two places
    else:
        assert place in found


@pytest.mark.parametrize("stage", [before_deployment, at_load])
def test_version_that_was_rolled_back_is_refused_though_its_signature_holds(
    stage: Callable[[], str],
) -> None:
    pipeline.register("older", "credit")
    pipeline.move_version("credit", "retired", reason="superseded")
    shutil.rmtree(MODEL)
    shutil.copytree("older", MODEL)
    if stage is at_load:
        assert "taken out of use" in at_load()
    else:
        report = pipeline.check(MODEL, action="deploy")
        assert report.decision is not None
        assert [missing.id for missing in report.decision.missing] == ["not-retired"]


@pytest.mark.parametrize("change", ["one flipped byte", "one added file", "one removed file"])
def test_download_that_is_not_as_published_is_refused_and_named(change: str) -> None:
    lines = [
        f"{file.digest.sha256}  {file.name}"
        for file in digest_artifact(open_artifact(MODEL)).files
    ]
    Path("SHA256SUMS").write_text("\n".join(lines) + "\n")
    (MODEL / "model.sig").unlink()
    assert pipeline.verify(MODEL, checksums="SHA256SUMS").verdict is Verdict.PASS
    tamper, place = CHANGES[change]
    tamper(MODEL)
    assert place in named(pipeline.verify(MODEL, checksums="SHA256SUMS"))
    with pytest.raises(EvidenceError, match=place):
        pipeline.register(MODEL, "credit", checksums="SHA256SUMS")


def honest_trips(folder: Path, trips: int) -> int:
    """Sign, copy by one of several ways, verify; returns how many were refused."""
    obstore = pytest.importorskip("obstore")
    key, draw = SigningKey.generate(), random.Random(7)
    trust = TrustMap().with_signer("ci", key.public, ("model-signature",))
    refused = 0
    for trip in range(trips):
        source, target = folder / f"s{trip}", folder / f"t{trip}"
        source.mkdir()
        for number in range(draw.randint(1, 4)):
            path = (
                source / draw.choice(["a", "b/c", "d/e/f", ".git", "empty"]) / f"{number}.bin"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(draw.randbytes(draw.choice([0, 1, 100, 5000])))
            path.chmod(draw.choice([0o644, 0o600, 0o755]))
        artifact = open_artifact(source)
        sign_artifact(artifact, digest_artifact(artifact), key)
        if trip % 2:
            shutil.copytree(source, target)
        else:  # an object store keeps names and bytes, and no modes
            store = obstore.store.MemoryStore()
            for path in source.rglob("*"):
                if path.is_file():
                    obstore.put(store, path.relative_to(source).as_posix(), path.read_bytes())
            for page in obstore.list(store):
                for item in page:
                    place = target / item["path"]
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(bytes(obstore.get(store, item["path"]).bytes()))
        copy = open_artifact(target)
        check = verify_signature(copy, digest_artifact(copy), trust, now=NOON)
        refused += check.state is not State.TRUSTED
        shutil.rmtree(source)
        shutil.rmtree(target)
    return refused


def test_honest_copies_are_not_refused(tmp_path: Path) -> None:
    (tmp_path / "trips").mkdir()
    assert honest_trips(tmp_path / "trips", 60) == 0


@pytest.mark.slow
def test_thousand_honest_copies_are_not_refused(tmp_path: Path) -> None:
    (tmp_path / "trips").mkdir()
    assert honest_trips(tmp_path / "trips", 1000) == 0
