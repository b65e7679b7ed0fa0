"""The report as JUnit XML, for build servers: one test case per file.

A failing file is a failure, one that could not be read to its end an error, one that no
rule reads is skipped. Conditions that a gate missed are failures of a case of their own.

Source: the JUnit schema that Jenkins and GitLab read (testsuites, testsuite, testcase).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from modelkeep.core import Verdict
from modelkeep.core.text import visible
from modelkeep.report.interface import Renderer, Report, ReportedFile, ReportedFinding

_NO_XML: Final = re.compile("[\ufffe\uffff]")


def render(report: Report) -> str:
    """The report as one test suite."""
    cases = [*_cases(report)]
    failures = sum("<failure" in case for case in cases)
    errors = sum("<error" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    totals = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    name = _text(f"modelkeep {report.subject.name}")
    body = "\n".join(cases)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="modelkeep" {totals}>\n'
        f'<testsuite name="{name}" {totals} skipped="{skipped}" '
        f'timestamp="{_text(report.created.removesuffix("Z"))}">\n'
        f'<properties><property name="digest" value="{_text(str(report.subject.digest))}"/>'
        f'<property name="verdict" value="{report.verdict.value}"/></properties>\n'
        f"{body}\n</testsuite>\n</testsuites>\n"
    )


def _text(text: str) -> str:
    """Escaped, on one line, without what XML cannot hold."""
    return escape(_NO_XML.sub("?", visible(text)), quote=True)


def _cases(report: Report) -> Iterator[str]:
    for file in report.files:
        yield _case(report.base + file.path, "modelkeep.file", _file(file))
    if report.findings:
        failing = report.verdict is Verdict.FAIL
        yield _case(report.subject.name, "modelkeep.model", _found(report.findings, failing))
    decision = report.decision
    if decision is not None:
        says = [f"{m.id}: {m.says}. {m.mend}" for m in decision.missing] + [*decision.errors]
        denied = f"{decision.action} denied"
        inner = "" if decision.allowed else _element("failure", denied, says)
        yield _case(f"{decision.action} by {decision.profile}", "modelkeep.gate", inner)


def _case(name: str, group: str, inner: str) -> str:
    return f'<testcase classname="{group}" name="{_text(name)}">{inner}</testcase>'


def _file(file: ReportedFile) -> str:
    if file.verdict is Verdict.INCONCLUSIVE:
        return _element("error", f"not read to its end: {file.reason}", _lines(file.findings))
    if file.verdict is Verdict.SKIPPED:
        return f'<skipped message="{_text(file.reason or "not checked")}"/>'
    return _found(file.findings, file.verdict is Verdict.FAIL)


def _found(findings: Iterable[ReportedFinding], failing: bool) -> str:
    lines = _lines(findings)
    if failing:
        return _element("failure", lines[0] if lines else "failed", lines)
    said = "\n".join(_text(line) for line in lines)
    return f"<system-out>{said}</system-out>" if lines else ""


def _lines(findings: Iterable[ReportedFinding]) -> list[str]:
    worst = sorted(findings, key=lambda finding: finding.severity.rank, reverse=True)
    return [f"{f.severity}[{f.rule}] {f.location}: {f.message}" for f in worst]


def _element(kind: str, message: str, lines: list[str]) -> str:
    body = "\n".join(_text(line) for line in lines)
    return f'<{kind} type="modelkeep" message="{_text(message)}">{body}</{kind}>'


RENDERER: Final = Renderer("junit", "JUnit XML, for build servers", render)
