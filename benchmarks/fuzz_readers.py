"""Damage small files of every format and scan each: no crash, no hang, no lost memory.

Every reader is given what an attacker can write: flipped bits, spliced bytes, pieces cut
off or repeated, lengths at their extremes. Seeds are the malicious samples and the real saves
of the development corpus, each group of formats as often as any other, under the names they
are met with. Printed are crashes (anything raised that is not a ``ModelkeepError``, in a reader
or a rule), files that took over five seconds of CPU time, and the memory used. Nothing is ever
loaded. What readers overlook is measured by ``fuzz_pickles.py`` and ``fuzz_zip.py``.

The samples are written by a child process, so that the figures are those of the readers
and not of the libraries that the corpus is written with.

Exit status: 0 if all held, 1 if anything crashed, hung or outgrew 500 MB.

    python benchmarks/fuzz_readers.py --count 100000 --keep /tmp/found
"""

from __future__ import annotations

import argparse
import collections
import itertools
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import types
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core import ModelkeepError
from modelkeep.scan import BUILT_IN, ScanResult, scan_artifact
from modelkeep.sources import open_artifact

HANG_SECONDS = 5.0
MEMORY_LIMIT_MB = 500.0
LONGEST = 12_000  # bytes of a sample


# Samples


def write_samples(folder: Path) -> None:
    """Write every short file of the corpus as ``GROUP/NUMBER/NAME``."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from corpus import benign, build  # noqa: PLC0415 - only the child process holds the corpus

    for number, sample in enumerate([*build.samples().values(), *benign.samples().values()]):
        one = {sample.file: sample.content}
        files = one if isinstance(sample.content, bytes) else sample.content
        for inner, data in files.items():
            if isinstance(data, bytes) and 0 < len(data) <= LONGEST:
                path = folder / sample.group / str(number) / Path(inner).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)


def read_samples(folder: Path) -> dict[str, list[tuple[str, bytes]]]:
    """Names and contents by group."""
    groups: dict[str, list[tuple[str, bytes]]] = collections.defaultdict(list)
    for path in sorted(folder.glob("*/*/*")):
        groups[path.relative_to(folder).parts[0]].append((path.name, path.read_bytes()))
    return groups


# Damage

_LENGTHS = [
    struct.pack(form, value)
    for form, values in (
        ("<B", (0, 0x7F, 0xFF)),
        ("<H", (0, 0x7FFF, 0xFFFF)),
        ("<I", (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)),
        (">I", (0x7FFFFFFF, 0x80000000)),
        ("<Q", (0, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)),
        (">q", (-1, 1 << 40, (1 << 63) - 1)),
    )
    for value in values
]
_TOKENS = [
    *(
        b"[]",
        b"{}",
        b"null",
        b"-1",
        b"1e999",
        b"9" * 5000,
        b'"',
        b"\\",
        b"\xc2\xb2",
        b"'object'",
    ),
    *(b"00\n", b"0x1\n", b"(e", b"(u", b"0", b".", b"\x93", b"PK\1\2", b"PK\3\4", b"PK\5\6"),
]


def damage(rng: random.Random, data: bytes, donors: list[bytes]) -> bytes:
    """One to three random changes."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(out) + 1)
        width = rng.randint(1, 32)
        match rng.randrange(8):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + rng.randint(0, 8)] = rng.randbytes(rng.randint(0, 8))
            case 2:
                donor = rng.choice(donors)
                start = rng.randrange(len(donor))
                out[at : at + rng.choice((0, width))] = donor[start : start + width]
            case 3:
                del out[at : at + rng.choice((width, len(out)))]
            case 4:
                out[at:at] = out[at : at + width] * rng.randint(1, 8)
            case 5:
                extreme = rng.choice(_LENGTHS)
                out[at : at + len(extreme)] = extreme
            case 6:
                out[at : at + rng.choice((0, 2))] = rng.choice(_TOKENS)
            case 7:
                out += rng.choice(donors)
    return bytes(out)


# The run


class HangError(Exception):
    """A file took longer than it may."""


@dataclass
class Figures:
    """What the run counted."""

    count: int = 0
    verdicts: collections.Counter[str] = field(default_factory=collections.Counter)
    refused: int = 0
    crashes: collections.Counter[str] = field(default_factory=collections.Counter)
    hangs: int = 0
    slowest: tuple[float, str] = (0.0, "")
    examples: dict[str, bytes] = field(default_factory=dict)


def _interrupt(_signal: int, _frame: types.FrameType | None) -> None:
    raise HangError


def _crash_site(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (
        f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    )
    return f"{type(error).__name__} at {where}: {str(error)[:80]}"


def _consume(result: ScanResult) -> None:
    """Use findings as a report would: a text that cannot be encoded shows here."""
    for finding in result.findings:
        _ = finding.fingerprint, str(finding.location), finding.message.encode()


def _note_inner_errors(result: ScanResult, data: bytes, figures: Figures) -> None:
    """The engine lets a rule that breaks cost one file its verdict: here it is a crash."""
    for file in result.files:
        _, mark, what = file.reason.partition("internal error: ")
        if mark:
            figures.crashes[what[:100]] += 1
            figures.examples.setdefault(what[:100], data)


def try_one(path: Path, name: str, data: bytes, figures: Figures) -> None:
    """Scan one damaged file and count what came of it."""
    path.write_bytes(data)
    result = None
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
    try:
        result = scan_artifact(open_artifact(path), BUILT_IN)
        _consume(result)
    except HangError:
        figures.hangs += 1
        figures.examples.setdefault(f"hang in {name}", data)
    except ModelkeepError:
        figures.refused += 1
    except Exception as error:  # noqa: BLE001 - counting these is what the run is for
        site = _crash_site(error)
        figures.crashes[site] += 1
        figures.examples.setdefault(site, data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.process_time() - start
    figures.count += 1
    figures.slowest = max(figures.slowest, (spent, name))
    if result is not None:
        _note_inner_errors(result, data, figures)
        figures.verdicts[str(result.files[0].verdict)] += 1


def peak_mb() -> float:
    """The most memory this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def run(
    groups: dict[str, list[tuple[str, bytes]]], count: int, seed: int, folder: Path
) -> Figures:
    """Scan ``count`` damaged files, the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    figures = Figures()
    signal.signal(signal.SIGPROF, _interrupt)
    for number, group in enumerate(itertools.islice(itertools.cycle(sorted(groups)), count)):
        name, data = rng.choice(groups[group])
        donors = [data, rng.choice(groups[group])[1], rng.choice(groups[group])[1]]
        place = folder / name
        try_one(place, f"{group} {name}", damage(rng, data, donors), figures)
        place.unlink()
        if sys.stderr.isatty() and number % 100 == 0:
            print(f"\r{number} of {count}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    return figures


def show(figures: Figures, before: float, after: float) -> None:
    """Print the figures."""
    seconds, slowest = figures.slowest
    print(f"mutants                 {figures.count}")
    print(f"verdicts                {dict(sorted(figures.verdicts.items()))}")
    print(f"refused by an error     {figures.refused}")
    print(f"crashes                 {figures.crashes.total()}")
    for site, times in figures.crashes.most_common():
        print(f"  {times:5d} {site}")
    print(f"hangs over {HANG_SECONDS:g} s          {figures.hangs}")
    print(f"slowest file            {seconds:.3f} s CPU ({slowest})")
    print(f"peak memory             {after:.0f} MB, grown by {after - before:.0f} MB")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="damaged files to scan")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--keep", type=Path, help="directory for one file of each problem")
    parser.add_argument("--write-samples", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_samples:
        write_samples(options.write_samples)
        return 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "samples").mkdir()
        child = [sys.executable, __file__, "--write-samples", str(folder / "samples")]
        subprocess.run(child, check=True)
        groups = read_samples(folder / "samples")
        before = peak_mb()
        figures = run(groups, options.count, options.seed, folder)
    after = peak_mb()
    show(figures, before, after)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number, (what, data) in enumerate(figures.examples.items()):
            (options.keep / f"{number}.bin").write_bytes(data)
            (options.keep / f"{number}.txt").write_text(what + "\n")
    bad = figures.crashes or figures.hangs
    return int(bool(bad) or after > MEMORY_LIMIT_MB)


if __name__ == "__main__":
    raise SystemExit(main())
