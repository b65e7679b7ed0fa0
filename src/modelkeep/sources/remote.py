"""Artifacts that lie elsewhere: an address, the files there, and how to read them.

Nothing is reached unless an address is named. What an address means is up to its scheme:
``hf://`` (``sources.hub``), ``s3://``, ``gs://``, ``az://`` (``sources.object_store``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from modelkeep.core import InputError, UsageError
from modelkeep.core.text import printable
from modelkeep.sources.ranges import RangeSource

MOST_FILES: Final = 100_000
SCHEMES: Final = ("hf", "s3", "gs", "az")


@dataclass(frozen=True, slots=True)
class RemoteArtifact:
    """Files at an address.

    Attributes:
        address: as the user wrote it.
        sizes: length in bytes of every file by name, in the order of a manifest.
        open: a source for one of them.
        close: lets go of connections; leaving a ``with`` block does it too.
    """

    address: str
    sizes: Mapping[str, int]
    open: Callable[[str], RangeSource]
    close: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(self.sizes)

    @property
    def name(self) -> str:
        """How it is known to people."""
        return printable(self.address)

    def display(self, name: str) -> str:
        """How a file is named in findings."""
        return printable(name)


def listed(address: str, found: Mapping[str, int]) -> dict[str, int]:
    """What an address lists, in the order of a manifest.

    Raises:
        InputError: nothing, or more than can be dealt with.
    """
    if not found:
        raise InputError(f"{address}: there is no file", "Check the address and the revision.")
    if len(found) > MOST_FILES:
        raise InputError(f"{address}: more than {MOST_FILES} files")
    return {name: found[name] for name in sorted(found, key=lambda name: name.split("/"))}


def is_address(path: str) -> bool:
    """Whether a path is written as an address."""
    return "://" in path


def open_address(address: str) -> RemoteArtifact:
    """List the files at an address.

    Raises:
        UsageError: no such scheme, or the address is incomplete.
        InputError: it cannot be reached, or holds nothing.
        MissingExtraError: the scheme needs a library that is not installed.
    """
    scheme = address.partition("://")[0]
    if scheme == "hf":
        from modelkeep.sources.hub import open_repository  # noqa: PLC0415 - only when asked

        return open_repository(address)
    if scheme in SCHEMES:
        from modelkeep.sources.object_store import open_bucket  # noqa: PLC0415 - only when asked

        return open_bucket(address)
    raise UsageError(
        f"{address}: scheme {scheme!r} is not known", f"Use one of {', '.join(SCHEMES)}."
    )
