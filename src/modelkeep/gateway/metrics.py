"""Counters and histograms in the text form of Prometheus.

Labels hold what the operator named (models, rules), never what a client sent.

Source: Prometheus exposition formats, text format 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Metrics:
    """What a gateway counts."""

    _counts: dict[str, dict[Labels, float]] = field(default_factory=dict)
    _gauges: dict[str, dict[Labels, float]] = field(default_factory=dict)
    _seconds: dict[Labels, list[float]] = field(default_factory=dict)

    def count(self, name: str, by: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        series = self._counts.setdefault(name, {})
        key = tuple(labels.items())
        series[key] = series.get(key, 0.0) + by

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._gauges.setdefault(name, {})[tuple(labels.items())] = value

    def observe(self, seconds: float, **labels: str) -> None:
        """Add a request's duration to the histogram."""
        key = tuple(labels.items())
        row = self._seconds.get(key)
        if row is None:
            row = self._seconds[key] = [0.0] * (len(BUCKETS) + 2)  # buckets, beyond, sum
        row[bisect_left(BUCKETS, seconds)] += 1
        row[-1] += seconds

    def text(self) -> str:
        """Everything, one line a series."""
        lines: list[str] = []
        for kind, families in (("counter", self._counts), ("gauge", self._gauges)):
            for name, series in families.items():
                lines.append(f"# TYPE modelkeep_{name} {kind}")
                lines += [f"modelkeep_{name}{_labels(k)} {v:.12g}" for k, v in series.items()]
        name = "modelkeep_request_seconds"
        if self._seconds:
            lines.append(f"# TYPE {name} histogram")
        for key, row in self._seconds.items():
            total = 0.0
            for bound, number in zip((*map(str, BUCKETS), "+Inf"), row, strict=False):
                total += number
                lines.append(f"{name}_bucket{_labels((*key, ('le', bound)))} {total:.12g}")
            lines.append(f"{name}_sum{_labels(key)} {row[-1]:.9g}")
            lines.append(f"{name}_count{_labels(key)} {total:.12g}")
        return "\n".join(lines) + "\n"


def _labels(pairs: Labels) -> str:
    if not pairs:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
