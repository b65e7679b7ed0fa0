"""A model card written from the evidence: every number is the measured one, to the last digit.

The front matter follows the hub's layout, so that the hub shows the numbers and ``modelkeep
card`` reads them back. Texts are written as JSON, which is YAML and leaves nothing to guess.

Sources: the hub's documentation of model card metadata and of ``model-index``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from modelkeep.core import Measurement, NotChecked, Subject
from modelkeep.core.text import visible
from modelkeep.core.version import VERSION
from modelkeep.report.interface import Renderer, Report
from modelkeep.report.markdown import escaped


def card_text(
    model: Subject,
    measurements: Sequence[Measurement],
    *,
    materials: Sequence[Subject] = (),
    not_checked: Sequence[NotChecked] = (),
) -> str:
    """The card of a model.

    Args:
        model: by digest.
        measurements: the numbers, from the evidence or a report of this digest.
        materials: data sets and code they were measured with.
        not_checked: what nobody looked at.
    """
    data = [subject for subject in materials if subject.kind == "dataset"]
    lines = [
        "---",
        *_front(model, measurements, data),
        "---",
        "",
        f"# {escaped(model.name)}",
        "",
    ]
    lines += [
        f"Digest: `{model.digest}`. Written by modelkeep {VERSION} from its evidence.",
        "",
    ]
    lines += ["## Measured", ""]
    lines += list(_table(measurements)) or ["Nothing was measured."]
    notes = [f"- {escaped(m.name)}: {escaped(m.note)}" for m in measurements if m.note]
    if notes:
        lines += ["", "## Limits", "", *notes]
    if not_checked:
        lines += ["", "## Not checked", ""]
        lines += [f"- {escaped(left.what)}: {escaped(left.why)}" for left in not_checked]
    if data:
        lines += ["", "## Data", ""]
        lines += [f"- {escaped(subject.name)} `{subject.digest}`" for subject in data]
    return "\n".join(lines) + "\n"


def _front(
    model: Subject, measurements: Sequence[Measurement], data: Sequence[Subject]
) -> Iterator[str]:
    if data:
        yield "datasets:"
        yield from (f"- {_yaml(subject.name)}" for subject in data)
    yield "model-index:"
    yield f"- name: {_yaml(model.name)}"
    if not measurements:
        yield "  results: []"
        return
    names = ", ".join(subject.name for subject in data)
    yield "  results:"
    yield "  - task: {type: other}"
    yield f"    dataset: {{name: {_yaml(names or 'not named')}, type: other}}"
    yield "    metrics:"
    for measured in measurements:
        yield f"    - type: {_yaml(measured.name)}"
        yield f"      value: {measured.value!r}"
        yield "      args:"
        yield f"        low: {measured.low!r}"
        yield f"        high: {measured.high!r}"
        yield f"        n: {measured.n}"


def _table(measurements: Sequence[Measurement]) -> Iterator[str]:
    if measurements:
        yield "| what | value | 95 % interval | unit | rows | attacker |"
        yield "|---|---|---|---|---|---|"
    for m in measurements:
        attacker = (
            "none" if m.attacker is None else f"{m.attacker.goal}, {m.attacker.knowledge}"
        )
        yield (
            f"| {escaped(m.name)} | {m.value!r} | {m.low!r} to {m.high!r} "
            f"| {escaped(m.unit)} | {m.n} | {escaped(attacker)} |"
        )


def _yaml(text: str) -> str:
    return json.dumps(visible(text))


def render(report: Report) -> str:
    """The card of the model a report is about."""
    return card_text(
        report.subject,
        report.measurements,
        materials=report.materials,
        not_checked=report.not_checked,
    )


RENDERER: Final = Renderer("card", "model card whose numbers are those of the report", render)
