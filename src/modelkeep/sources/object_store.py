"""Objects in a bucket: ``s3://BUCKET/PREFIX``, ``gs://BUCKET/PREFIX``, ``az://CONTAINER/PREFIX``.

Read by ranges through obstore, which takes credentials from where each cloud's own tools
take them. It is an optional extra and imported only when such an address is named.

Source: obstore documentation (``store.from_url``, ``list``, ``get_range``).
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from modelkeep.core import InputError, MalformedArtifactError, MissingExtraError, UsageError
from modelkeep.sources.ranges import RangeSource
from modelkeep.sources.remote import MOST_FILES, RemoteArtifact, listed

_EXTRA: Final = "cloud"


def open_bucket(address: str) -> RemoteArtifact:
    """List the objects under a prefix.

    Raises:
        UsageError: the address names no bucket.
        InputError: the bucket cannot be reached, or holds nothing there.
        MissingExtraError: obstore is not installed.
    """
    parts = urlsplit(address)
    if not parts.netloc:
        raise UsageError(
            f"{address}: names no bucket", f"Write {parts.scheme}://BUCKET/PREFIX."
        )
    try:
        import obstore  # noqa: PLC0415 - optional
        from obstore.exceptions import BaseError  # noqa: PLC0415
        from obstore.store import from_url  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"{parts.scheme}://", "obstore", _EXTRA) from error
    failures = (BaseError, OSError)
    prefix = parts.path.strip("/")
    try:
        store = from_url(f"{parts.scheme}://{parts.netloc}")
        found = _list(obstore, store, prefix)
    except failures as error:
        raise InputError(f"{address}: {_sentence(error)}") from error

    def open_object(name: str) -> RangeSource:
        def fetch(start: int, stop: int) -> bytes:
            try:
                return bytes(obstore.get_range(store, name, start=start, end=stop))
            except failures as error:
                raise MalformedArtifactError(
                    f"could not be fetched: {_sentence(error)}"
                ) from error

        return RangeSource(found[name], fetch)

    return RemoteArtifact(address, listed(address, found), open_object)


def _list(obstore: Any, store: Any, prefix: str) -> dict[str, int]:  # noqa: ANN401 - untyped here
    """Objects whose path is the prefix or lies under it."""
    found: dict[str, int] = {}
    for batch in obstore.list(store, prefix=prefix or None):
        found |= {item["path"]: item["size"] for item in batch}
        if len(found) > MOST_FILES:
            break  # the caller refuses it
    if prefix and not found:  # a listing goes by folders; this may be one object
        found = {prefix: obstore.head(store, prefix)["size"]}
    return found


def _sentence(error: Exception) -> str:
    """The first line of an error; the rest is the library's inside."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
