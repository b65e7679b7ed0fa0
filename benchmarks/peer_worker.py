"""Scan a list of paths with one scanner, in that scanner's environment, for ``scan_peers.py``.

    python peer_worker.py TOOL LIST RESULTS

One JSON line per path goes to RESULTS: the path, whether it was flagged, an error or null.
What counts as flagged: picklescan, issues; modelscan, an issue; fickling, worse than likely
safe; modelaudit, a warning or worse; modelkeep, the verdict FAIL.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

SECONDS = 30

Scan = Callable[[str], bool]


class TooLongError(Exception):
    """One path took longer than it may."""


def _files(path: str) -> list[str]:
    """The files of a directory, for scanners that read one file."""
    if Path(path).is_file():
        return [path]
    return [str(found) for found in sorted(Path(path).rglob("*")) if found.is_file()]


def picklescan() -> Scan:
    """Issues found, in a file or a directory."""
    scanner = importlib.import_module("picklescan.scanner")

    def scan(path: str) -> bool:
        found = scanner.scan_directory_path if Path(path).is_dir() else scanner.scan_file_path
        return found(path).issues_count > 0

    return scan


def modelscan() -> Scan:
    """Any issue."""
    scanner = importlib.import_module("modelscan.modelscan")
    settings = importlib.import_module("modelscan.settings").DEFAULT_SETTINGS

    def scan(path: str) -> bool:
        return scanner.ModelScan(settings=settings).scan(path)["summary"]["total_issues"] > 0

    return scan


def fickling() -> Scan:
    """Worse than likely safe, in any file; zip archives by their own call."""
    scanner = importlib.import_module("fickling")
    safe = importlib.import_module("fickling.analysis").Severity.LIKELY_SAFE

    def scan_one(path: str) -> bool:
        if zipfile.is_zipfile(path):
            members = scanner.scan_zip_archive(path, graceful=True).values()
            return any(member.severity > safe for member in members)
        return scanner.scan_file(path, graceful=True).severity > safe

    return lambda path: any(scan_one(file) for file in _files(path))


def modelaudit() -> Scan:
    """A warning or worse."""
    core = importlib.import_module("modelaudit.core")

    def scan(path: str) -> bool:
        issues = core.scan_model_directory_or_file(path).issues
        return any(str(issue.severity.value) in {"warning", "critical"} for issue in issues)

    return scan


def modelkeep() -> Scan:
    """The verdict FAIL for any file."""
    face = importlib.import_module("modelkeep.scan")
    sources = importlib.import_module("modelkeep.sources")
    fail = importlib.import_module("modelkeep.core").Verdict.FAIL
    rules = face.detectors()

    def scan(path: str) -> bool:
        result = face.scan_artifact(sources.open_artifact(path), rules)
        return any(file.verdict is fail for file in result.files)

    return scan


TOOLS = {
    tool.__name__: tool for tool in (picklescan, modelscan, fickling, modelaudit, modelkeep)
}


def _interrupt(_signal: int, _frame: object) -> None:
    raise TooLongError


def main() -> int:
    """Run from the command line."""
    tool, listed, results = sys.argv[1:]
    paths = json.loads(Path(listed).read_text(encoding="utf-8"))
    signal.signal(signal.SIGALRM, _interrupt)
    with Path(results).open("w", encoding="utf-8") as out, _silence():
        scan = TOOLS[tool]()
        for path in paths:
            flagged, error = False, None
            signal.alarm(SECONDS)
            try:
                flagged = bool(scan(path))
            except BaseException as problem:  # noqa: BLE001 - crashes of scanners are counted
                error = f"{type(problem).__name__}: {problem}"[:200]
            finally:
                signal.alarm(0)
            out.write(json.dumps({"path": path, "flagged": flagged, "error": error}) + "\n")
            out.flush()
    return 0


def _silence() -> contextlib.AbstractContextManager[object]:
    """Scanners print what they like; their verdicts go to the results only."""
    return contextlib.redirect_stdout(Path(os.devnull).open("w", encoding="utf-8"))


if __name__ == "__main__":
    raise SystemExit(main())
