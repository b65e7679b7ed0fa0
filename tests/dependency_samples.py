"""OSV records and VEX statements made for tests; every name and id in them is invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOCK = """\
# planted: one vulnerable, one withdrawn, one slip of the hand, one without a version
alpha-net==1.4.0 \\
    --hash=sha256:aa
beta_tools==2.0.1+cpu ; python_version >= "3.8"
reqeusts==2.32.3
gamma>=1.0
delta @ https://example.invalid/delta.tar.gz
epsilon==3.0.0
"""


def record(
    identifier: str, package: str, *events: dict[str, str], **more: object
) -> dict[str, Any]:
    """An OSV record with one range."""
    affected = {
        "package": {"name": package, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {
        "id": identifier,
        "modified": "2026-10-01T00:00:00Z",
        "affected": [affected],
        **more,
    }


RECORDS = [
    record(
        "PYSEC-2099-1",
        "Alpha_Net",
        {"introduced": "0"},
        {"fixed": "1.4.2"},
        aliases=["CVE-2099-0001"],
        summary="reads outside its buffer",
    ),
    record(
        "GHSA-aaaa-bbbb-cccc",
        "alpha-net",
        {"introduced": "1.0"},
        {"fixed": "1.4.2"},
        aliases=["CVE-2099-0001"],
        database_specific={"severity": "CRITICAL"},
    ),
    record(
        "PYSEC-2099-2",
        "beta-tools",
        {"introduced": "2.0"},
        {"last_affected": "2.0.1"},
        severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N"}],
    ),
    record("PYSEC-2099-3", "epsilon", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"),
    record("PYSEC-2099-4", "gamma", {"introduced": "0"}, {"fixed": "1.1"}),
]


def write_database(path: Path, records: list[dict[str, Any]] | None = None) -> Path:
    """One file with a list of records."""
    path.write_text(json.dumps(RECORDS if records is None else records), encoding="utf-8")
    return path


def openvex(sha256: str | None, **changed: object) -> dict[str, Any]:
    """A statement that CVE-2099-0001 does not apply to one digest."""
    product: dict[str, Any] = {"@id": "pkg:generic/service"}
    if sha256 is not None:
        product["hashes"] = {"sha-256": sha256}
    product["subcomponents"] = [{"@id": "pkg:pypi/alpha-net@1.4.0"}]
    statement = {
        "vulnerability": {"name": "CVE-2099-0001"},
        "products": [product],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        **changed,
    }
    context = "https://openvex.dev/ns/v0.2.0"
    return {"@context": context, "@id": "urn:x", "version": 1, "statements": [statement]}
