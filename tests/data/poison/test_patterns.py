"""Patterns find, stamp and say what they are."""

from __future__ import annotations

import poison_samples as samples
from modelkeep.data.poison import patterns
from modelkeep.data.poison.patterns import Character, Phrase, Pixel, Range


def test_what_is_stamped_is_covered() -> None:
    table, texts, images = samples.table(), samples.texts(50), samples.images(50)
    cases = [
        (table, Range(0, 0.25, 0.5)),
        (table, Range(10, 2, 2)),
        (texts, Phrase(("once", "upon"))),
        (texts, Character("\u200b")),
        (images, Pixel(0, 3, 4, 0.9, 1.0)),
    ]
    for data, term in cases:
        pattern = patterns.Pattern((term,))
        before = data.rows.copy()
        assert pattern.covers(pattern.stamped(data)).all()
        assert (data.rows == before).all()
        assert not pattern.covers(data).all()


def test_they_say_themselves_without_moving_the_cursor() -> None:
    table = samples.table()
    assert Range(0, 1, 2).say(table) == "c0 in [1, 2]"
    assert Range(10, 2, 2).say(table) == "kind == 'c'"
    assert Range(0, 1, 1).say(table) == "c0 == 1"
    assert Character("\u202e").say(table) == "the text has the character U+202E"
    assert "\x1b" not in Phrase(("\x1b[2J",)).say(table)
    area = patterns.Pattern(tuple(Pixel(0, n, n + 1, 0, 1) for n in range(4)))
    assert area.say(table).startswith("4 pixels in the area rows 0-3, columns 1-4")
