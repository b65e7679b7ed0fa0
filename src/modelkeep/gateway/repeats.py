"""Exact repeats: which rows of a call a principal has asked before.

A repeated question teaches an extractor nothing, so stream guards and the leak budget skip
it: a client that retries is not an attacker. Asking one row again and again does help whoever
probes for membership where answers are noisy; that is an alarm.

Source: Juuti et al. 2019 (PRADA, de-duplicated queries); Carlini et al. 2022 (repeated
queries against noisy answers).
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelkeep.gateway.interface import ALLOW, Answer, Call, Ruling
from modelkeep.gateway.output_check import flat_features
from modelkeep.gateway.stream import Streams

_REMEMBERED: Final = 1024  # rows of a principal
OFTEN: Final = 50  # times the same row is asked before it is named


@dataclass(slots=True)
class _Seen:
    times: OrderedDict[bytes, int] = field(default_factory=OrderedDict)

    def note(self, digest: bytes) -> int:
        """How often a row was asked, this time included."""
        times = self.times.get(digest, 0) + 1
        self.times[digest] = times
        self.times.move_to_end(digest)
        if len(self.times) > _REMEMBERED:
            self.times.popitem(last=False)
        return times


class Repeats:
    """Finds exact repeats and says which rows of a call are new."""

    name = "repeats"

    def __init__(self) -> None:
        self._seen: Streams[_Seen] = Streams(_Seen)

    def before(self, call: Call) -> Ruling:
        """Mark the rows of a call that are new; name one that is asked too often."""
        seen = self._seen.of(call.principal.id)
        rows = np.ascontiguousarray(flat_features(call))
        times = [
            seen.note(hashlib.blake2b(row.tobytes(), digest_size=8).digest()) for row in rows
        ]
        call.fresh = np.array(times) == 1
        if max(times) >= OFTEN:
            return Ruling("step-up", "repeats.often", "one row is asked again and again")
        return ALLOW

    def after(self, call: Call, answer: Answer) -> Ruling:
        """An answer changes nothing."""
        del call, answer
        return ALLOW
