"""A keep: the opened store, log, keys, trust map and clock of one project.

``.modelkeep/`` holds the evidence store, the signing key (P-256), the log's
key (Ed25519), the trust map, the profile and, put there by ``pipeline``, the policies.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ed25519

from modelkeep.core import EvidenceError, InputError, Subject, UsageError
from modelkeep.core.clock import timestamp, utc_now
from modelkeep.evidence.checkpoint import Checkpoint, sign_checkpoint, verifier_key
from modelkeep.evidence.keys import SigningKey
from modelkeep.evidence.predicates import TABLE, by_key, by_uri
from modelkeep.evidence.revocation import KEY as REVOCATION
from modelkeep.evidence.revocation import apply_revocations
from modelkeep.evidence.statement import (
    Clock,
    Statement,
    parse_statement,
    seal,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.store import Store, open_store
from modelkeep.evidence.store_tables import Entry
from modelkeep.evidence.trust_map import (
    Log,
    TrustMap,
    load_trust_map,
    save_trust_map,
)

FOLDER: Final = ".modelkeep"
PROFILES: Final = ("report", "dev", "prod")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What recording hands back: the statement's id and its place in the log."""

    statement_id: str
    leaf_index: int
    checkpoint: str


@dataclass(slots=True)
class Keep:
    """Everything evidence needs, passed down by the caller and never global."""

    root: Path
    profile: str
    origin: str
    store: Store
    key: SigningKey
    trust: TrustMap
    clock: Clock

    @property
    def policies(self) -> Path:
        """Directory of the policy files."""
        return self.root / "policies"

    def save_trust(self, trust: TrustMap) -> None:
        """Replace the trust map, on disk and here."""
        save_trust_map(self.root / "trust.json", trust)
        self.trust = trust

    def record(self, statements: list[Statement]) -> list[Receipt]:
        """Sign statements and append them to the log in one commit.

        When this returns, they are on disk.

        Raises:
            EvidenceError: the keep is older than one of these kinds, or the disk is full.
        """
        for statement in statements:
            self.require_own_grant(statement.predicate_type)
        bodies = [seal(statement.to_bytes(), self.key) for statement in statements]
        entries = [
            entry_of(statement, body)
            for statement, body in zip(statements, bodies, strict=True)
        ]
        first = self.store.append(entries)
        note = self.store.newest_checkpoint() or ""
        return [
            Receipt(entry.statement_id, first + offset, note)
            for offset, entry in enumerate(entries)
        ]

    def require_own_grant(self, predicate_type: str) -> None:
        """Refuse to sign what nobody would believe: a kind this keep is older than.

        Raises:
            EvidenceError: the trust map does not let the keep's own key assert it.
        """
        own = [s for s in self.trust.signers if s.keyid == self.key.public.keyid]
        granted = {by_key(name).uri for signer in own for name in signer.predicates}
        row = by_uri(predicate_type)
        if own and row is not None and predicate_type not in granted:
            raise EvidenceError(
                f"{self.root}: its key may not assert {row.key}: the keep is older than that",
                "Upgrade it: modelkeep init --upgrade",
            )

    def record_next(
        self, statement: Statement, known: Iterable[str], kinds: Iterable[str]
    ) -> Receipt | None:
        """Sign a statement and append it unless others were appended meanwhile.

        Args:
            statement: what to record.
            known: ids of the statements it rests on: all of those kinds about its subject.
            kinds: short names of predicates.

        Returns:
            ``None`` if the log has moved on; read it again and decide anew.
        """
        self.require_own_grant(statement.predicate_type)
        body = seal(statement.to_bytes(), self.key)
        entry = entry_of(statement, body)
        uris = [by_key(kind).uri for kind in kinds]
        place = self.store.append_next(entry, known, uris)
        if place is None:
            return None
        return Receipt(entry.statement_id, place, self.store.newest_checkpoint() or "")

    def file(self, envelopes: Iterable[bytes]) -> int:
        """Append statements that others signed, byte for byte; returns how many were new.

        Raises:
            EvidenceError: one is not a statement, or not signed by anybody trusted.
        """
        entries = []
        for body in envelopes:
            payload, _ = verify_envelope(body, self.trust.keys())
            entry = entry_of(parse_statement(payload), body)
            known = self.store.entries(entry.subject)
            if entry.statement_id not in {old.statement_id for old in known}:
                entries.append(entry)
        if entries:
            self.store.append(entries)
        return len(entries)

    def clock_problem(self) -> str:
        """Why the clock cannot be right, in a sentence; empty if nothing speaks against it.

        A clock set back brings expired evidence to life again and hides what was found since.
        """
        newest = self.store.newest_issued()  # read before the clock: others may be appending
        now = timestamp(self.clock())
        if newest <= now:
            return ""
        return f"the clock says {now}, and the log's newest entry is of {newest}"

    def apply_revocations(self) -> None:
        """End in the trust map here what the log revokes.

        Raises:
            EvidenceError: a revocation in the log cannot be read.
        """
        known = [signer.keyid for signer in self.trust.signers]
        entries = self.store.entries_of(by_key(REVOCATION).uri, known)
        self.trust = apply_revocations(entries, self.trust, self.origin)

    def close(self) -> None:
        """Give the store back."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def entry_of(statement: Statement, body: bytes) -> Entry:
    """The log entry of a statement: its envelope and the columns it is found by.

    Raises:
        EvidenceError: the statement does not say when it was issued or expires.
    """
    subject: Subject = statement.subjects[0]
    return Entry(
        statement_id=statement_id(body),
        subject=subject.digest.sha256,
        predicate_type=statement.predicate_type,
        issued=timestamp(statement.issued),
        expires=timestamp(statement.expires),
        body=body,
    )


def find_keep(start: Path) -> Path:
    """The nearest ``.modelkeep`` upward from ``start``, else the one to be made there."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FOLDER / "keep.json").is_file():
            return folder / FOLDER
    return start / FOLDER


def exists(root: Path) -> bool:
    """Whether there is a keep."""
    return (root / "keep.json").is_file()


def create_keep(
    root: Path,
    profile: str,
    *,
    clock: Clock = utc_now,
    furnish: Callable[[Path], None] | None = None,
) -> Keep:
    """Make a keep with fresh keys that trusts its own key for everything.

    Args:
        root: the ``.modelkeep`` directory to be.
        profile: report, dev or prod.
        clock: gives the time.
        furnish: writes further files into the draft before anybody can see it.

    Raises:
        InputError: there is one already.
        UsageError: unknown profile.
    """
    _require_profile(profile)
    if exists(root):
        raise InputError(f"{root}: there is a keep already")
    # Built beside its place and moved in one step: a crash leaves no half keep.
    draft = root.with_name(f"{root.name}.{secrets.token_hex(4)}")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        (draft / "keys").mkdir(parents=True, mode=0o700)
        _fill(draft, profile)
        if furnish is not None:
            furnish(draft)
        for path in (*draft.rglob("*"), draft):
            _sync(path)
        draft.rename(root)
        _sync(root.parent)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if exists(root):  # another process was first
            return open_keep(root, clock=clock)
        raise InputError(f"{root}: {error.strerror}") from error
    return open_keep(root, clock=clock)


def _sync(path: Path) -> None:
    """Have a file or directory on disk before anything is acknowledged."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(draft: Path, profile: str) -> None:
    origin = f"modelkeep/{secrets.token_hex(8)}"
    signing, log = SigningKey.generate("p256"), SigningKey.generate("ed25519")
    signing.save(draft / "keys" / "signing.pem")
    log.save(draft / "keys" / "log.pem")
    (draft / "keys" / "signing.pub").write_text(signing.public.pem)
    if not isinstance(log.private, ed25519.Ed25519PrivateKey):  # pragma: no cover
        raise EvidenceError("a log key is Ed25519")
    trust = TrustMap(logs=(Log(origin, verifier_key(origin, log.private.public_key())),))
    every = tuple(row.key for row in TABLE)
    save_trust_map(draft / "trust.json", trust.with_signer("keep", signing.public, every))
    (draft / ".gitignore").write_text("# keys and evidence are not for the repository\n*\n")
    settings = {"version": 1, "profile": profile, "origin": origin}
    (draft / "keep.json").write_text(json.dumps(settings, indent=2) + "\n")


def open_keep(root: Path, *, profile: str = "", clock: Clock = utc_now) -> Keep:
    """Open a keep.

    Args:
        root: the ``.modelkeep`` directory.
        profile: overrides the keep's own; a keep of ``prod`` is not opened as ``dev``, or a
            variable of the environment would turn a denial into a promotion.
        clock: gives the time.

    Raises:
        InputError: there is none, or it is damaged.
        UsageError: the profile is weaker than the keep's own.
    """
    try:
        settings = json.loads((root / "keep.json").read_text())
        own, origin = str(settings["profile"]), str(settings["origin"])
    except FileNotFoundError as error:
        raise InputError(f"{root}: no keep here", "Run `modelkeep init`.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{root / 'keep.json'}: not a keep's settings ({error})") from error
    _require_profile(profile or own)
    if (own, profile) == ("prod", "dev"):  # `report` judges by the rules of `prod`
        raise UsageError(
            f"{root}: its profile is prod, and {profile} is weaker",
            "Drop --profile and MODELKEEP_PROFILE, or use a keep of your own for trying out.",
        )
    log = SigningKey.load(root / "keys" / "log.pem").private
    if not isinstance(log, ed25519.Ed25519PrivateKey):
        raise InputError(f"{root / 'keys' / 'log.pem'}: a log key is Ed25519")

    def sign(size: int, tree_root: bytes) -> str:
        return sign_checkpoint(Checkpoint(origin, size, tree_root), log)

    key = SigningKey.load(root / "keys" / "signing.pem")
    trust = load_trust_map(root / "trust.json")
    keep = Keep(
        root=root,
        profile=profile or own,
        origin=origin,
        store=open_store(root / "evidence.db", sign),
        key=key,
        trust=trust,
        clock=clock,
    )
    try:
        keep.apply_revocations()
    except BaseException:
        keep.close()
        raise
    return keep


def _require_profile(profile: str) -> None:
    if profile not in PROFILES:
        raise UsageError(f"unknown profile {profile!r}", f"Use one of {', '.join(PROFILES)}.")
