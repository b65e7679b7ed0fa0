"""Leave one family of techniques out: scan it without what only it could have taught.

The table of dangerous names may have been filled with the names of these very samples. So
for each family the entries are taken out that cover a name imported or written in its samples
and none in the samples of another family; what is still detected is detected by policy.
"""

from __future__ import annotations

import collections
import contextlib
import re
from collections.abc import Iterable, Iterator

from corpus.sample import FAIL, Sample
from modelkeep.formats import Budget, MemorySource, pickle_policy
from modelkeep.formats.pickle_events import Import, PickleDocument
from modelkeep.scan.streams import streams

_WORD = re.compile(rb"[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){1,8}", re.ASCII)
_LOOKED_AT = 1 << 16


def names_in(sample: Sample) -> set[str]:
    """Every dotted name that a sample imports or spells."""
    content = sample.content
    files = {sample.file: content} if isinstance(content, bytes) else content
    found: set[str] = set()
    for name, data in files.items():
        if len(data) > _LOOKED_AT:
            continue
        found.update(match.decode() for match in _WORD.findall(data))
        for stream in streams(MemorySource(data), name, Budget()):
            if isinstance(stream.document, PickleDocument):
                events = stream.document.events
                found.update(event.dotted for event in events if isinstance(event, Import))
    return found


def left_out(samples: Iterable[Sample]) -> Iterator[tuple[str, list[Sample], set[str]]]:
    """Each family with its samples and the dangerous entries that only they are covered by."""
    families: dict[str, list[Sample]] = collections.defaultdict(list)
    entries: dict[str, set[str]] = collections.defaultdict(set)
    dangerous = pickle_policy._policy().dangerous
    for sample in samples:
        if sample.verdict == FAIL:
            families[sample.family].append(sample)
            for name in names_in(sample):
                entries[sample.family] |= _prefixes(name) & dangerous
    for family, own in families.items():
        others = set().union(*(found for other, found in entries.items() if other != family))
        yield family, own, entries[family] - others


def _prefixes(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


@contextlib.contextmanager
def without(names: Iterable[str]) -> Iterator[None]:
    """Take names out of the table of dangerous ones for a while."""
    policy = pickle_policy._policy()
    whole = policy.dangerous
    policy.dangerous = whole - frozenset(names)
    pickle_policy.standing.cache_clear()
    try:
        yield
    finally:
        policy.dangerous = whole
        pickle_policy.standing.cache_clear()
