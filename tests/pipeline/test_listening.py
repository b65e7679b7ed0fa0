"""Progress: bytes for who wants them, else a share that never leaves [0, 1]."""

from __future__ import annotations

from modelkeep.pipeline import Listener


def test_bytes_are_added_up_and_told_with_their_total() -> None:
    heard: list[tuple[str, int, int]] = []
    listener = Listener(measured=lambda *told: heard.append(told))
    advance = listener.counting(10)
    listener.reads("a")
    advance(4)
    listener.reads("b")
    advance(6)
    assert heard == [("a", 4, 10), ("b", 10, 10)]


def test_share_stays_between_nothing_and_all_of_it() -> None:
    heard: list[float] = []
    listener = Listener(progress=lambda _, share: heard.append(share))
    advance = listener.counting(10)
    for count in (4, 4, 4):
        advance(count)
    Listener(progress=lambda _, share: heard.append(share)).counting(0)(0)
    assert heard == [0.4, 0.8, 1.0, 1.0]


def test_share_is_not_told_beside_bytes() -> None:
    shares: list[float] = []
    listener = Listener(
        progress=lambda _, share: shares.append(share), measured=lambda *_: None
    )
    listener.counting(10)(5)
    assert shares == []


def test_nobody_hears_by_default() -> None:
    assert not Listener().hears_bytes
    assert Listener(measured=lambda *_: None).hears_bytes
    Listener().counting(10)(5)
