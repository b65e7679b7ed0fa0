"""Scan the corpus and count: ``python tests/corpus/measure.py [GROUP...]``.

Printed per group and per family: how many malicious samples fail, how many benign ones
do not pass, how many were undecided, crashes and time-outs, then every wrong sample with
what the scan said. Exit status: 0 if every sample has its expected verdict, else 1.
"""

from __future__ import annotations

import argparse
import collections
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus import benign, build
from corpus.left_out import left_out, without
from corpus.mutations import mutants
from corpus.sample import FAIL, PASS, Sample
from modelkeep.core import ModelkeepError, Severity, Verdict
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.scan.engine import FAILING
from modelkeep.sources import open_artifact

SECONDS = 20.0
CRASH, TIMEOUT = "crash", "time-out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scan said about a sample."""

    sample: Sample
    verdict: str
    why: str
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the verdict is the expected one."""
        return self.verdict == self.sample.verdict and self.seconds <= SECONDS


def verdict_of(path: Path) -> tuple[str, str]:
    """What the scanner says about a file or directory, and why.

    What no reader knows (``SKIPPED``) counts as passed: nothing stops a user from loading it.
    """
    result = scan_artifact(open_artifact(path), BUILT_IN)
    verdicts = {file.verdict for file in result.files}
    failing = [f for f in result.findings if f.severity >= FAILING]
    if Verdict.FAIL in verdicts:
        found = ", ".join(sorted({f"{f.rule.id} {f.message}" for f in failing})[:3])
        return FAIL, found
    if Verdict.INCONCLUSIVE in verdicts:
        return "inconclusive", "; ".join(file.reason for file in result.files if file.reason)
    lower = ", ".join(
        sorted({f.rule.id for f in result.findings if f.severity > Severity.INFO})
    )
    kinds = ", ".join(sorted({f"{file.format} {file.verdict.value}" for file in result.files}))
    return PASS, f"{kinds} {lower}".strip()


def measure(samples: Iterable[Sample], folder: Path) -> Iterator[Outcome]:
    """Scan every sample."""
    for sample in samples:
        path = sample.write(folder)
        start = time.process_time()
        try:
            verdict, why = verdict_of(path)
        except ModelkeepError as error:
            verdict, why = "refused", str(error)
        except Exception as error:  # noqa: BLE001 - any other exception is what is counted
            verdict, why = CRASH, f"{type(error).__name__}: {error}"
        seconds = time.process_time() - start
        shutil.rmtree(folder / sample.group / sample.name)
        yield Outcome(sample, verdict, why, seconds)


def show(outcomes: Iterable[Outcome], write=sys.stdout.write) -> bool:  # noqa: ANN001
    """Print the figures; whether all were right."""
    every = list(outcomes)
    for title in ("group", "family"):
        write(f"\n{title:55s} malicious failed   %    benign alarms  other wrong\n")
        rows: dict[str, list[Outcome]] = collections.defaultdict(list)
        for outcome in every:
            rows[getattr(outcome.sample, title)].append(outcome)
        for row in sorted(rows):
            write(f"{row:55s} {_figures(rows[row])}\n")
    write(f"{'ALL':55s} {_figures(every)}\n\n")
    wrong = [outcome for outcome in every if not outcome.right]
    for outcome in wrong:
        write(
            f"{outcome.sample.id}: expected {outcome.sample.verdict}, is {outcome.verdict} "
            f"in {outcome.seconds:.1f} s: {outcome.why[:200]}\n"
        )
    return not wrong


def _figures(outcomes: list[Outcome]) -> str:
    malicious = [o for o in outcomes if o.sample.verdict == FAIL]
    benign_ = [o for o in outcomes if o.sample.verdict == PASS]
    caught = sum(o.right for o in malicious)
    alarms = sum(not o.right for o in benign_)
    other = sum(not o.right for o in outcomes) - (len(malicious) - caught) - alarms
    share = f"{100 * caught / len(malicious):5.1f}" if malicious else "    -"
    return f"{len(malicious):9d} {caught:6d} {share} {len(benign_):8d} {alarms:6d} {other:12d}"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("groups", nargs="*", help="only these groups (beginnings of names)")
    parser.add_argument("--only", choices=("malicious", "benign"), help="one half")
    parser.add_argument("--mutants", type=int, default=0, help="also so many of each sample")
    parser.add_argument("--leave-out", action="store_true", help="leave every family out once")
    options = parser.parse_args()
    chosen: list[Sample] = []
    if options.only != "benign":
        chosen += build.samples().values()
    if options.only != "malicious":
        chosen += benign.samples().values()
    if options.groups:
        chosen = [s for s in chosen if s.group.startswith(tuple(options.groups))]
    if options.mutants:
        every = list(chosen)
        chosen += (m for sample in every for m in mutants(sample, options.mutants))
    with tempfile.TemporaryDirectory() as made:
        if options.leave_out:
            return 0 if _show_left_out(chosen, Path(made)) else 1
        return 0 if show(measure(chosen, Path(made))) else 1


def _show_left_out(samples: list[Sample], folder: Path) -> bool:
    """Print what is detected of each family without the names that only it has."""
    outcomes = []
    for family, own, removed in left_out(samples):
        with without(removed):
            found = list(measure(own, folder / family.replace("/", "-")))
        sys.stdout.write(f"{family}: {len(removed)} names left out\n")
        outcomes += found
    return show(outcomes)


if __name__ == "__main__":
    raise SystemExit(main())
