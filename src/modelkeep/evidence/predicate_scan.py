"""Shape of the predicate about what static rules found in files."""

from __future__ import annotations

import msgspec

from modelkeep.evidence.predicate import Predicate


class ScannedFile(msgspec.Struct, frozen=True):
    """One file's verdict and its findings as sentences."""

    path: str
    sha256: str
    verdict: str
    findings: list[str] = []


class Scan(Predicate, frozen=True, kw_only=True):
    """Static rules over every file."""

    tool: str
    rules: list[str]
    files: list[ScannedFile]
