"""The client: kept connections that break are opened again, https is never left."""

from __future__ import annotations

import pytest

from hub_server import serving
from modelkeep.core import InputError
from modelkeep.sources.http import Client, _follow

pytestmark = pytest.mark.net


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://a/b", "https://cdn/c?x=1", "https://cdn/c?x=1"),
        ("https://a/b/c", "/d", "https://a/d"),
        ("http://a/b", "https://cdn/c", "https://cdn/c"),
        ("http://a/b", "http://c/d", "http://c/d"),
    ],
)
def test_redirects_are_followed(url: str, location: str, target: str) -> None:
    assert _follow(url, location) == target


@pytest.mark.parametrize("location", ["http://a/b", "file:///etc/passwd", "ftp://a"])
def test_https_is_never_left(location: str) -> None:
    with pytest.raises(InputError, match="not https"):
        _follow("https://a/b?signature=secret", location)


def test_signed_query_is_not_shown() -> None:
    with pytest.raises(InputError) as caught:
        _follow("https://a/b?signature=secret", "http://c/d?signature=secret")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(Client("https://a", "secret"))


def test_connection_is_kept_and_opened_again_when_it_was_closed() -> None:
    with serving({"a": b"0123456789"}) as hub:
        client = Client()
        for start in (0, 5):
            answer = client.get(f"{hub.url}/cdn/a", start=start, stop=start + 5, most=5)
            assert answer.body == b"0123456789"[start : start + 5]
        (connection,) = client._open.values()
        assert connection.sock is not None
        connection.sock.close()  # as if the server had
        assert client.get(f"{hub.url}/cdn/a", start=0, stop=1, most=1).body == b"0"
        client.close()


def test_longer_answers_than_wanted_are_refused() -> None:
    with serving({}) as hub:
        hub.twist["/"] = (200, {}, b"x" * 100)
        client = Client()
        with pytest.raises(InputError, match="longer than 10 bytes"):
            client.get(f"{hub.url}/a", most=10)
        assert client._open == {}, "a connection with unread bytes is of no use"
