"""What every job opens first: settings, the keep, the gates, somebody to tell.

The only place where a keep is made without being asked for (profile dev), and it says so.
"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Settings, Value, resolve
from modelkeep.evidence import (
    Facts,
    Keep,
    Place,
    Receipt,
    create_keep,
    exists,
    find_keep,
    gather_facts,
    open_keep,
)
from modelkeep.pipeline.listening import Listener
from modelkeep.policy import (
    FILES,
    Decision,
    Gates,
    decide,
    decision_statement,
    load_gates,
    packaged_policy,
    settled_thresholds,
)
from modelkeep.registry import contradiction, read_version

DEFAULT_PROFILE: Final = "dev"


@dataclass(slots=True)
class Workspace:
    """An open keep with its gates and the settings of this run."""

    settings: Settings
    keep: Keep
    gates: Gates
    listener: Listener

    def facts(self, subject: Subject, now: dt.datetime | None = None) -> Facts:
        """What may be believed about a subject at a moment, now by default."""
        digest = subject.digest.sha256
        wrong = self.keep.clock_problem()
        entries = self.keep.store.entries(digest)
        found = gather_facts(
            [entry.body for entry in entries],
            digest,
            self.keep.trust,
            now or self.keep.clock(),
            [Place(self.keep.origin, entry.seq) for entry in entries],
        )
        if "stage_revoked" in found.values:  # somebody registered it
            version = read_version(self.keep, digest, now)
            wrong = wrong or (contradiction(version, found.values) if version else "")
        return replace(found, broken=(*found.broken, wrong)) if wrong else found

    def decide(self, action: str, subject: Subject) -> tuple[Decision, Receipt]:
        """Ask the gate, record its answer and the policy it was given by."""
        principal = user_name()
        now = self.keep.clock()  # read once: ages and the decision's time must agree
        facts = self.facts(subject, now)
        decision = decide(action, subject.digest.sha256, principal, facts, self.gates)
        statement = decision_statement(
            decision, subject, principal, facts, self.gates, lambda: now
        )
        self._remember_policy()
        (receipt,) = self.keep.record([statement])
        return decision, receipt

    def _remember_policy(self) -> None:
        path = decided_policy_path(self.keep, self.gates.digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{secrets.token_hex(4)}")
            draft.write_text(
                json.dumps(self.gates.material(), sort_keys=True), encoding="utf-8"
            )
            draft.replace(path)


def decided_policy_path(keep: Keep, digest: str) -> Path:
    """Where the policy texts of a past decision are kept."""
    return keep.policies / "decided" / f"{digest}.json"


def user_name() -> str:
    """The principal of a local run: the account, whatever the environment says."""
    try:
        import pwd  # noqa: PLC0415 - not on Windows

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        pass
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def keep_path(settings: Settings) -> Path:
    """The keep's directory: named, else the nearest upward, else here."""
    named = settings.text("keep")
    return Path(named) if named else find_keep(Path.cwd())


def place_of_new_keep(**flags: Value | None) -> tuple[Path, str]:
    """Where ``init`` makes a keep, and with which profile: named, else here, dev."""
    settings = resolve(flags)
    named = settings.text("keep")
    root = Path(named) if named else Path.cwd() / ".modelkeep"
    return root, settings.text("profile") or DEFAULT_PROFILE


def init_keep(root: Path, profile: str) -> Keep:
    """Make a keep with its policy files.

    Raises:
        InputError: there is one already.
    """
    return create_keep(root, profile, furnish=_write_policies)


def _write_policies(root: Path) -> None:
    folder = root / "policies"
    folder.mkdir()
    for owner, name in FILES.items():
        (folder / name).write_text(packaged_policy(owner), encoding="utf-8")


@contextmanager
def open_workspace(
    flags: Mapping[str, Value | None], listener: Listener | None = None, *, make: bool = False
) -> Iterator[Workspace]:
    """Open the keep of this run.

    Args:
        flags: settings given by the caller, by key.
        listener: who hears about it.
        make: make a keep where there is none, and say so.

    Raises:
        UsageError: a setting is wrong.
        InputError: there is no keep, or it or its policies are damaged.
    """
    heard = listener or Listener()
    settings = resolve(flags)
    root = keep_path(settings)
    profile = settings.text("profile")
    if exists(root) or not make:
        keep = open_keep(root, profile=profile)
    else:
        keep = _make(root, profile or DEFAULT_PROFILE, heard)
    try:
        gates = load_gates(
            keep.profile,
            settled_thresholds(keep.profile, settings, keep.policies),
            keep.policies,
        )
        yield Workspace(settings, keep, gates, heard)
    finally:
        keep.close()


def _make(root: Path, profile: str, heard: Listener) -> Keep:
    try:
        keep = init_keep(root, profile)
    except InputError:
        if exists(root):  # another process was first
            return open_keep(root, profile=profile)
        raise
    heard.tell(f"made a keep at {root} (profile {keep.profile}, a new P-256 key)")
    return keep


def load_decided_policy(keep: Keep, digest: str) -> dict[str, Any] | None:
    """Policy texts of a past decision, ``None`` where they are not kept.

    Raises:
        EvidenceError: the file is damaged.
    """
    path = decided_policy_path(keep, digest)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path}: cannot be read ({error})") from error
    if not isinstance(found, dict) or found.get("digest") != digest:
        raise EvidenceError(f"{path}: is not the policy it is named after")
    return found


def require_file(path: str | Path | None, what: str) -> Path | None:
    """A path that exists, or ``None``.

    Raises:
        InputError: it does not exist.
    """
    if path is None:
        return None
    found = Path(path)
    if not found.exists():
        raise InputError(f"{found}: no such {what}")
    return found
