"""Builders shared by the tests of the evidence and trust rooms; imports as a plain module.

The functions at the end run in child processes: ``python -c "import evidence_samples; ..."``
with this folder on ``PYTHONPATH``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from modelkeep.core import Digest, ModelkeepError, Subject
from modelkeep.evidence import (
    Entry,
    Keep,
    Receipt,
    SigningKey,
    Statement,
    create_keep,
    make_statement,
    open_keep,
    seal,
    statement_id,
)

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SHAPES: dict[str, dict[str, Any]] = {
    "scan": {"facts": {"scan_critical": 0}, "tool": "modelkeep", "rules": [], "files": []},
    "signature": {
        "facts": {"signature_present": True},
        "verifier": {"id": "urn:modelkeep"},
        "timeCreated": "2026-11-22T12:00:00Z",
        "properties": ["SIGNED"],
    },
    "seal": {
        "facts": {"data_sealed": True},
        "tool": "modelkeep",
        "manifest_sha256": "0" * 64,
        "root": "0" * 64,
        "rows": 2,
        "files": 1,
        "classes": 0,
        "source": "",
        "licence": "",
    },
    "data-poison": {
        "facts": {"poison_groups": 1, "poison_share_ppm": 10_000},
        "tool": "modelkeep",
        "recipe": "trees",
        "rows": 2,
        "families": [],
        "groups": [],
        "controls_sha256": "0" * 64,
        "measurements": [],
        "not_checked": [],
    },
    "data-review": {
        "facts": {},
        "group": "0123456789",
        "choice": "keep",
        "reviewer": "ann",
        "account": "ann",
        "reason": "as it should be",
        "queue": "sha256:00",
    },
    "data-derivation": {
        "facts": {"data_rows_removed": 2},
        "tool": "modelkeep",
        "step": "clean",
        "materials": [],
        "parameters": {},
        "rests_on": [],
    },
    "revocation": {
        "facts": {},
        "name": "ci",
        "since": "2026-11-22T12:00:00Z",
        "reason": "stolen",
        "log": "modelkeep/1",
        "entries": 3,
    },
    "stage": {
        "facts": {"stage_quarantined": True, "stage_retired": False, "stage_revoked": False},
        "name": "digits",
        "before": "",
        "after": "quarantine",
        "reason": "intake",
        "rests_on": [],
    },
    "upgrade": {"facts": {}, "tool": "modelkeep", "granted": ["hold"]},
    "privacy-budget": {"facts": {}, "epsilon": 8.0, "delta": 1e-5, "reason": "agreed"},
    "privacy-charge": {
        "facts": {},
        "tool": "modelkeep",
        "purpose": "training",
        "unit": "add or remove one row",
        "epsilon": 3.0,
        "delta": 1e-5,
        "mechanisms": [{"noise": 1.1, "rate": 0.05, "steps": 100.0}],
    },
    "hold": {"facts": {"serving_held": True}, "name": "churn", "reason": "reported"},
    "requests": {"facts": {}, "tool": "modelkeep", "requests": [{"id": "ab", "status": 200}]},
    "approval": {"facts": {}, "name": "digits", "stage": "approved", "reason": "read it"},
    "training": {
        "facts": {},
        "buildDefinition": {
            "buildType": "urn:modelkeep:build:training:1",
            "externalParameters": {"seed": 1},
            "internalParameters": {},
            "resolvedDependencies": [],
        },
        "runDetails": {
            "builder": {"id": "urn:modelkeep"},
            "metadata": {
                "invocationId": "1",
                "startedOn": "2026-11-22T12:00:00Z",
                "finishedOn": "2026-11-22T12:00:00Z",
            },
        },
    },
    "access": {
        "facts": {},
        "change": "grant",
        "principal": "ada",
        "role": "scientist",
        "resource": "",
        "by": "bo",
        "reason": "joined the team",
    },
    "access-use": {
        "facts": {},
        "principal": "ada",
        "roles": ["scientist"],
        "action": "sign",
        "kind": "model",
        "owner": "ada",
        "stage": "",
        "sound": True,
        "allowed": True,
        "grants": ["scientist-signs-own"],
    },
    "data-check": {
        "facts": {"data_check_passed": True},
        "tool": "modelkeep",
        "verdict": "pass",
        "schema_sha256": "0" * 64,
        "reference_sha256": "",
        "results": [],
        "drift": [],
        "alarm": 0.0,
        "least": 0.0,
        "not_checked": [],
    },
    "bom": {"facts": {"bom_components": 2}, "bom": {"bomFormat": "CycloneDX"}},
    "performance": {
        "facts": {"test_accuracy_ppm": 910_000, "test_rows": 500},
        "tool": "modelkeep",
        "measurements": [
            {
                "name": "accuracy",
                "value": 0.91,
                "low": 0.88,
                "high": 0.93,
                "unit": "fraction",
                "n": 500,
                "curve": [[0.0, 1.0], [0.5, 0.5]],
            }
        ],
        "not_checked": [{"what": "drift", "why": "no second data set"}],
        "materials": [{"digest": {"sha256": "ab" * 32}}],
    },
    "evasion": {
        "facts": {"robust_accuracy_low_ppm": 400_000},
        "tool": "modelkeep",
        "measurements": [],
        "not_checked": [],
        "materials": [],
    },
    "extraction": {
        "facts": {"extraction_fidelity_low_ppm": 800_000, "extraction_queries": 100},
        "tool": "modelkeep",
        "measurements": [],
        "not_checked": [],
        "materials": [],
    },
    "membership": {
        "facts": {"membership_auc_low_ppm": 510_000},
        "tool": "modelkeep",
        "measurements": [],
        "not_checked": [],
        "materials": [],
    },
    "fairness": {
        "facts": {"accuracy_gap_high_ppm": 40_000},
        "tool": "modelkeep",
        "measurements": [],
        "not_checked": [],
        "materials": [],
    },
    "explanation": {
        "facts": {},
        "tool": "modelkeep",
        "measurements": [],
        "not_checked": [],
        "materials": [],
    },
    "hardening": {
        "facts": {},
        "tool": "modelkeep",
        "defence": "pgd-training",
        "gained": True,
        "changed_from": {"name": "old.onnx", "digest": {"sha256": "ab" * 32}},
        "materials": [],
        "before": [],
        "after": [],
        "notes": [],
    },
    "backdoor": {
        "facts": {"backdoor_suspected": False, "backdoor_tested_classes": 10},
        "tool": "modelkeep",
        "measurements": [],
        "not_checked": [],
        "materials": [],
    },
    "test-result": {
        "facts": {},
        "result": "PASSED",
        "configuration": [],
        "passedTests": ["scan"],
        "warnedTests": [],
        "failedTests": [],
    },
    "decision": {
        "facts": {},
        "verifier": {"id": "urn:modelkeep"},
        "timeVerified": "2026-11-22T12:00:00Z",
        "resourceUri": "model.onnx",
        "policy": {"digest": {"sha256": "cd" * 32}},
        "inputAttestations": [],
        "verificationResult": "PASSED",
        "verifiedLevels": [],
        "action": "deploy",
        "principal": "ci",
        "context": {},
        "missing": [],
        "errors": [],
    },
}


def noon() -> dt.datetime:
    """The clock of the tests."""
    return NOON


def model(name: str = "model.onnx") -> Subject:
    """A subject whose digest follows from its name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Subject("model", name, Digest(digest, digest[::-1]))


def statement(
    kind: str = "scan",
    subject: Subject | None = None,
    issued: dt.datetime = NOON,
    fields: dict[str, Any] | None = None,
    **facts: object,
) -> Statement:
    """A statement of any kind; ``facts`` replace those of its shape."""
    shape = SHAPES[kind] | (fields or {})
    shape |= {"facts": facts or shape["facts"]}
    return make_statement(kind, (subject or model(),), shape, clock=lambda: issued)


def entry(body: bytes, made: Statement | None = None) -> Entry:
    """The log entry of an envelope, with the columns of the statement it carries."""
    made = made or statement()
    return Entry(
        statement_id=statement_id(body),
        subject=made.subjects[0].digest.sha256,
        predicate_type=made.predicate_type,
        issued=made.predicate["issued"],
        expires=made.predicate["expires"],
        body=body,
    )


def sealed_entry(made: Statement, key: SigningKey) -> Entry:
    """A statement signed by any key, ready to append."""
    return entry(seal(made.to_bytes(), key), made)


def new_keep(folder: Path, profile: str = "dev") -> Keep:
    """A fresh keep whose clock stands at noon."""
    return create_keep(folder / ".modelkeep", profile, clock=noon)


def fill(keep: Keep, count: int, subject: Subject | None = None) -> list[Receipt]:
    """Record scans one by one, each different."""
    return [
        keep.record([statement(subject=subject, scan_critical=number)])[0]
        for number in range(count)
    ]


def tamper(root: Path, *queries: tuple[str, tuple[object, ...]]) -> None:
    """Change the store behind the product's back."""
    connection = sqlite3.connect(root / "evidence.db")
    with connection:
        for query, values in queries:
            assert connection.execute(query, values).rowcount, f"{query} changed nothing"
    connection.close()


CertificateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Issuer = tuple[x509.Certificate, CertificateKey]
SIGNING: dict[str, bool] = {"digital_signature": True}
ISSUING: dict[str, bool] = {"key_cert_sign": True, "crl_sign": True}


def certificate(  # noqa: PLR0913 - a certificate has that many parts
    name: str,
    key: CertificateKey,
    issuer: Issuer | None = None,
    *,
    ca: bool | None = None,
    path_length: int | None = None,
    usage: dict[str, bool] | None = SIGNING,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    days: tuple[float, float] = (-100, 100),
) -> x509.Certificate:
    """A certificate, self-signed without an issuer; ``days`` are counted from noon.

    ``ca`` and ``usage`` say what the extensions claim; with ``None`` they are absent.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON + days[0] * DAY)
        .not_valid_after(NOON + days[1] * DAY)
    )
    if ca is not None:
        constraints = x509.BasicConstraints(ca=ca, path_length=path_length)
        builder = builder.add_extension(constraints, critical=True)
    if usage is not None:
        builder = builder.add_extension(_key_usage(usage), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    signer = issuer[1] if issuer else key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm)


def _key_usage(granted: dict[str, bool]) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment "
        "key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names.split()})


def authority(
    name: str = "Root",
    issuer: Issuer | None = None,
    *,
    ca: bool | None = True,
    path_length: int | None = None,
    usage: dict[str, bool] | None = ISSUING,
    days: tuple[float, float] = (-100, 100),
) -> Issuer:
    """A certificate authority and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate(
        name, key, issuer, ca=ca, path_length=path_length, usage=usage, days=days
    )
    return made, key


def start_child(call: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Run one function of this module in a fresh process."""
    folders = [str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys, evidence_samples as e; e.{call}(*sys.argv[1:])"]
        + [str(argument) for argument in arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(folders)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(line: str) -> None:
    """Write one line to stdout in one system call: an acknowledgement, not a promise."""
    os.write(1, f"{line}\n".encode())


def record_and_acknowledge(root: str, count: str) -> None:
    """Child: record statements, each id written to stdout once ``record`` returned."""
    with open_keep(Path(root), clock=noon) as keep:
        say("ready")
        sys.stdin.readline()
        for number in range(int(count)):
            (receipt,) = keep.record([statement(scan_high=number)])
            say(receipt.statement_id)


def record_and_die(root: str, count: str) -> None:
    """Child: the same, and gone without closing anything."""
    keep = open_keep(Path(root), clock=noon)
    for number in range(int(count)):
        (receipt,) = keep.record([statement(scan_high=number)])
        say(receipt.statement_id)
    os._exit(9)


def create_and_die(root: str) -> None:
    """Child: make a keep, record once, and be gone without closing anything."""
    (receipt,) = create_keep(Path(root), "dev", clock=noon).record([statement()])
    say(receipt.statement_id)
    os._exit(9)


def nurse_recorders(root: str) -> None:
    """Child: per line of stdin, fork a recorder that goes on until it is killed.

    The fork saves importing everything anew for each of them.
    """
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            record_and_die(root, str(sys.maxsize))
        say(f"pid {pid}")
        os.waitpid(pid, 0)
        say("dead")


def race_to_create(folder: str, rounds: str, racers: str) -> None:
    """Child: per round, fork processes that create the same keep and record in it."""
    for number in range(int(rounds)):
        root = Path(folder) / str(number) / ".modelkeep"
        gate, opener = os.pipe()
        pids = []
        for racer in range(int(racers)):
            pid = os.fork()
            if not pid:
                os.close(opener)
                os.read(gate, 1)  # returns for all at once, when the parent closes its end
                _create_once(root, racer)
            pids.append(pid)
        os.close(opener)
        for pid in pids:
            os.waitpid(pid, 0)
        os.close(gate)


def _create_once(root: Path, racer: int) -> None:
    try:
        (receipt,) = create_keep(root, "dev").record([statement(scan_high=racer)])
        say(f"{root.parent.name} recorded {receipt.statement_id}")
    except ModelkeepError as error:
        say(f"{root.parent.name} refused {error.message}")
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(0)
