"""A drawn lineage: every subject and arrow is in it, and nothing else gets in."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from modelkeep.evidence import Lineage
from modelkeep.evidence.lineage import Arrow, Node
from modelkeep.report import draw_lineage

SVG = "{http://www.w3.org/2000/svg}"
DATA, OLD, NEW, SIDE = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def graph() -> Lineage:
    nodes = (
        Node(NEW, "model", "new.onnx", stage="deployed"),
        Node(OLD, "model", "old.onnx"),
        Node(SIDE, "code", "train"),
        Node(DATA, "dataset", "train.csv", ("5ea1" * 16,)),
    )
    arrows = [
        Arrow(DATA, OLD, "training", "1" * 64),
        Arrow(SIDE, OLD, "training", "1" * 64),
        Arrow(OLD, NEW, "hardening", "2" * 64),
        Arrow(OLD, NEW, "hardening", "3" * 64),
    ]
    return Lineage({node.sha256: node for node in nodes}, arrows)


def words(text: str) -> str:
    return " ".join("".join(e.itertext()) for e in ET.fromstring(text).iter(f"{SVG}text"))


def across(text: str, name: str) -> int:
    """How far right a subject stands."""
    for group in ET.fromstring(text).iter(f"{SVG}g"):
        if name in "".join(group.itertext()):
            rect = group.find(f"{SVG}rect")
            assert rect is not None
            return int(rect.get("x", ""))
    raise AssertionError(name)


def test_subjects_stand_from_left_to_right_with_seal_and_stage() -> None:
    text = draw_lineage(graph(), NEW, up=True)
    assert across(text, "train.csv") < across(text, "old.onnx") < across(text, "new.onnx")
    assert "seal 5ea15ea15ea1" in words(text)
    assert "stage deployed" in words(text)
    assert text.count("marker-end") == 3, "two statements of the same are one arrow"
    assert "hardening, 2 statements" in text
    assert f"sha256:{DATA}; sealed by {'5ea1' * 16}" in text


def test_downward_walk_is_drawn_the_same_way_round() -> None:
    down = Lineage({k: v for k, v in graph().nodes.items() if k != SIDE}, graph().arrows[::2])
    down.arrows.insert(0, Arrow(DATA, OLD, "training", "1" * 64))
    text = draw_lineage(down, DATA, up=False)
    assert across(text, "train.csv") < across(text, "old.onnx") < across(text, "new.onnx")


def test_lone_subject_and_ring_are_drawn() -> None:
    lone = Lineage({DATA: graph().nodes[DATA]})
    assert "train.csv" in words(draw_lineage(lone, DATA, up=True))
    ring = graph()
    ring.arrows.append(Arrow(NEW, OLD, "hardening", "4" * 64))
    assert ET.fromstring(draw_lineage(ring, NEW, up=True)).tag == f"{SVG}svg"
    with pytest.raises(KeyError):
        draw_lineage(lone, NEW, up=True)


@pytest.mark.parametrize(
    "name", ['"/><script>x</script>', "a\x00\u202eb", "x" * 500, "", "\udcff"]
)
def test_names_cannot_leave_their_box(name: str) -> None:
    text = draw_lineage(Lineage({DATA: Node(DATA, name, name)}), DATA, up=True)
    tree = ET.fromstring(text.encode())
    assert not [e for e in tree.iter() if e.tag.endswith("script")]
    assert all(len(e.text or "") <= 60 for e in tree.iter(f"{SVG}text") if name[:1] == "x")
    assert not re.search(r"(?:href|src|style|on\w+)=", text)
