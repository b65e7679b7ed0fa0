"""Lies of any format without a rule of its own are reported once each."""

from __future__ import annotations

from modelkeep.core import Location
from modelkeep.formats import MemorySource
from modelkeep.scan import Context
from modelkeep.scan.structure_lies import DETECTOR
from samples import budget

LIES = [(4, "two tensors share bytes"), (9, "3 bytes belong to nothing")]


def found(format_: str) -> list[tuple[int | None, str]]:
    context = Context(
        location=Location("m", "inner"),
        source=MemorySource(b""),
        format=format_,
        document=None,
        budget=budget(),
        lies=LIES,
    )
    return [(finding.location.offset, finding.message) for finding in DETECTOR.run(context)]


def test_every_lie_is_a_finding_at_its_place() -> None:
    assert found("gguf") == LIES


def test_formats_with_a_rule_of_their_own_are_left_to_it() -> None:
    assert found("zip") == found("safetensors") == []


def test_the_rule_reads_every_format() -> None:
    assert DETECTOR.reads("unread:anything")
