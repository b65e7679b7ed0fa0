"""``sign`` and ``verify``: exactly these bytes, by somebody who may."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import check_samples as samples
from evidence_samples import NOON, Issuer, authority, certificate
from modelkeep import pipeline
from modelkeep.core import InputError, Severity, Verdict
from modelkeep.evidence import SigningKey, open_keep, utc_now
from modelkeep.report import Report

KEEP = Path(".modelkeep")


@pytest.fixture(autouse=True)
def _keep(desk: samples.Sample) -> None:
    """Every test has a keep in a folder of its own."""
    pipeline.init_keep(desk.folder / KEEP, "dev").close()


@pytest.fixture
def model() -> Path:
    """A directory model of three files."""
    return samples.directory_of(Path("model"), a__bin=b"a", b__bin=b"b", c__bin=b"c")


def rules(report: Report) -> list[str]:
    return [finding.rule for finding in report.all_findings()]


def failed(report: Report) -> list[str]:
    return [file.path for file in report.files if file.verdict is Verdict.FAIL]


def said(report: Report) -> set[str]:
    return {finding.message for finding in report.all_findings() if finding.rule == "SIG001"}


# Signatures


@pytest.mark.parametrize("path", ["model.onnx", "model"])
def test_what_was_signed_verifies(path: str, model: Path) -> None:
    signature = pipeline.sign(path)
    assert signature == (model / "model.sig" if path == "model" else Path(f"{path}.sig"))
    report = pipeline.verify(path)
    assert (report.verdict, report.exit_code) == (Verdict.PASS, 0)
    assert report.notes == ("signed by keep",)
    assert {file.verdict for file in report.files} == {Verdict.PASS}


def test_what_nobody_signed_does_not_verify() -> None:
    report = pipeline.verify("model.onnx")
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert rules(report) == ["SIG002"]


def test_changed_missing_and_extra_files_are_each_named(model: Path) -> None:
    pipeline.sign(model)
    samples.flip(model / "a.bin", 0)
    (model / "b.bin").unlink()
    (model / ".d").write_bytes(b"")
    report = pipeline.verify(model)
    assert report.verdict is Verdict.FAIL
    assert said(report) == {
        "a.bin: changed since it was signed",
        "b.bin: signed, but missing",
        ".d: present, but never signed",
    }
    assert failed(report) == [".d", "a.bin"]
    assert {finding.severity for finding in report.all_findings()} == {Severity.CRITICAL}


def test_directory_inside_counts_with_everything_in_it(model: Path) -> None:
    samples.directory_of(model / ".git" / "hooks", run=b"")
    pipeline.sign(model)
    assert pipeline.verify(model).verdict is Verdict.PASS
    (model / ".git" / "hooks" / "run").write_bytes(b"now with content")
    report = pipeline.verify(model)
    assert report.verdict is Verdict.PASS
    assert any(note.startswith(".git/hooks/run: changed") for note in report.notes)
    assert failed(pipeline.verify(model, strict=True)) == [".git/hooks/run"]
    assert pipeline.verify(model, strict=True, ignore=(".git",)).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["weights:0.bin", "signed.bin", "a b ü.bin"])
def test_file_is_named_in_full_whatever_its_name_is(model: Path, name: str) -> None:
    (model / name).write_bytes(b"x")
    pipeline.sign(model)
    samples.flip(model / name, 0)
    report = pipeline.verify(model)
    assert said(report) == {f"{name}: changed since it was signed"}
    assert [finding.location.path for finding in report.all_findings()] == [name]
    assert failed(report) == [name]


def test_signing_again_replaces_the_signature(model: Path) -> None:
    pipeline.sign(model)
    samples.flip(model / "a.bin", 0)
    pipeline.sign(model)
    assert pipeline.verify(model).verdict is Verdict.PASS
    assert sorted(path.name for path in model.iterdir()) == [
        "a.bin",
        "b.bin",
        "c.bin",
        "model.sig",
    ]


def test_damaged_signature_does_not_verify(model: Path) -> None:
    signature = pipeline.sign(model)
    for damage in (b"", b"{}", b"not json", signature.read_bytes()[:-9]):
        signature.write_bytes(damage)
        report = pipeline.verify(model)
        assert (report.verdict, rules(report)) == (Verdict.FAIL, ["SIG001"])
        assert report.all_findings()[0].location.path == "model.sig"


def test_signer_who_is_not_trusted_counts_only_once_they_are() -> None:
    stranger = SigningKey.generate("ed25519")
    stranger.save(Path("stranger.pem"))
    Path("stranger.pub").write_text(stranger.public.pem)
    pipeline.sign("model.onnx", key="stranger.pem")
    report = pipeline.verify("model.onnx")
    assert (report.verdict, rules(report)) == (Verdict.FAIL, ["SIG003"])
    pipeline.add_trust("evidence only", "stranger.pub", ("scan",))
    assert pipeline.verify("model.onnx").verdict is Verdict.FAIL
    pipeline.remove_trust("evidence only")
    pipeline.add_trust("stranger", "stranger.pub", ("model-signature",))
    report = pipeline.verify("model.onnx")
    assert (report.verdict, report.notes) == (Verdict.PASS, ("signed by stranger",))


def test_signer_goes_by_the_name_that_was_granted_signing() -> None:
    public = KEEP / "keys" / "signing.pub"
    pipeline.remove_trust("keep")
    pipeline.add_trust("scanner", public, ("scan", "signature"))
    pipeline.add_trust("release", public, ("model-signature",))
    pipeline.sign("model.onnx")
    assert pipeline.verify("model.onnx").notes == ("signed by release",)


def test_outcome_is_recorded_and_decides() -> None:
    pipeline.sign("model.onnx")
    report = pipeline.verify("model.onnx")
    (line,) = pipeline.list_evidence("model.onnx")
    assert (line.predicate, line.statement_id) == ("signature", report.receipts[0].statement_id)
    shown = pipeline.show_evidence(line.statement_id)["statement"]["predicate"]
    assert shown["facts"] == {
        "signature_present": True,
        "signature_trusted": True,
        "signature_broken": False,
    }


def test_verify_says_that_it_did_not_look_inside() -> None:
    (missed,) = pipeline.verify("model.onnx").not_checked
    assert missed.what == "contents"


def test_signing_needs_something_to_sign_and_a_key() -> None:
    with pytest.raises(InputError, match="gone"):
        pipeline.sign("gone.onnx")
    Path("no.pem").write_text("no key")
    with pytest.raises(InputError, match=r"no\.pem"):
        pipeline.sign("model.onnx", key="no.pem")
    assert not Path("model.onnx.sig").exists()


# Checksums


def sums(model: Path, **changed: str) -> Path:
    """A sha256sum file of a directory, some lines replaced."""
    digests = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in model.iterdir()}
    for name, digest in changed.items():
        digests[name.replace("__", ".")] = digest
    lines = (f"{digest}  {name}\n" for name, digest in digests.items() if digest)
    path = Path("SHA256SUMS")
    path.write_text("".join(lines))
    return path


def test_checksums_that_fit_pass_without_a_signature(model: Path) -> None:
    report = pipeline.verify(model, checksums=sums(model))
    assert report.verdict is Verdict.PASS
    assert rules(report) == ["SIG002"], "and nobody signed it"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"a__bin": "0" * 64}, "a.bin: changed since it was listed in SHA256SUMS"),
        ({"d__bin": "0" * 64}, "d.bin: listed in SHA256SUMS, but missing"),
        ({"a__bin": ""}, "a.bin: present, but never listed in SHA256SUMS"),
    ],
)
def test_checksums_name_changed_missing_and_extra_files(
    model: Path, changed: dict[str, str], sentence: str
) -> None:
    report = pipeline.verify(model, checksums=sums(model, **changed))
    assert report.verdict is Verdict.FAIL
    assert said(report) == {sentence}
    assert failed(report) == ([] if "missing" in sentence else ["a.bin"])


@pytest.mark.parametrize("name", ["signed.bin", "weights:0.bin"])
def test_checksums_name_a_file_in_full_whatever_its_name_is(model: Path, name: str) -> None:
    (model / name).write_bytes(b"x")
    listed = sums(model)
    samples.flip(model / name, 0)
    report = pipeline.verify(model, checksums=listed)
    assert said(report) == {f"{name}: changed since it was listed in SHA256SUMS"}
    assert failed(report) == [name]


def test_broken_signature_fails_though_the_checksums_fit(model: Path) -> None:
    pipeline.sign(model)
    (model / "model.sig").write_bytes(b"{}")
    listed = sums(model, model__sig="")
    assert pipeline.verify(model, checksums=listed).verdict is Verdict.FAIL


@pytest.mark.parametrize("text", ["", "abc  model.onnx\n", "g" * 64 + "  model.onnx\n"])
def test_file_that_holds_no_checksums_is_refused(text: str) -> None:
    Path("SUMS").write_text(text)
    with pytest.raises(InputError, match="SUMS"):
        pipeline.verify("model.onnx", checksums="SUMS")


# Certificates


def chain(root: Issuer, days: tuple[float, float] = (-1, 1)) -> tuple[x509.Certificate, Path]:
    """A leaf of a root for a fresh key; ``days`` are counted from now."""
    now = (utc_now() - NOON) / dt.timedelta(days=1)
    key = SigningKey.generate()
    leaf = certificate("Release", key.private, root, days=(now + days[0], now + days[1]))
    path = Path("release.pem")
    key.save(path)
    return leaf, path


def pem(path: str, *certificates: x509.Certificate) -> Path:
    encoded = (c.public_bytes(serialization.Encoding.PEM) for c in certificates)
    Path(path).write_bytes(b"".join(encoded))
    return Path(path)


@pytest.fixture
def root() -> Issuer:
    """An authority in force for a long time."""
    return authority(days=(-100, 36500))


def test_leaf_of_a_given_root_may_sign(root: Issuer) -> None:
    leaf, key = chain(root)
    pipeline.sign("model.onnx", key=key, certificates=pem("chain.pem", leaf))
    roots = pem("root.pem", root[0])
    report = pipeline.verify("model.onnx", roots=roots)
    assert (report.verdict, report.notes) == (Verdict.PASS, ("signed by CN=Release",))
    checked = pipeline.check("model.onnx", roots=roots)
    assert checked.all_findings() == ()


def test_leaf_counts_for_nothing_without_its_root(root: Issuer) -> None:
    leaf, key = chain(root)
    pipeline.sign("model.onnx", key=key, certificates=pem("chain.pem", leaf))
    assert rules(pipeline.verify("model.onnx")) == ["SIG003"]
    other = pem("other.pem", authority(days=(-100, 36500))[0])
    assert rules(pipeline.verify("model.onnx", roots=other)) == ["SIG001"]


@pytest.mark.parametrize("days", [(-9, -1), (1, 9)])
def test_leaf_that_is_not_in_force_fails(root: Issuer, days: tuple[float, float]) -> None:
    leaf, key = chain(root, days)
    pipeline.sign("model.onnx", key=key, certificates=pem("chain.pem", leaf))
    report = pipeline.verify("model.onnx", roots=pem("root.pem", root[0]))
    assert (report.verdict, rules(report)) == (Verdict.FAIL, ["SIG001"])


def test_certificate_of_another_key_is_refused(root: Issuer) -> None:
    leaf, _ = chain(root)
    with pytest.raises(InputError, match="does not belong"):
        pipeline.sign("model.onnx", certificates=pem("chain.pem", leaf))


def test_keys_of_the_keep_stay_in_the_keep() -> None:
    pipeline.sign("model.onnx")
    with open_keep(KEEP) as keep:
        public = keep.key.public.pem.splitlines()[1]
    text = Path("model.onnx.sig").read_text()
    assert "PRIVATE" not in text
    assert public not in text, "the signer is named by hash, the trust map brings the key"
