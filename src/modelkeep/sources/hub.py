"""A model repository on the Hugging Face Hub: ``hf://ORG/NAME[@REVISION][/PATH]``.

Files are listed by one request and read by ranges, so that of a file of many gigabytes only
its header travels. ``HF_ENDPOINT`` names another server, ``HF_TOKEN`` gives access to
private repositories; the token goes to that server only.

Source: Hugging Face Hub API, endpoints ``/api/models/{id}/tree/{revision}`` and
``/{id}/resolve/{revision}/{path}``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from modelkeep.core import InputError, MalformedArtifactError, UsageError
from modelkeep.sources.http import Client
from modelkeep.sources.ranges import RangeSource
from modelkeep.sources.remote import MOST_FILES, RemoteArtifact, listed

_ENDPOINT: Final = "https://huggingface.co"
_ADDRESS: Final = re.compile(
    r"hf://(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[^/]+))?(?:/(?P<path>.*))?"
)
_LISTING: Final = 32 << 20
_NEXT: Final = re.compile(r'<([^<>]+)>\s*;\s*rel="next"')


class _Listed(msgspec.Struct):
    """An entry of the listing; of large files ``size`` is that of the file, not its pointer."""

    type: str
    path: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Repository:
    """What an address names."""

    id: str
    revision: str
    path: str


def parse_address(address: str) -> Repository:
    """Take an address apart; a slash within a revision is written ``%2F``.

    Raises:
        UsageError: it is not complete.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise UsageError(f"{address}: not an address", "Write hf://ORG/NAME[@REVISION][/PATH].")
    revision = (found["revision"] or "main").replace("%2F", "/").replace("%2f", "/")
    return Repository(found["id"], revision, (found["path"] or "").strip("/"))


def open_repository(address: str) -> RemoteArtifact:
    """List the files of a repository, or of a part of it.

    Raises:
        UsageError: the address is incomplete, or ``HF_ENDPOINT`` is no server.
        InputError: the Hub cannot be reached, says no, or lists nothing.
    """
    named = parse_address(address)
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or _ENDPOINT
    home = urlsplit(endpoint)
    if home.scheme not in {"http", "https"} or not home.netloc:
        raise UsageError(f"HF_ENDPOINT is {endpoint!r}", "Write it as https://HOST.")
    client = Client(f"{home.scheme}://{home.netloc}", os.environ.get("HF_TOKEN", ""))
    revision = quote(named.revision, safe="")
    try:
        tree = f"{endpoint}/api/models/{named.id}/tree/{revision}?recursive=true"
        sizes = listed(address, _inside(named.path, _list(client, tree)))
    except InputError:
        client.close()
        raise

    def open_file(name: str) -> RangeSource:
        url = f"{endpoint}/{named.id}/resolve/{revision}/{quote(name)}"
        return RangeSource(sizes[name], _Fetcher(client, url, sizes[name]))

    return RemoteArtifact(address, sizes, open_file, client.close)


def _inside(path: str, every: dict[str, int]) -> dict[str, int]:
    """The file of that path, or the files of that folder; all of them without one."""
    return {
        name: size
        for name, size in every.items()
        if not path or name == path or name.startswith(f"{path}/")
    }


def _list(client: Client, url: str | None) -> dict[str, int]:
    """Every file of a repository; long listings come in pages."""
    found: dict[str, int] = {}
    while url is not None:
        answer = client.get(url, most=_LISTING)
        try:
            page = msgspec.json.decode(answer.body, type=list[_Listed])
        except msgspec.DecodeError as error:
            raise InputError(f"{url}: not a listing ({error})") from error
        found |= {entry.path: entry.size for entry in page if entry.type == "file"}
        more = _NEXT.search(answer.headers.get("link", ""))
        following = more[1] if more is not None and page else None
        if following is not None and urlsplit(following)[:2] != urlsplit(url)[:2]:
            raise InputError(f"{url}: its next page is on another server")
        if len(found) > MOST_FILES:
            raise InputError(f"{url}: more than {MOST_FILES} files")
        url = following
    return found


class _Fetcher:
    """Brings ranges of one file, and makes sure that it stays the same file."""

    def __init__(self, client: Client, url: str, size: int) -> None:
        self._client, self._url, self._size = client, url, size
        self._identity = ""

    def __call__(self, start: int, stop: int) -> bytes:
        """Bytes ``[start, stop)``.

        Raises:
            MalformedArtifactError: they do not come, or the file was replaced meanwhile.
        """
        try:
            answer = self._client.get(self._url, start=start, stop=stop, most=stop - start)
        except InputError as error:
            raise MalformedArtifactError(f"could not be fetched: {error}") from error
        whole = answer.headers.get("content-range", "").rpartition("/")[2]
        identity = answer.headers.get("etag", "")
        if whole not in {str(self._size), "*"} or self._identity not in {"", identity}:
            raise MalformedArtifactError("changed while it was being read")
        self._identity = identity
        return answer.body
