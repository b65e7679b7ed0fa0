"""Plots: every point inside the picture, whatever the numbers are."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

import check_samples as samples
from modelkeep.core import ThreatModel
from modelkeep.report.plots import (
    dependence_plot,
    moves_plot,
    picture_plot,
    robustness_plot,
    roc_plot,
)

WIDTH, HEIGHT = 420, 260
Curve = tuple[tuple[float, float], ...]
EDGES: list[Curve] = [
    ((0.0, 0.0),),
    ((0.0, 1.0),),
    ((1.0, 1.0),),
    ((0.0, 1.0), (0.03, 0.0)),
    ((0.0, 0.0), (1.0, 1.0)),
    ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0)),
    ((1e-9, 1e-9), (0.5, 1 - 1e-12)),
]


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def points(line: ET.Element) -> list[tuple[float, float]]:
    pairs = (pair.split(",") for pair in line.get("points", "").split())
    return [(float(x), float(y)) for x, y in pairs]


def coordinates(svg: str) -> Iterator[tuple[float, float]]:
    for element in drawn(svg).iter():
        yield from points(element)
        for x, y in (("x", "y"), ("x1", "y1"), ("x2", "y2"), ("cx", "cy")):
            if x in element.attrib:
                yield float(element.attrib[x]), float(element.attrib[y])


def lines(svg: str, style: str) -> list[list[tuple[float, float]]]:
    return [points(e) for e in drawn(svg).iter("polyline") if e.get("class") == style]


def require_inside(svg: str) -> None:
    found = list(coordinates(svg))
    assert found
    for x, y in found:
        assert math.isfinite(x)
        assert math.isfinite(y)
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


@pytest.mark.parametrize("curve", EDGES)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_robustness_stays_inside_at_the_edges(curve: Curve, value: float) -> None:
    edge = samples.measurement(value=value, low=value, high=value, curve=curve)
    require_inside(robustness_plot(edge))


@pytest.mark.parametrize("curve", EDGES)
def test_roc_stays_inside_at_the_edges(curve: Curve) -> None:
    require_inside(roc_plot([samples.measurement("membership_auc_loss", curve=curve)]))


share = st.floats(0, 1)
curves = st.lists(st.tuples(share, share), min_size=1, max_size=12).map(tuple)


@given(curves, st.floats(0, 10))
def test_no_curve_leaves_the_picture(curve: Curve, radius: float) -> None:
    attacker = ThreatModel("evasion", "black box", "changes features", "linf", radius)
    number = samples.measurement(curve=curve, attacker=attacker)
    require_inside(robustness_plot(number))
    require_inside(roc_plot([number, number]))


def test_accuracy_falls_downwards_and_the_interval_stands_at_the_radius() -> None:
    svg = robustness_plot(samples.measurement(curve=((0.0, 1.0), (0.03, 0.75), (0.06, 0.0))))
    ((first, middle, last),) = lines(svg, "curve")
    assert first[0] < middle[0] < last[0]
    assert first[1] < middle[1] < last[1]
    (bar,) = [e for e in drawn(svg).iter("line") if e.get("class") == "interval"]
    assert bar.get("x1") == bar.get("x2") == f"{middle[0]:.1f}"
    low, high = float(bar.get("y1", "")), float(bar.get("y2", ""))
    assert high < middle[1] < low, "an interval is drawn around its value"


def test_interval_is_left_out_where_nobody_attacks() -> None:
    assert 'class="interval"' not in robustness_plot(samples.measurement(attacker=None))


def test_low_false_positive_rates_have_room_on_the_roc() -> None:
    curve = ((0.001, 0.001), (0.01, 0.01), (0.1, 0.1), (1.0, 1.0))
    ((*places,),) = lines(roc_plot([samples.measurement(curve=curve)]), "curve")
    steps = [round(b[0] - a[0], 0) for a, b in itertools.pairwise(places)]
    assert len(set(steps)) == 1, "decades are equally far apart"


def test_both_attackers_are_told_apart_by_name_and_line() -> None:
    both = [
        samples.measurement("membership_auc_reference", 0.61),
        samples.measurement("membership_auc_loss", 0.55),
    ]
    svg = roc_plot(both)
    assert (len(lines(svg, "curve")), len(lines(svg, "curve second"))) == (1, 1)
    assert "reference (AUC 0.61)" in svg
    assert "loss (AUC 0.55)" in svg


def test_names_are_escaped() -> None:
    svg = roc_plot([samples.measurement("<b>&")])
    assert "<b>&" in "".join(drawn(svg).itertext())


@pytest.mark.parametrize("svg", [robustness_plot(samples.measurement()), roc_plot([])])
def test_colours_come_from_the_style_sheet_only(svg: str) -> None:
    assert not re.search(r"\b(style|fill|stroke|color)=", svg)


def test_picture_says_in_words_what_it_shows() -> None:
    label = drawn(robustness_plot(samples.measurement())).get("aria-label") or ""
    assert "0.750 at radius 0.03" in label
    assert drawn(roc_plot([])).get("role") == "img"


def test_a_picture_is_drawn_square_by_square() -> None:
    svg = picture_plot(samples.measurement("<b>", picture=((0.0, 1.0), (0.5, 2.0))))
    assert svg.count("<rect") == 4
    assert "rgb(0,0,0)" in svg
    assert svg.count("rgb(255,255,255)") == 2, "what is too bright is white"
    assert "<b>" not in svg
    require_inside(svg)


def test_rates_that_too_few_others_cannot_tell_apart_are_shaded() -> None:
    few = drawn(roc_plot([samples.measurement("membership_auc_loss", n=200)]))
    (shade,) = [e for e in few.iter() if e.get("class") == "floor"]
    decade = (WIDTH - 12) / 3
    assert decade / 2 < float(shade.get("width", "")) < WIDTH * 2 / 3
    many = roc_plot([samples.measurement("membership_auc_loss", n=10_000)])
    assert 'class="floor"' not in many


def test_moves_stand_by_their_names_with_intervals_inside_the_picture() -> None:
    moved = [
        samples.measurement(
            f"explanation_move[cover: <{index}>]", value=0.5, low=-9.0, high=9.0
        )
        for index in range(7)
    ]
    svg = moves_plot(moved)
    require_inside(svg)
    assert svg.count('class="bar"') == svg.count('class="interval"') == 5
    assert "&lt;4&gt;" in svg
    assert "What moved: cover" in svg
    require_inside(moves_plot([samples.measurement(value=0.0, low=0.0, high=0.0)]))


@pytest.mark.parametrize("curve", EDGES)
def test_dependence_of_both_versions_lies_inside_the_picture(curve: Curve) -> None:
    now = samples.measurement("dependence_now[age]", curve=curve)
    before = samples.measurement("dependence_before[age]", curve=((0.2, 0.5),))
    svg = dependence_plot(now, before)
    require_inside(svg)
    assert "Partial dependence on age" in svg
