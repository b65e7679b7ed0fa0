"""What a sample of the corpus is: bytes, where they belong, and the verdict they must get."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FAIL, PASS, INCONCLUSIVE = "fail", "pass", "inconclusive"


@dataclass(frozen=True, slots=True)
class Sample:
    """One file or directory that a user might be handed.

    Attributes:
        name: unique within its group.
        group: the format group it is counted in.
        family: the technique of the evasion catalogue.
        file: what the file or directory is called where it is met.
        content: the bytes of a file, or of each file of a directory by relative path.
        source: advisory, paper or issue that made the technique public.
        verdict: what a scan must say: ``fail``, ``pass`` or ``inconclusive``.
        links: symbolic links of a directory, by relative path.
        hard_links: further names of files, each by the relative path of the first.
    """

    name: str
    group: str
    family: str
    file: str
    content: bytes | Mapping[str, bytes]
    source: str = ""
    verdict: str = FAIL
    links: Mapping[str, str] = field(default_factory=dict)
    hard_links: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Group and name."""
        return f"{self.group}/{self.name}"

    def write(self, folder: Path) -> Path:
        """Lay the sample out below ``folder`` and return the path a user would scan."""
        path = folder / self.group / self.name / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(self.content, bytes):
            path.write_bytes(self.content)
            return path
        path.mkdir(exist_ok=True)
        for inner, data in self.content.items():
            (path / inner).parent.mkdir(parents=True, exist_ok=True)
            (path / inner).write_bytes(data)
        for inner, target in self.links.items():
            (path / inner).parent.mkdir(parents=True, exist_ok=True)
            (path / inner).symlink_to(target)
        for inner, target in self.hard_links.items():
            os.link(path / target, path / inner)
        return path


@dataclass(frozen=True, slots=True)
class Family:
    """Makes samples of one technique in one group."""

    group: str
    family: str
    source: str = ""

    def __call__(
        self,
        name: str,
        file: str,
        content: bytes | Mapping[str, bytes],
        *,
        source: str = "",
        verdict: str = FAIL,
        links: Mapping[str, str] | None = None,
    ) -> Sample:
        """A sample of this technique."""
        return Sample(
            name, self.group, self.family, file, content,
            source=source or self.source, verdict=verdict, links=links or {},
        )  # fmt: skip


def by_id(samples: Iterable[Sample]) -> dict[str, Sample]:
    """Samples by group and name.

    Raises:
        ValueError: two of them share both.
    """
    found: dict[str, Sample] = {}
    for sample in samples:
        if sample.id in found:
            raise ValueError(f"two samples are called {sample.id}")
        found[sample.id] = sample
    return found
