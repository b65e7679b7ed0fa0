"""A wheel holds files that its own list does not know, or other bytes than it lists.

``RECORD`` names every file of a wheel with its hash. A file that was added or changed after
the wheel was built was not put there by its builder.

Before: a wheel into which a module was zipped later.
After: the wheel as its builder published it; compare its digest.

Sources: PEP 427 and PEP 376 (RECORD); CWE-354.
"""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, MalformedArtifactError, Rule, Severity
from modelkeep.formats.zip_directory import Member
from modelkeep.formats.zip_layout import Archive
from modelkeep.formats.zip_member import unpack
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="WHL001",
    name="wheel-differs-from-record",
    summary="The wheel was changed after it was built.",
    remedy="Fetch the wheel again from its publisher and compare its digest.",
    topic="artifact.swapped_at_load",
    tags=("CWE-354",),
)
_UNLISTED: Final = ("/RECORD", "/RECORD.jws", "/RECORD.p7s")
_RUNS: Final = (".py", ".pyc", ".pth", ".so", ".pyd", ".dll", ".dylib")
_CHUNK: Final = 1 << 20
_FIELDS: Final = 2


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per file that differs from the list."""
    archive = context.document
    if not isinstance(archive, Archive):
        return
    for record in archive.members:
        folder, _, name = record.name.rpartition("/")
        if name == "RECORD" and folder.endswith(".dist-info") and "/" not in folder:
            try:
                yield from _compare(context, archive, record)
            except (MalformedArtifactError, csv.Error):
                return  # what is wrong with a member is said by its own stream


def _compare(context: Context, archive: Archive, record: Member) -> Iterator[Finding]:
    listed = _listed(context, archive, record)
    hashed = any(listed.values())  # else it was written by hand, and says little
    for member in archive.members:
        if member.is_folder or member.name.endswith(_UNLISTED):
            continue
        evidence = {"member": member.name}
        if member.name not in listed:
            runs = hashed and member.name.endswith(_RUNS)
            severity = Severity.HIGH if runs else Severity.MEDIUM
            message = f"{member.name!r} is missing from RECORD"
            yield context.finding(
                RULE, severity, message, offset=member.header, evidence=evidence
            )
        elif listed[member.name] and _differs(context, archive, member, listed[member.name]):
            message = f"{member.name!r} is not what RECORD lists"
            yield context.finding(
                RULE, Severity.HIGH, message, offset=member.header, evidence=evidence
            )


def _listed(context: Context, archive: Archive, record: Member) -> dict[str, str]:
    source = unpack(archive.source, record, context.budget).source
    text = source.read(0, source.size).decode("utf-8", "replace")
    rows = csv.reader(text.splitlines())
    return {row[0]: _sha256(row[1]) for row in rows if len(row) >= _FIELDS}


def _sha256(field: str) -> str:
    kind, _, value = field.partition("=")
    return value if kind == "sha256" else ""


def _differs(context: Context, archive: Archive, member: Member, listed: str) -> bool:
    try:
        return _digest(context, archive, member) != listed
    except MalformedArtifactError:
        return False  # what is wrong with a member is said by its own stream


def _digest(context: Context, archive: Archive, member: Member) -> str:
    """The digest of a member.

    Raises:
        MalformedArtifactError: it cannot be unpacked to its end.
    """
    unpacked = unpack(archive.source, member, context.budget)
    if unpacked.error is not None:
        raise unpacked.error
    source = unpacked.source
    digest = hashlib.sha256()
    for at in range(0, source.size, _CHUNK):
        digest.update(source.read(at, _CHUNK))
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()


DETECTOR: Final = Detector(RULE, frozenset({"zip"}), run)
