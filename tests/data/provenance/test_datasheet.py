"""A datasheet: unknown is unknown, and what others wrote is no markup."""

from __future__ import annotations

from modelkeep.data import DataManifest, Options
from modelkeep.data.provenance import RESPONSIBLE, Description, Lineage, write_datasheet

MANIFEST = DataManifest(
    version=2,
    options=Options(licence="CC0-1.0"),
    block_rows=65_536,
    root="ab" * 32,
    rows=3,
    classes={"x|y": 2, "z": 1},
    sources={},
    files=[],
    tags_blake3="",
    tags_key="",
)


def test_every_question_nobody_answered_is_unknown() -> None:
    text = write_datasheet("d", MANIFEST, Lineage([], []), None)
    assert text.count(": unknown\n") == len(RESPONSIBLE) + 2  # the source and the creators
    assert "Licence: CC0\\-1.0" in text
    assert "Class x\\|y: 2 rows" in text


def test_answers_are_carried_as_words() -> None:
    said = Description(
        version="1.1",
        name="d",
        about="# not a heading\nnor [a link](javascript:x)",
        licence="",
        url="",
        creators=[],
        derived_from=[],
        files=[],
        responsible={"dataBiases": "<script>"},
    )
    text = write_datasheet("d", MANIFEST, Lineage([], []), said)
    assert "Biases: \\<script\\>" in text
    assert "\\# not a heading" in text
    assert "[a link](" not in text
