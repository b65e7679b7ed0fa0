"""Hostile requests are what they are named for, as bytes on the wire."""

from __future__ import annotations

from modelkeep.gateway.hostile_requests import bombs, floods, injected, smuggled


def test_every_hostile_request_is_one_that_begins_like_a_request() -> None:
    groups = (smuggled("/p", "k"), floods("/p", "k"), bombs("/p", "k"), injected("k"))
    for group in groups:
        assert len(group) >= 4
        for data in group.values():
            assert data.startswith((b"POST /p HTTP/1.1\r\n", b"GET /"))


def test_smuggled_requests_hide_one_that_anybody_may_ask() -> None:
    hidden = b"GET /v2/health/live HTTP/1.1\r\n"
    found = smuggled("/p", "k")
    assert sum(data.count(hidden) for data in found.values()) >= 10
    assert found["length and chunks"].count(b"Transfer-Encoding: chunked") == 1


def test_bombs_say_how_long_they_are_and_are_small() -> None:
    for name, data in bombs("/p", "k").items():
        head, _, body = data.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head, name
        assert len(body) < 1 << 19, "small for who sends it"
