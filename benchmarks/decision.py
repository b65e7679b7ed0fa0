"""What a decision costs: six signatures verified, Cedar asked, the answer signed.

Run it: ``python benchmarks/decision.py [RUNS]``. The six statements are read from a store
once; writing the answer to the log is not measured here (see ``log_append.py``). Times
are CPU milliseconds of this process, mean and smallest of all runs, printed as they are.
"""

from __future__ import annotations

import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelkeep.core import Digest, Subject
from modelkeep.core.settings import resolve
from modelkeep.evidence import (
    Facts,
    Keep,
    create_keep,
    gather_facts,
    make_statement,
    seal,
    utc_now,
)
from modelkeep.policy import Decision, Gates, decide, decision_statement, load_gates

TARGET = 5.0  # CPU milliseconds of a full decision
RUNS = 200
SUBJECT = Subject("model", "model.onnx", Digest("5a" * 32, "b3" * 32))
MEASURED: dict[str, Any] = {
    "tool": "modelkeep",
    "measurements": [],
    "not_checked": [],
    "materials": [],
}
SCANNED: dict[str, Any] = {"tool": "modelkeep", "rules": [f"R{n:03}" for n in range(11)]}
FILES: dict[str, Any] = {
    "files": [{"path": f"part-{n}", "sha256": "5a" * 32, "verdict": "pass"} for n in range(8)]
}
SIGNED: dict[str, Any] = {
    "verifier": {"id": "urn:modelkeep"},
    "timeCreated": "2026-11-23T21:00:00Z",
    "properties": ["SIGNED"],
}
EVIDENCE: dict[str, dict[str, Any]] = {
    "scan": {
        **SCANNED,
        **FILES,
        "facts": dict.fromkeys(
            ("scan_critical", "scan_high", "scan_inconclusive", "scan_unread"), 0
        ),
    },
    "signature": SIGNED
    | {
        "facts": {
            "signature_present": True,
            "signature_trusted": True,
            "signature_broken": False,
        }
    },
    "bom": {"bom": {"bomFormat": "CycloneDX"}, "facts": {"bom_components": 3}},
    "performance": MEASURED | {"facts": {"test_accuracy_ppm": 910_000, "test_rows": 400}},
    "evasion": MEASURED
    | {
        "facts": {
            "clean_accuracy_ppm": 910_000,
            "robust_accuracy_low_ppm": 610_000,
            "robust_radius_linf_ppm": 30_000,
        }
    },
    "membership": MEASURED | {"facts": {"membership_auc_low_ppm": 510_000}},
}


def cpu(work: Callable[[], object], runs: int) -> list[float]:
    """CPU milliseconds of each of many calls."""
    work()  # keys and policies are parsed and cached once in a process's life
    times = []
    for _ in range(runs):
        start = time.process_time_ns()
        work()
        times.append((time.process_time_ns() - start) / 1e6)
    return times


def show(what: str, times: list[float], note: str = "") -> None:
    """Print mean and smallest."""
    mean = sum(times) / len(times)
    print(f"{what:<46} mean {mean:7.3f}   min {min(times):7.3f} ms CPU{note}")


def measure(keep: Keep, gates: Gates, runs: int) -> None:
    """The whole, then its parts."""
    digest = SUBJECT.digest.sha256
    bodies = [entry.body for entry in keep.store.entries(digest)]

    def gather() -> Facts:
        return gather_facts(bodies, digest, keep.trust, utc_now())

    def ask(facts: Facts) -> Decision:
        return decide("deploy", digest, "alice", facts, gates)

    def answer(decision: Decision, facts: Facts) -> bytes:
        made = decision_statement(decision, SUBJECT, "alice", facts, gates, utc_now)
        return seal(made.to_bytes(), keep.key)

    def full() -> bytes:
        facts = gather()
        return answer(ask(facts), facts)

    facts, nothing = gather(), Facts()
    decision = ask(facts)
    if not decision.allowed or len(bodies) != len(EVIDENCE):
        raise SystemExit(f"the benchmark's model should be allowed: {decision.missing}")
    times = cpu(full, runs)
    verdict = "within" if sum(times) / len(times) <= TARGET else "MISSED"
    show("full decision", times, f"   target {TARGET:g}: {verdict}")
    show("  six statements verified, facts gathered", cpu(gather, runs))
    show("  Cedar asked: allowed", cpu(lambda: ask(facts), runs))
    show("  decision as a statement, signed", cpu(lambda: answer(decision, facts), runs))
    show("beside it: Cedar asked twice: refused", cpu(lambda: ask(nothing), runs))
    show("beside it: the store read", cpu(lambda: keep.store.entries(digest), runs))


def main() -> None:
    """Measure a decision of the prod gate."""
    runs = int(sys.argv[1]) if sys.argv[1:] else RUNS
    print(f"Python {platform.python_version()}, {platform.machine()}, {runs} runs")
    gates = load_gates("prod", resolve({}, environ={}).thresholds(), None)
    with (
        tempfile.TemporaryDirectory() as folder,
        create_keep(Path(folder) / ".modelkeep", "prod") as keep,
    ):
        keep.record(
            [
                make_statement(kind, (SUBJECT,), fields, clock=keep.clock)
                for kind, fields in EVIDENCE.items()
            ]
        )
        measure(keep, gates, runs)


if __name__ == "__main__":
    main()
