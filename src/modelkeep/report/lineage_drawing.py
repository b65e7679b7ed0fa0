"""A lineage as SVG: what was made from what, from left to right.

One box for each subject, in columns by its distance from the one that was asked about; one
arrow for each pair and way of making, however many statements say so. The picture holds no
script, no style sheet and nothing from outside, so that it can stand in any page.

Source: SVG 1.1, second edition.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Final

from modelkeep.core.text import visible

if TYPE_CHECKING:  # the evidence room brings the store, which a plain scan does without
    from modelkeep.evidence import Lineage
    from modelkeep.evidence.lineage import Node

_WIDTH: Final = 210
_HEIGHT: Final = 64
_GAP: Final = 90
_SPACE: Final = 22
_EDGE: Final = 16
_MOST: Final = 26  # letters of a name that a box holds
_FILL: Final = {"model": "#e8f0fe", "dataset": "#e6f4ea", "code": "#fef7e0", "run": "#f3e8fd"}
Places = dict[str, tuple[int, int]]


def draw_lineage(graph: Lineage, start: str, *, up: bool) -> str:
    """The picture of a walk.

    Args:
        graph: what the walk reached.
        start: sha256 of the subject it began at.
        up: whether it went to what the subject comes from, which stands to its left.

    Raises:
        KeyError: the walk did not begin there.
    """
    columns = _columns(graph, start, up=up)
    places = {
        sha256: (_EDGE + x * (_WIDTH + _GAP), _EDGE + y * (_HEIGHT + _SPACE))
        for x, column in enumerate(columns)
        for y, sha256 in enumerate(column)
    }
    width = 2 * _EDGE + len(columns) * (_WIDTH + _GAP) - _GAP
    height = 2 * _EDGE + max(map(len, columns)) * (_HEIGHT + _SPACE) - _SPACE
    title = f"{'Origin' if up else 'Offspring'} of {visible(graph.nodes[start].name)}"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" font-family="sans-serif">'
        ),
        f"<title>{_text(title)}</title>",
        (
            '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker>'
            "</defs>"
        ),
        *_arrows(graph, places),
        *(
            part
            for sha256, place in places.items()
            for part in _box(graph.nodes[sha256], place, first=sha256 == start)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _columns(graph: Lineage, start: str, *, up: bool) -> list[list[str]]:
    """Digests by distance from the start, what was made first on the left."""
    distance, waiting = {start: 0}, [start]
    if start not in graph.nodes:
        raise KeyError(start)
    beside: dict[str, list[str]] = {}
    for arrow in graph.arrows:
        here, there = (arrow.target, arrow.source) if up else (arrow.source, arrow.target)
        beside.setdefault(here, []).append(there)
    for here in waiting:  # grows while it is walked; each digest is in it once
        for there in beside.get(here, ()):
            if there not in distance:
                distance[there] = distance[here] + 1
                waiting.append(there)
    columns: list[list[str]] = [[] for _ in range(max(distance.values()) + 1)]
    for sha256, far in distance.items():
        columns[far].append(sha256)
    return columns[::-1] if up else columns


def _arrows(graph: Lineage, places: Places) -> Iterator[str]:
    drawn: dict[tuple[str, str, str], int] = {}
    for arrow in graph.arrows:
        key = (arrow.source, arrow.target, arrow.how)
        drawn[key] = drawn.get(key, 0) + 1
    for (source, target, how), count in drawn.items():
        (x1, y1), (x2, y2) = places[source], places[target]
        x1, y1, y2 = x1 + _WIDTH, y1 + _HEIGHT // 2, y2 + _HEIGHT // 2
        said = how if count == 1 else f"{how}, {count} statements"
        yield (
            f'<path d="M{x1} {y1}C{x1 + 45} {y1} {x2 - 45} {y2} {x2} {y2}" fill="none" '
            f'stroke="#555" marker-end="url(#head)"><title>{_text(said)}</title></path>'
        )
        yield (
            f'<text x="{(x1 + x2) // 2}" y="{(y1 + y2) // 2 - 4}" font-size="10" fill="#555" '
            f'text-anchor="middle">{_text(_short(how))}</text>'
        )


def _box(node: Node, place: tuple[int, int], *, first: bool) -> Iterator[str]:
    x, y = place
    fill, stroke = _FILL.get(node.kind, "#f1f3f4"), 2 if first else 1
    facts = [f"sha256:{node.sha256[:16]}"]
    facts += [f"seal {node.seals[-1][:12]}"] if node.seals else []
    facts += [f"stage {node.stage}"] if node.stage else []
    whole = f"{node.kind} {node.name} sha256:{node.sha256}"
    whole += "".join(f"; sealed by {seal}" for seal in node.seals)
    yield f"<g><title>{_text(whole)}</title>"
    yield (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{fill}" '
        f'stroke="#333" stroke-width="{stroke}"/>'
    )
    lines = [
        _short(node.name or "(no name)"),
        _short(node.kind or "subject"),
        " · ".join(facts),
    ]
    for line, (text, size) in enumerate(zip(lines, (13, 10, 10), strict=True)):
        yield (
            f'<text x="{x + 10}" y="{y + 20 + 17 * line}" font-size="{size}" '
            f'fill="#111">{_text(text)}</text>'
        )
    yield "</g>"


def _short(text: str) -> str:
    plain = visible(text)
    return plain if len(plain) <= _MOST else f"{plain[: _MOST - 1]}…"


def _text(text: str) -> str:
    return escape(visible(text))
