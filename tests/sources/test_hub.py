"""Repositories on the Hub: listed, read by ranges, and refused where something is odd."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hub_server import Hub, serving
from modelkeep.core import InputError, MalformedArtifactError, UsageError
from modelkeep.sources import RemoteArtifact
from modelkeep.sources import open_address as connect
from modelkeep.sources.hub import Repository, parse_address
from modelkeep.sources.ranges import BLOCK

pytestmark = pytest.mark.net
FILES = {
    "config.json": b'{"a": 1}',
    "deep/er/a b#.bin": bytes(range(256)) * 20,
    "model.safetensors": bytes(9 * BLOCK),
    "empty": b"",
}


_OPENED = ExitStack()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """What a test opens is closed when it ends."""
    with _OPENED:
        yield


def open_address(address: str) -> RemoteArtifact:
    return _OPENED.enter_context(connect(address))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving(dict(FILES)) as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield found


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hf://org/name", Repository("org/name", "main", "")),
        ("hf://org/na.me-1/", Repository("org/na.me-1", "main", "")),
        ("hf://org/name@v1", Repository("org/name", "v1", "")),
        ("hf://org/name@refs%2Fpr%2F1/a/b.bin", Repository("org/name", "refs/pr/1", "a/b.bin")),
        ("hf://org/name/folder/", Repository("org/name", "main", "folder")),
    ],
)
def test_address_is_taken_apart(address: str, expected: Repository) -> None:
    assert parse_address(address) == expected


@pytest.mark.parametrize(
    "address", ["hf://", "hf://name", "hf://org/na me", "hf://o/n@", "hf:org/n"]
)
def test_incomplete_address_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="not an address") as caught:
        parse_address(address)
    assert "hf://ORG/NAME" in caught.value.hint


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_every_file_is_listed_with_its_length(hub: Hub, page: int) -> None:
    hub.page = page
    remote = open_address("hf://org/name")
    assert dict(remote.sizes) == {name: len(data) for name, data in FILES.items()}
    assert remote.files == ("config.json", "deep/er/a b#.bin", "empty", "model.safetensors")


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("deep", ["deep/er/a b#.bin"]),
        ("deep/er/a b#.bin", ["deep/er/a b#.bin"]),
        ("config.json", ["config.json"]),
    ],
)
def test_path_narrows_the_listing(hub: Hub, path: str, names: list[str]) -> None:
    assert list(open_address(f"hf://org/name/{path}").files) == names
    assert hub.asked


def test_files_are_read_by_ranges_through_the_redirect(hub: Hub) -> None:
    remote = open_address("hf://org/name@main")
    hub.sent = 0
    assert remote.open("model.safetensors").read(8, 16) == bytes(16)
    assert hub.sent == BLOCK
    data = FILES["deep/er/a b#.bin"]
    assert remote.open("deep/er/a b#.bin").read(300, 500) == data[300:800]
    assert any(path.startswith("/cdn/") for path, _ in hub.asked)
    assert remote.open("empty").read(0, 10) == b""


def test_token_comes_from_the_environment_and_goes_to_the_hub_only(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    with serving(dict(FILES)) as elsewhere:
        target = {"Location": f"{elsewhere.url}/cdn/config.json"}
        hub.twist["/org/name/resolve"] = (307, target, b"")
        remote = open_address("hf://org/name")
        assert remote.open("config.json").read(0, 8) == FILES["config.json"]
    assert {headers.get("authorization") for _, headers in hub.asked} == {"Bearer secret"}
    assert {headers.get("authorization") for _, headers in elsewhere.asked} == {None}


def test_without_a_token_none_is_sent(hub: Hub) -> None:
    open_address("hf://org/name")
    assert all("authorization" not in headers for _, headers in hub.asked)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_refused_listing_is_an_input_error_with_a_hint(hub: Hub, status: int) -> None:
    hub.twist["/api"] = (status, {}, b"no")
    with pytest.raises(InputError, match=f"says {status}") as caught:
        open_address("hf://org/name")
    assert ("HF_TOKEN" in caught.value.hint) == (status in {401, 403})


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"<html>", "not a listing"), (b"{}", "not a listing"), (b"[]", "there is no file")],
)
def test_odd_listing_is_an_input_error(hub: Hub, body: bytes, says: str) -> None:
    hub.twist["/api"] = (200, {}, body)
    with pytest.raises(InputError, match=says):
        open_address("hf://org/name")


def test_next_page_elsewhere_is_refused(hub: Hub) -> None:
    link = {"Link": '<http://127.0.0.1:1/api>; rel="next"'}
    body = b'[{"type": "file", "path": "a", "size": 1}]'
    hub.twist["/api"] = (200, link, body)
    with pytest.raises(InputError, match="another server"):
        open_address("hf://org/name")


TWISTS = {
    "no ranges": ((200, {}, FILES["config.json"]), "does not serve ranges"),
    "another range": ((206, {"Content-Range": "bytes 1-8/8"}, b"x" * 8), "asked for 0-7"),
    "another length": ((206, {"Content-Range": "bytes 0-7/99"}, b"x" * 8), "changed while"),
    "too short": ((206, {"Content-Range": "bytes 0-2/8"}, b"abc"), "only 3 of 8"),
    "too long": ((206, {"Content-Range": "bytes 0-9/8"}, b"x" * 10), "longer than 8"),
    "gone": ((404, {}, b""), "says 404"),
    "loop": ((302, {"Location": "/cdn/config.json"}, b""), "redirects"),
    "to a file": ((302, {"Location": "file:///etc/passwd"}, b""), "neither http nor https"),
}


@pytest.mark.parametrize("twist", TWISTS)
def test_odd_answer_makes_the_file_unreadable(hub: Hub, twist: str) -> None:
    answer, says = TWISTS[twist]
    remote = open_address("hf://org/name")
    hub.twist["/cdn/config.json"] = answer
    with pytest.raises(MalformedArtifactError, match=says):
        remote.open("config.json").read(0, 8)


def test_file_that_is_replaced_while_it_is_read_is_noticed(hub: Hub) -> None:
    source = open_address("hf://org/name").open("model.safetensors")
    source.read(0, 10)
    hub.files["model.safetensors"] = b"\1" + bytes(9 * BLOCK - 1)
    with pytest.raises(MalformedArtifactError, match="changed while"):
        source.read(5 * BLOCK, 10)


def test_server_that_is_not_there_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(InputError, match=r"127\.0\.0\.1:1"):
        open_address("hf://org/name")
    monkeypatch.setenv("HF_ENDPOINT", "ftp://host")
    with pytest.raises(UsageError, match="HF_ENDPOINT"):
        open_address("hf://org/name")
