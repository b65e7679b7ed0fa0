"""Does the whole log still hold? Every entry, the tree, every checkpoint, an anchor.

The log's key lies beside the log, so whoever owns the machine can write a new
history and sign it. What they cannot do is make it agree with a checkpoint kept
elsewhere: that is the anchor.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modelkeep.core import EvidenceError, InputError
from modelkeep.core.replacing import replace_file
from modelkeep.evidence.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from modelkeep.evidence.keep import Keep
from modelkeep.evidence.merkle import Frontier, leaf_hash
from modelkeep.evidence.statement import parse_statement, verify_envelope
from modelkeep.evidence.store_tables import Entry, entry_of


def audit_log(keep: Keep, anchor: str | None = None) -> list[str]:
    """Check everything; returns what does not hold, each a sentence naming the entry.

    Args:
        keep: whose log.
        anchor: text of a checkpoint kept elsewhere.
    """
    problems: list[str] = []
    entries = keep.store.entries()
    nodes = keep.store.nodes()
    leaves = [nodes[0, index] for index in range(sum(level == 0 for level, _ in nodes))]
    places = {leaf: index for index, leaf in enumerate(leaves)}
    roots: dict[int, bytes] = {}
    frontier = Frontier()
    intact = True  # above a changed leaf every node differs; that is said once
    roots[0] = frontier.root()
    for index, entry in enumerate(entries):
        if entry.seq != index:
            problems.append(f"entry {index} is missing (the next one found is {entry.seq})")
            break
        leaf = leaf_hash(entry.body)
        if index >= len(leaves):
            problems.append(f"entry {index} is not in the tree")
        elif leaf != leaves[index]:
            moved = places.get(leaf)
            problems.append(
                f"entry {index} was changed after it was logged"
                if moved is None
                else f"entry {index} holds what was logged as entry {moved} (re-ordered)"
            )
        problems += _entry_problem(keep, index, entry)
        intact = intact and leaves[index : index + 1] == [leaf]
        for level, at, value in frontier.append(leaf):
            if level and intact and nodes.get((level, at)) != value:
                problems.append(f"node ({level}, {at}) of the tree was changed (entry {index})")
        roots[index + 1] = frontier.root()
    if len(leaves) > len(entries):
        problems.append(
            f"the tree holds {len(leaves)} leaves, the log {len(entries)} entries (truncated)"
        )
    problems += _checkpoint_problems(keep, roots)
    if anchor is not None:
        problems += anchor_problems(keep, anchor, roots)
    return problems


def subject_problem(keep: Keep, sha256: str) -> str:
    """What a look at one subject tells of a log edited by hand, in a sentence; else empty.

    For gates, which have no time for ``audit_log``: every entry of the subject must be the
    leaf in its place, no place of the log empty, and the newest checkpoint signed for as
    many entries as there are. An entry that was filed under another subject's digest, or a
    whole log set back with its tree and checkpoints, is only seen by the audit and an anchor.

    Args:
        keep: whose log.
        sha256: the subject, hex.
    """
    for entry in keep.store.misplaced(sha256):
        return f"entry {entry} of the log was changed after it was logged"
    entries, places, leaves, signed = keep.store.lengths()
    if not entries == places == leaves == signed:
        return (
            f"the log has {entries} entries in {places} places, and its tree and newest "
            f"checkpoint speak of {leaves} and {signed}: entries were removed or put in"
        )
    return ""


def _entry_problem(keep: Keep, index: int, entry: Entry) -> list[str]:
    """What is wrong with one entry: its signature, or columns that say otherwise."""
    try:
        payload, _ = verify_envelope(entry.body, keep.trust.keys())
        said = entry_of(parse_statement(payload), entry.body)
    except EvidenceError as error:
        return [f"entry {index}: {error.message}"]
    if replace(said, seq=entry.seq) != entry:
        return [f"entry {index}: its columns are not what its envelope says"]
    return []


def _checkpoint_problems(keep: Keep, roots: dict[int, bytes]) -> list[str]:
    problems = []
    vkeys = {log.origin: log.vkey for log in keep.trust.logs}
    if keep.origin not in vkeys:
        return [f"the trust map does not know the log {keep.origin!r}"]
    notes = keep.store.checkpoints()
    newest = 0
    for note in notes:
        try:
            checkpoint = verify_checkpoint(note, vkeys[keep.origin])
        except EvidenceError as error:
            problems.append(error.message)
            continue
        newest = max(newest, checkpoint.size)
        found = roots.get(checkpoint.size)
        if found is None:
            problems.append(f"the log is shorter than its checkpoint of {checkpoint.size}")
        elif found != checkpoint.root:
            problems.append(
                f"the log does not lead to its signed checkpoint of {checkpoint.size}"
            )
    if newest < max(roots):
        problems.append(f"entries from {newest} on are covered by no checkpoint")
    return problems


def anchor_problems(
    keep: Keep, anchor: str, roots: dict[int, bytes] | None = None
) -> list[str]:
    """Compare the log with a checkpoint kept elsewhere."""
    vkeys = {log.origin: log.vkey for log in keep.trust.logs}
    if keep.origin not in vkeys:
        return [f"the trust map does not know the log {keep.origin!r}"]
    try:
        kept = verify_checkpoint(anchor, vkeys[keep.origin])
    except EvidenceError as error:
        return [f"anchor: {error.message}"]
    size = keep.store.size()
    if size < kept.size:
        return [f"the log has {size} entries, the anchor saw {kept.size}: entries were removed"]
    root = roots.get(kept.size) if roots is not None else _root_at(keep, kept.size)
    if root != kept.root:
        return [f"the log's first {kept.size} entries are not those the anchor saw"]
    return []


def _root_at(keep: Keep, size: int) -> bytes:
    return Frontier.load(size, keep.store.node).root()


def read_anchor(path: Path) -> str | None:
    """The anchor's text; ``None`` where it was not written yet."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as an anchor ({error})") from error


def write_anchor(keep: Keep, path: Path) -> Checkpoint:
    """Write the newest checkpoint to the anchor, if the log continues the old one.

    Raises:
        EvidenceError: the log is shorter than the anchor, or another.
        InputError: there is no checkpoint yet, or the file cannot be written.
    """
    old = read_anchor(path)
    note = keep.store.newest_checkpoint()
    if note is None:
        raise InputError("the log is empty: there is nothing to anchor")
    problems = anchor_problems(keep, old) if old is not None else []
    problems += anchor_problems(keep, note)  # what is about to be kept must hold itself
    if problems:
        raise EvidenceError(f"{path}: {problems[0]}")
    if old is not None and parse_checkpoint(old).size > parse_checkpoint(note).size:
        raise EvidenceError(f"{path}: the newest checkpoint is older than the anchor")
    replace_file(path, note.encode(), mode=0o644)
    return parse_checkpoint(note)
