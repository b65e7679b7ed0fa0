"""The report as one HTML file: no script, no outside request, prints well.

The content policy allows one style sheet, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from typing import Final

from modelkeep.core import Verdict
from modelkeep.report.counts import count
from modelkeep.report.interface import Renderer, Report, ReportedFinding
from modelkeep.report.plots import (
    dependence_plot,
    moves_plot,
    picture_plot,
    robustness_plot,
    roc_plot,
)
from modelkeep.report.table import WORST, describe

_WORDS: Final = {
    Verdict.PASS: "PASS: nothing speaks against it; see what was not checked",
    Verdict.FAIL: "FAIL: something is wrong, see below",
    Verdict.INCONCLUSIVE: "INCONCLUSIVE: it could not be finished, see below",
    Verdict.SKIPPED: "SKIPPED: nothing here could be checked",
}


def render(report: Report) -> str:
    """The page."""
    style = resources.files("modelkeep.report").joinpath("style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    title = escape(f"{report.verdict} {report.subject.name}")
    body = "\n".join(_sections(report))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(report: Report) -> Iterator[str]:
    yield from _head(report)
    yield from _decision(report)
    yield from _findings(report)
    yield from _risks(report)
    yield from _plots(report)
    yield from _measurements(report)
    yield from _not_checked(report)
    yield from _files(report)
    yield from _evidence(report)


def _head(report: Report) -> Iterator[str]:
    kind = report.verdict.value
    counts = f"<p>{escape(count(report).sentence())}</p>" if report.files else ""
    yield (
        f'<header class="{kind}"><h1>{escape(report.subject.name)}</h1>'
        f'<p class="verdict {kind}">{escape(_WORDS[report.verdict])}</p>'
        f'<p class="digest">{escape(str(report.subject.digest))}</p>'
        f'<p class="soft">{escape(report.created)} · {escape(report.tool)} · '
        f"{escape(report.profile)} profile</p>{counts}</header>"
    )
    for note in report.notes:
        yield f'<p class="soft">Note: {escape(note)}</p>'


def _decision(report: Report) -> Iterator[str]:
    decision = report.decision
    if decision is None:
        return
    word, style = ("allowed", "pass") if decision.allowed else ("denied", "fail")
    yield "<h2>Gate</h2>"
    yield (
        f'<p><strong>{escape(decision.action)}</strong> is <span class="verdict {style}">{word}'
        f"</span> by policy {escape(decision.profile)} "
        f'<span class="digest">{escape(decision.policy)}</span></p>'
    )
    for missing in decision.missing:
        absent = f"<p>Not proved: <code>{escape(', '.join(missing.absent))}</code></p>"
        yield (
            f'<div class="card"><p><strong>{escape(missing.id)}</strong>: '
            f"{escape(missing.says)}</p>"
            f"{absent if missing.absent else ''}<p>Mend: {escape(missing.mend)}</p></div>"
        )
    for error in decision.errors:
        yield f'<div class="card"><p>Policy error: {escape(error)}</p></div>'


def _findings(report: Report) -> Iterator[str]:
    found = report.all_findings()
    if found:
        yield "<h2>Findings</h2>"
    yield from _cards(report, found)
    hidden = report.all_suppressed()
    if hidden:
        yield "<h2>Suppressed</h2>"
    yield from _cards(report, hidden)


def _cards(report: Report, found: Iterable[ReportedFinding]) -> Iterator[str]:
    """One card for what one rule says of one file with the same weight."""

    def alike(finding: ReportedFinding) -> tuple[str, ...]:
        weight = (str(finding.severity), str(finding.confidence), str(finding.suppression))
        return (finding.rule, finding.location.path, *weight)

    for _, group in itertools.groupby(found, alike):
        yield _card(report, tuple(group))


def _card(report: Report, group: tuple[ReportedFinding, ...]) -> str:
    first = group[0]
    rule = report.rule(first.rule)
    severity = str(first.severity)
    why = (
        f"<p>Suppressed by {escape(str(first.suppression))}</p>"
        if first.suppression is not None
        else ""
    )
    said = "".join(
        f"<p>{escape(f.message)} <code>{escape(str(f.location))}</code></p>" for f in group
    )
    return (
        f'<div class="card"><p><span class="verdict {severity}">{severity}</span> '
        f"<strong>{escape(rule.id)} {escape(rule.name)}</strong> "
        f'<span class="soft">confidence {first.confidence}</span></p>{said}'
        f'{why}<p class="soft">{escape(rule.summary)}</p>'
        f"<p>Mend: {escape(rule.remedy)}</p></div>"
    )


def _risks(report: Report) -> Iterator[str]:
    if not report.risks:
        return
    yield "<h2>Measured risks, worst first</h2>"
    for risk in report.risks[:WORST]:
        attacker = risk.measurement.attacker
        who = (
            f"<p>Attacker: {escape(attacker.knowledge)}, {escape(attacker.capability)}</p>"
            if attacker
            else ""
        )
        yield (
            f'<div class="card"><p><strong>{escape(risk.title)}</strong></p>'
            f"<p>{escape(describe(risk.measurement))}</p>{who}"
            f"<p>Mend: {escape(risk.mend)}</p></div>"
        )


def _plots(report: Report) -> Iterator[str]:
    by_name = {m.name: m for m in report.measurements if m.curve}
    plots = []
    if "robust_accuracy" in by_name:
        plots.append(robustness_plot(by_name["robust_accuracy"]))
    names = ("fusion", "lira", "reference", "loss")
    attacks = [f"membership_auc_{name}" for name in names]
    curves = [by_name[name] for name in attacks if name in by_name]
    if curves:
        plots.append(roc_plot(curves))
    plots += _explanations(report)
    plots += [picture_plot(m) for m in report.measurements if m.picture]
    if plots:
        yield f'<div class="plots">{"".join(plots)}</div>'


def _explanations(report: Report) -> Iterator[str]:
    """What moved between two versions, by kind of explanation."""
    moved = [m for m in report.measurements if m.name.startswith("explanation_move[")]
    for _, group in itertools.groupby(moved, lambda m: m.name.partition(":")[0]):
        yield moves_plot(tuple(group))
    by_name = {m.name: m for m in report.measurements if m.curve}
    for name, now in by_name.items():
        before = by_name.get(name.replace("dependence_now[", "dependence_before[", 1))
        if name.startswith("dependence_now[") and before is not None:
            yield dependence_plot(now, before)


def _measurements(report: Report) -> Iterator[str]:
    if not report.measurements:
        return
    rows = [
        (
            m.name,
            f"{m.value:.4f}",
            f"{m.low:.4f} to {m.high:.4f}",
            str(m.n),
            "; ".join(part for part in (m.method, m.note) if part),
        )
        for m in report.measurements
    ]
    yield "<h2>Measurements</h2>"
    yield _table(("what", "value", "95 % interval", "n", "how"), rows)


def _not_checked(report: Report) -> Iterator[str]:
    yield "<h2>Not checked</h2>"
    if report.not_checked:
        yield _table(("what", "why"), [(m.what, m.why) for m in report.not_checked])
    else:
        yield "<p>Everything this version knows how to check was checked.</p>"


def _files(report: Report) -> Iterator[str]:
    rows = [(f.path, str(f.verdict), f.format, f.reason) for f in report.files]
    yield "<h2>Files</h2>"
    if rows:
        yield f"<p>{escape(count(report).sentence())}</p>"
    yield _table(("file", "verdict", "format", "reason"), rows)


def _evidence(report: Report) -> Iterator[str]:
    if report.receipts:
        rows = [(r.predicate, str(r.leaf_index), r.statement_id) for r in report.receipts]
        yield "<h2>Evidence</h2>"
        yield _table(("statement", "log entry", "id"), rows)
    if report.materials:
        rows = [(s.kind, s.name, str(s.digest)) for s in report.materials]
        yield "<h2>Measured with</h2>"
        yield _table(("kind", "name", "digest"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


RENDERER: Final = Renderer("html", "one page for people", render)
