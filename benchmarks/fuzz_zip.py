"""Mutate zip archives and compare with ``zipfile``: no content it reads may stay unseen.

Seeds are the zips of the development corpus, honest and lying. Each mutant gets a few changes
aimed at what a zip is made of: fields of local headers, of the directory and of its end, names,
lengths, offsets, flags, bytes in front, behind and between. Whatever ``zipfile`` then lists and
can read must be among the scanner's streams, byte for byte, unless the scanner says that it
could not read the archive (which never passes). Nothing is loaded.

Printed: mutants, how many zipfile could read, contents unseen without a word, archives refused
by the scanner that zipfile reads, crashes, the slowest, the rate. Exit status: 0 if nothing was
unseen and nothing crashed, 1 otherwise.

    python benchmarks/fuzz_zip.py --count 100000 --keep /tmp/found
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import io
import lzma
import random
import re
import struct
import sys
import time
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from corpus import benign, build
from modelkeep.formats import Budget, Limits, MemorySource
from modelkeep.scan.streams import streams

LONGEST: Final = 6000  # bytes of a seed
LARGEST: Final = 1 << 20  # bytes of one member; what is larger is not compared
_MAGIC: Final = re.compile(rb"PK(?:\x01\x02|\x03\x04|\x05\x06|\x07\x08|\x06\x06|\x06\x07)")
_UNREADABLE: Final = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError,
    zlib.error, lzma.LZMAError, struct.error, IndexError, OverflowError,
)  # fmt: skip
_VALUES: Final = (0, 1, 2, 8, 20, 30, 0x2D, 255, 0x800, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)


def listed(data: bytes) -> dict[str, bytes]:
    """What ``zipfile`` lists and can read, by name and place."""
    found = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for number, info in enumerate(archive.infolist()):
                if info.file_size > LARGEST:
                    continue
                try:
                    content = archive.read(info)
                except _UNREADABLE:
                    continue
                if content:
                    found[f"{number} {info.filename}"] = content
    except _UNREADABLE:
        return {}
    return found


def scanned(data: bytes) -> tuple[set[bytes], bool]:
    """Digests of every stream, and whether something could not be read."""
    contents, refused = set(), False
    for stream in streams(MemorySource(data), "m.zip", Budget(Limits(seconds=5))):
        refused |= stream.error is not None
        if stream.source.size <= LARGEST:
            contents.add(_digest(stream.source.read(0, stream.source.size)))
    return contents, refused


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def mutate(chance: random.Random, data: bytes, donors: list[bytes]) -> bytes:
    """One to three changes, most of them in headers."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        heads = [match.start() for match in _MAGIC.finditer(bytes(out))] or [0]
        at = chance.choice(heads) + chance.randrange(46)
        width = chance.choice((1, 2, 4))
        match chance.randrange(8):
            case 0:
                value = chance.choice(_VALUES) & (1 << 8 * width) - 1
                out[at : at + width] = value.to_bytes(width, "little")
            case 1 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 2 if at + 4 <= len(out):
                near = struct.unpack_from("<I", out, at)[0] + chance.randrange(-8, 9)
                struct.pack_into("<I", out, at, near & 0xFFFFFFFF)
            case 3:
                place = chance.choice((0, chance.randrange(len(out) + 1)))
                out[place:place] = chance.randbytes(chance.randrange(1, 60))
            case 4:
                out += chance.choice((chance.randbytes(20), chance.choice(donors)))
            case 5:
                start, end = sorted(chance.choices([*heads, len(out)], k=2))
                out[end:end] = out[start:end]
            case 6:
                start, end = sorted(chance.choices([*heads, len(out)], k=2))
                del out[start:end]
            case _:
                donor = chance.choice(donors)
                out[chance.choice(heads) :] = donor
    return bytes(out)


@dataclass(slots=True)
class Figures:
    """What the run counted."""

    count: int = 0
    readable: int = 0
    refused: int = 0
    unseen: collections.Counter[str] = field(default_factory=collections.Counter)
    crashes: collections.Counter[str] = field(default_factory=collections.Counter)
    examples: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0


def try_one(data: bytes, figures: Figures) -> None:
    """Compare both readers on one archive."""
    figures.count += 1
    expected = listed(data)
    start = time.perf_counter()
    try:
        contents, refused = scanned(data)
    except Exception as error:  # noqa: BLE001 - counting these is what the run is for
        key = f"{type(error).__name__}: {str(error)[:60]}"
        figures.crashes[key] += 1
        figures.examples.setdefault(key, data)
        return
    figures.slowest = max(figures.slowest, time.perf_counter() - start)
    figures.readable += bool(expected)
    if all(_digest(content) in contents for content in expected.values()):
        return
    figures.refused += refused
    if not refused:
        figures.unseen["content unseen"] += 1
        shortest = figures.examples.get("content unseen", data)
        figures.examples["content unseen"] = min(data, shortest, key=len)


def seeds() -> list[bytes]:
    """Short zips of the corpus."""
    every = [*build.samples().values(), *benign.samples().values()]
    contents = [s.content for s in every if isinstance(s.content, bytes)]
    return [c for c in contents if len(c) <= LONGEST and _MAGIC.search(c) and listed(c)]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="mutants to try")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--keep", type=Path, help="directory for one file of each problem")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # zipfile warns of names given twice
    chance = random.Random(options.seed)  # noqa: S311 - not a secret
    donors, figures = seeds(), Figures()
    start = time.perf_counter()
    for _ in range(options.count):
        try_one(mutate(chance, chance.choice(donors), donors), figures)
    seconds = time.perf_counter() - start
    print(f"{figures.count} mutants of {len(donors)} zips, {figures.count / seconds:.0f}/s")
    print(
        f"zipfile reads something in {figures.readable}; slowest scan {figures.slowest:.3f} s"
    )
    print(f"read by zipfile, refused by the scanner: {figures.refused}")
    for title, counts in {"unseen": figures.unseen, "crashes": figures.crashes}.items():
        print(f"{title}: {counts.total()}")
        for key, times in counts.most_common():
            print(f"  {times:6d} {key}: {figures.examples[key]!r:.200}")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{title}-{zlib.crc32(key.encode())}.zip").write_bytes(
                    figures.examples[key]
                )
    return int(bool(figures.unseen or figures.crashes))


if __name__ == "__main__":
    raise SystemExit(main())
