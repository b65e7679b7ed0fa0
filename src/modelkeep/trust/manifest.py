"""Comparing what was signed with what is there, file by file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import InputError
from modelkeep.sources import Artifact, Manifest


@dataclass(frozen=True, slots=True)
class Difference:
    """Files that are not as they were signed, by name.

    Attributes:
        extra: there, but not listed.
        missing: listed, but not there.
        changed: other bytes.
        marked: another type or mode, each with a sentence.
    """

    extra: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    marked: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.extra or self.missing or self.changed or self.marked)

    def sentences(self) -> list[str]:
        """One sentence per file."""
        return [sentence for _, sentence in self.by_name()]

    def by_name(self, listed: str = "signed") -> list[tuple[str, str]]:
        """Per file its name and what is wrong with it; ``listed`` says by what."""
        return [
            *((name, f"{name}: changed since it was {listed}") for name in self.changed),
            *((name, f"{name}: {listed}, but missing") for name in self.missing),
            *((name, f"{name}: present, but never {listed}") for name in self.extra),
            *self.marked,
        ]

    def split(self, lenient: Callable[[str], bool]) -> tuple[Difference, Difference]:
        """What counts, and what is only told: the files for which ``lenient`` holds."""
        return self._where(lambda name: not lenient(name)), self._where(lenient)

    def _where(self, wanted: Callable[[str], bool]) -> Difference:
        return Difference(
            tuple(filter(wanted, self.extra)),
            tuple(filter(wanted, self.missing)),
            tuple(filter(wanted, self.changed)),
            tuple(item for item in self.marked if wanted(item[0])),
        )


def compare(expected: Mapping[str, str], actual: Mapping[str, str]) -> Difference:
    """Compare name to sha256 maps."""
    return Difference(
        extra=tuple(sorted(set(actual) - set(expected))),
        missing=tuple(sorted(set(expected) - set(actual))),
        changed=tuple(
            sorted(n for n, digest in expected.items() if actual.get(n, digest) != digest)
        ),
    )


def digests_by_name(artifact: Artifact, manifest: Manifest) -> dict[str, str]:
    """The artifact's files as shown to people, with their sha256."""
    return {artifact.display(file.name): file.digest.sha256 for file in manifest.files}


def read_checksums(path: Path) -> dict[str, str]:
    """Read a ``sha256sum`` file: a digest, blanks, an optional ``*``, a name per line.

    Raises:
        InputError: no such file, or a line of another form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as checksums ({error})") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        digest, _, name = line.partition(" ")
        name = name.strip().removeprefix("*").removeprefix("./")
        if len(digest) != 64 or set(digest.lower()) - set("0123456789abcdef") or not name:  # noqa: PLR2004
            raise InputError(
                f"{path}:{number}: not a sha256sum line", "Write one with `sha256sum FILES`."
            )
        if found.get(name, digest.lower()) != digest.lower():
            raise InputError(f"{path}:{number}: a second checksum for {name}")
        found[name] = digest.lower()
    if not found:
        raise InputError(f"{path}: holds no checksum")
    return found
