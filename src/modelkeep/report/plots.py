"""Plots as inline SVG: robust accuracy over radius, ROC, pictures, moves of explanations.

Colours are classes of the page's one style sheet, so that a strict content policy holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from modelkeep.core import Measurement

_WIDTH: Final = 420
_HEIGHT: Final = 260
_LEFT: Final = 52
_BOTTOM: Final = 40
_TOP: Final = 26
_RIGHT: Final = 14
_BARS: Final = 5
Scale = Callable[[float], float]
Tick = tuple[float, str]


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    span = (high - low) or 1.0
    return lambda value: start + (min(max(value, low), high) - low) / span * (end - start)


def _axes(
    title: str, labels: tuple[str, str], ticks: tuple[list[Tick], list[Tick]]
) -> list[str]:
    """Frame, grid and labels; tick places are in pixels already."""
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [f'<text x="{_LEFT}" y="16" class="title">{escape(title)}</text>']
    for place, text in ticks[0]:
        parts.append(
            f'<line x1="{place:.1f}" y1="{_TOP}" x2="{place:.1f}" y2="{bottom}" class="grid"/>'
        )
        parts.append(
            f'<text x="{place:.1f}" y="{bottom + 14}" class="tick mid">{escape(text)}</text>'
        )
    for place, text in ticks[1]:
        parts.append(
            f'<line x1="{_LEFT}" y1="{place:.1f}" x2="{right}" y2="{place:.1f}" class="grid"/>'
        )
        parts.append(
            f'<text x="{_LEFT - 6}" y="{place + 4:.1f}" class="tick end">{escape(text)}</text>'
        )
    middle = (_LEFT + right) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 6}" class="label mid">{escape(labels[0])}</text>'
    )
    turn = f"rotate(-90 12 {(_TOP + bottom) / 2})"
    parts.append(
        f'<text x="12" y="{(_TOP + bottom) / 2}" class="label mid" transform="{turn}">'
        f"{escape(labels[1])}</text>"
    )
    return parts


def _line(points: Sequence[tuple[float, float]], style: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" class="{style}"/>'


def _svg(parts: list[str], description: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(description)}">'
        + "".join(parts)
        + "</svg>"
    )


def robustness_plot(measurement: Measurement) -> str:
    """Accuracy against the attack's radius, with the interval at the asked radius."""
    points = measurement.curve
    across = _scale(0, max(x for x, _ in points), _LEFT, _WIDTH - _RIGHT)
    up = _scale(0, 1, _HEIGHT - _BOTTOM, _TOP)
    ticks = (
        [(across(x), f"{x:g}") for x, _ in points],
        [(up(y / 4), f"{y / 4:g}") for y in range(5)],
    )
    title = f"Accuracy under attack (n={measurement.n})"
    parts = _axes(title, ("L-infinity radius", "accuracy"), ticks)
    parts.append(_line([(across(x), up(y)) for x, y in points], "curve"))
    parts += [
        f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" class="dot"/>' for x, y in points
    ]
    radius = measurement.attacker.radius if measurement.attacker is not None else None
    if radius is not None:
        place = across(radius)
        parts.append(
            f'<line x1="{place:.1f}" y1="{up(measurement.low):.1f}" x2="{place:.1f}" '
            f'y2="{up(measurement.high):.1f}" class="interval"/>'
        )
    return _svg(parts, f"{title}: {measurement.value:.3f} at radius {radius}")


def roc_plot(measurements: Sequence[Measurement]) -> str:
    """True against false positives on logarithmic axes: low rates are what matters.

    False-positive rates below one non-member, of as many as there are members, are shaded.
    """
    floor = 1e-3
    across = _scale(math.log10(floor), 0, _LEFT, _WIDTH - _RIGHT)
    up = _scale(math.log10(floor), 0, _HEIGHT - _BOTTOM, _TOP)
    decades = [-3, -2, -1, 0]
    ticks = (
        [(across(d), f"{10.0**d:g}") for d in decades],
        [(up(d), f"{10.0**d:g}") for d in decades],
    )
    parts = _axes("Membership inference", ("false-positive rate", "true-positive rate"), ticks)
    told_apart = min((2 / m.n for m in measurements[:2] if m.n), default=0.0)  # equal groups
    if floor < told_apart < 1:
        wide = across(math.log10(told_apart)) - across(math.log10(floor))
        parts.append(
            f'<rect x="{_LEFT}" y="{_TOP}" width="{wide:.1f}" '
            f'height="{_HEIGHT - _TOP - _BOTTOM}" class="floor"/>'
        )
    parts.append(_line([(across(-3), up(-3)), (across(0), up(0))], "chance"))
    for index, measurement in enumerate(measurements[:2]):
        points = [
            (across(math.log10(max(x, floor))), up(math.log10(max(y, floor))))
            for x, y in measurement.curve
        ]
        parts.append(_line(points, "curve" if index == 0 else "curve second"))
        name = measurement.name.removeprefix("membership_auc_")
        y = _HEIGHT - _BOTTOM - 10 - 14 * index
        style = "key" if index == 0 else "key second"
        parts.append(
            f'<text x="{_WIDTH - _RIGHT - 6}" y="{y}" class="{style} end">'
            f"{escape(name)} (AUC {measurement.value:.2f})</text>"
        )
    return _svg(parts, "ROC of membership inference on logarithmic axes")


def picture_plot(measurement: Measurement) -> str:
    """Grey values as squares: what a trigger does to a grey picture."""
    rows = measurement.picture
    tall, wide = len(rows), max(len(row) for row in rows)
    side = min((_HEIGHT - _TOP - _BOTTOM) / tall, (_WIDTH - 2 * _LEFT) / wide)
    left = (_WIDTH - side * wide) / 2
    title = f"{measurement.name.replace('_', ' ')}: {measurement.value:.2f}"
    parts = [f'<text x="{_LEFT}" y="16" class="title">{escape(title)}</text>']
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            shade = round(255 * min(max(value, 0.0), 1.0))
            parts.append(
                f'<rect x="{left + x * side:.1f}" y="{_TOP + y * side:.1f}" '
                f'width="{side:.1f}" height="{side:.1f}" fill="rgb({shade},{shade},{shade})"/>'
            )
    parts.append(
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" class="label mid">'
        f"{escape(measurement.method)}</text>"
    )
    return _svg(parts, title)


def moves_plot(measurements: Sequence[Measurement]) -> str:
    """Bars of what moved between two versions, with their intervals, one scale for all."""
    shown = measurements[:_BARS]
    reach = max(max(abs(m.low), abs(m.high), abs(m.value)) for m in shown) or 1.0
    across = _scale(-reach, reach, _LEFT, _WIDTH - _RIGHT)
    step = (_HEIGHT - _TOP - _BOTTOM) / len(shown)
    ticks = [(across(x), f"{x:.2g}") for x in (-reach, -reach / 2, 0.0, reach / 2, reach)]
    kind, _, _ = _effect(shown[0]).partition(": ")
    title = f"What moved: {kind}"
    parts = _axes(title, (f"new less earlier version, {shown[0].unit}", ""), (ticks, []))
    for index, measurement in enumerate(shown):
        middle = _TOP + (index + 0.5) * step
        start, end = sorted((across(0), across(measurement.value)))
        parts.append(
            f'<rect x="{start:.1f}" y="{middle - step / 8:.1f}" width="{end - start:.1f}" '
            f'height="{step / 2:.1f}" class="bar"/>'
        )
        line = [(across(x), middle + step / 8) for x in (measurement.low, measurement.high)]
        parts.append(_line(line, "interval"))
        name = _effect(measurement).partition(": ")[2]
        parts.append(
            f'<text x="{_LEFT + 4}" y="{middle - step / 5:.1f}" class="tick">'
            f"{escape(name)}</text>"
        )
    return _svg(parts, f"{title}: {_effect(shown[0])} moved by {shown[0].value:.3f}")


def _effect(measurement: Measurement) -> str:
    return measurement.name.partition("[")[2].removesuffix("]")


def dependence_plot(now: Measurement, before: Measurement) -> str:
    """How the answers of two versions follow one column."""
    points = [*now.curve, *before.curve]
    low, high = (pick(x for x, _ in points) for pick in (min, max))
    across = _scale(low, high, _LEFT, _WIDTH - _RIGHT)
    up = _scale(0, 1, _HEIGHT - _BOTTOM, _TOP)
    ticks = (
        [(across(x), f"{x:.3g}") for x in (low, (low + high) / 2, high)],
        [(up(y / 4), f"{y / 4:g}") for y in range(5)],
    )
    column = _effect(now)
    parts = _axes(f"Partial dependence on {column}", (column, "mean probability"), ticks)
    for index, (name, made) in enumerate((("now", now), ("before", before))):
        style = "curve" if index == 0 else "curve second"
        parts.append(_line([(across(x), up(y)) for x, y in made.curve], style))
        key = "key" if index == 0 else "key second"
        parts.append(
            f'<text x="{_WIDTH - _RIGHT - 6}" y="{_HEIGHT - _BOTTOM - 10 - 14 * index}" '
            f'class="{key} end">{name}</text>'
        )
    return _svg(parts, f"Partial dependence of two versions on {column}")
