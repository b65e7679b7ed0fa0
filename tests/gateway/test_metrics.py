"""Metrics read back by the text format's rules: counters, gauges, cumulative buckets."""

from __future__ import annotations

import re

from modelkeep.gateway.metrics import BUCKETS, Metrics

LINE = re.compile(r'^(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$')


def read(text: str) -> dict[tuple[str, str], float]:
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("# TYPE "):
            match = LINE.match(line)
            assert match is not None, line
            found[match[1], match[2] or ""] = float(match[3])
    return found


def test_counters_add_and_gauges_replace() -> None:
    metrics = Metrics()
    metrics.count("asked_total", model="a")
    metrics.count("asked_total", 2, model="a")
    metrics.count("asked_total", model="b")
    metrics.gauge("live", 1.0, model="a")
    metrics.gauge("live", 0.0, model="a")
    text = metrics.text()
    assert "# TYPE modelkeep_asked_total counter" in text
    assert text.count("# TYPE modelkeep_live gauge") == 1
    assert read(text) == {
        ("modelkeep_asked_total", 'model="a"'): 3,
        ("modelkeep_asked_total", 'model="b"'): 1,
        ("modelkeep_live", 'model="a"'): 0,
    }


def test_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket() -> None:
    metrics = Metrics()
    seconds = [0.0005, BUCKETS[0], 0.0011, 0.3, 7.0]
    for one in seconds:
        metrics.observe(one, model="a")
    found = read(metrics.text())
    name = "modelkeep_request_seconds"
    buckets = [
        found[f"{name}_bucket", f'model="a",le="{bound}"'] for bound in (*BUCKETS, "+Inf")
    ]
    assert buckets == sorted(buckets)
    assert buckets[:2] == [2, 3]
    assert buckets[-2:] == [4, 5] == [4, found[f"{name}_count", 'model="a"']]
    assert abs(found[f"{name}_sum", 'model="a"'] - sum(seconds)) < 1e-6


def test_a_name_cannot_break_out_of_its_label() -> None:
    metrics = Metrics()
    metrics.count("asked_total", model='a"} 9\nevil 1 \\')
    ((name, labels),) = read(metrics.text())
    assert name == "modelkeep_asked_total"
    assert labels == 'model="a\\"} 9\\nevil 1 \\\\"'


def test_nothing_counted_is_an_empty_page() -> None:
    assert read(Metrics().text()) == {}
