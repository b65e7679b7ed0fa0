"""Results of files that were scanned before, by their bytes and by what they were scanned with.

The key covers the blake3 digest and length of the file, its name (it can add a reader),
the names of the files beside it (rules look for references), the rules and the code and
tables behind them, what is allowed, and the limits. If any of it differs the file is
scanned again. What came to no end is never kept: it may have been the machine's fault. Nor
is the result of code that calls into other files, because it depends on their bytes.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import blake3
import msgspec

from modelkeep.core import Digest, Verdict
from modelkeep.core.version import VERSION
from modelkeep.scan.interface import Detector
from modelkeep.scan.plan import Outcome, Plan
from modelkeep.sources import Cache

_FORM: Final = b"1"
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Outcome)


class VerdictCache:
    """The cache of one run."""

    def __init__(self, cache: Cache, plan: Plan) -> None:
        self._cache = cache
        self._context = _context(plan)

    def find(self, shown: str, digest: Digest, size: int) -> Outcome | None:
        """The outcome of the same bytes under the same rules, if it is there."""
        body = self._cache.get(self._key(shown, digest, size))
        if body is None:
            return None
        try:
            found = _DECODER.decode(body)
        except msgspec.DecodeError:
            return None
        # sha256 may have been computed in only one of the two runs.
        return dataclasses.replace(found, digest=digest)

    def keep(self, outcomes: Iterable[Outcome]) -> None:
        """Remember what came to an end."""
        self._cache.put(
            (self._key(o.result.path, o.digest, o.size), _ENCODER.encode(o))
            for o in outcomes
            if o.result.reading is not Verdict.INCONCLUSIVE and o.digest.blake3 and o.alone
        )

    def _key(self, shown: str, digest: Digest, size: int) -> bytes:
        parts = f"{digest.blake3}\0{size}\0{shown}".encode("utf-8", "backslashreplace")
        return blake3.blake3(self._context + parts).digest()


def _context(plan: Plan) -> bytes:
    """A hash over everything but the file that a result depends on."""
    parts = blake3.blake3(_FORM)
    for text in (
        VERSION,
        *ruleset(plan.detectors),
        *sorted(plan.allow),
        repr(plan.limits),
        *sorted(plan.root),
        *(f"{name} is a {kind}" for name, kind in sorted(plan.links.items())),
    ):
        data = text.encode("utf-8", "backslashreplace")
        parts.update(len(data).to_bytes(8, "big") + data)
    return parts.digest()


def ruleset(detectors: Iterable[Detector]) -> Iterator[str]:
    """What the rules are: their ids, and the state of the files they and the readers lie in."""
    homes = {str(sys.modules[d.run.__module__].__file__) for d in detectors}
    root = Path(__file__).resolve().parent.parent
    for room in ("core", "formats", "scan"):
        homes |= {entry.path for entry in os.scandir(root / room) if entry.is_file()}
    yield from sorted(f"{d.rule.id} {sorted(d.formats)}" for d in detectors)
    for home in sorted(homes):
        found = os.stat(home)  # noqa: PTH116 - a hundred times per run
        yield f"{home} {found.st_size} {found.st_mtime_ns}"
