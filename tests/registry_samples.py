"""Builders of registered versions; imports as a plain module."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import traceback
from pathlib import Path

from evidence_samples import NOON, noon, say
from modelkeep.core import Digest, ModelkeepError, Subject
from modelkeep.evidence import (
    Keep,
    SigningKey,
    create_keep,
    make_statement,
    open_keep,
    seal,
    statement_id,
)
from modelkeep.registry import Stage, Version, approve, enter, find_version, register
from modelkeep.sources import FileDigest, Manifest

PEOPLE = {name: SigningKey.generate() for name in ("ada", "bo", "cy")}


class Hands:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


def keep_with_people(folder: Path, clock: Hands) -> Keep:
    """A keep that lets three people register, promote and approve."""
    keep = create_keep(folder / ".modelkeep", "dev", clock=clock)
    trust = keep.trust
    for name, key in PEOPLE.items():
        trust = trust.with_signer(name, key.public, ("stage", "approval"))
    keep.change_trust(lambda _: trust)
    return keep


def manifest_of(text: bytes) -> tuple[Subject, Manifest]:
    digest = Digest(hashlib.sha256(text).hexdigest(), hashlib.sha256(text).hexdigest())
    files = (FileDigest("", digest, len(text)),)
    return Subject("model", "model.bin", digest), Manifest(files, digest)


def registered(keep: Keep, author: str = "ada", text: bytes = b"weights") -> Version:
    subject, manifest = manifest_of(text)
    return register(keep, "credit", subject, manifest, PEOPLE[author])


def decide(
    keep: Keep,
    subject: Subject,
    action: str,
    result: str = "PASSED",
    key: SigningKey | None = None,
) -> str:
    """Record a gate's decision."""
    fields = {
        "facts": {},
        "verifier": {"id": "urn:modelkeep"},
        "timeVerified": "2026-11-22T12:00:00Z",
        "resourceUri": f"sha256:{subject.digest.sha256}",
        "policy": {"uri": "urn:modelkeep:policy:dev", "digest": {"sha256": "0" * 64}},
        "inputAttestations": [],
        "verificationResult": result,
        "verifiedLevels": [],
        "action": action,
        "principal": "ada",
        "context": {},
        "missing": [],
        "errors": [],
    }
    made = make_statement("decision", (subject,), fields, clock=keep.clock)
    body = seal(made.to_bytes(), key or keep.key)
    keep.file([body])
    return statement_id(body)


def race_in_registry(folder: str, *racers: str) -> None:
    """Child: in each keep of a folder, fork one process per racer and let all go at once.

    A racer is ``STAGE WHO`` or ``approval WHO``; WHO's key lies in the folder as WHO.pem.
    """
    for project in sorted(Path(folder).glob("*/.modelkeep")):
        gate, opener = os.pipe()
        pids = []
        for racer in racers:
            pid = os.fork()
            if not pid:
                os.close(opener)
                _race(project, racer, gate)
            pids.append(pid)
        os.close(gate)
        os.close(opener)
        for pid in pids:
            os.waitpid(pid, 0)


def _race(root: Path, racer: str, gate: int) -> None:
    what, _, who = racer.partition(" ")
    try:
        key = SigningKey.load(root.parents[1] / f"{who}.pem")
        with open_keep(root, clock=noon) as keep:
            version = find_version(keep, "credit")
            os.read(gate, 1)  # returns for all at once, when the parent closes its end
            if what == "approval":
                approve(keep, version, reason="raced", key=key)
            else:
                enter(keep, version, Stage(what), reason="raced", key=key)
        say(f"{root.parent.name} took {racer}")
    except ModelkeepError as error:
        say(f"{root.parent.name} refused {racer}: {error.message}")
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(0)
