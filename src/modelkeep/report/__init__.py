"""Records to table, JSON, SARIF, HTML and their like; one report object, many faces.

A renderer is one file here with its test beside it in ``tests/report``; third
parties add theirs under the entry point group ``modelkeep.renderers``.
"""

from typing import Final

from modelkeep.core import UsageError
from modelkeep.core.plugins import with_plugins
from modelkeep.report import (
    cyclonedx,
    github,
    gitlab,
    html_page,
    json_document,
    junit,
    markdown,
    model_card,
    sarif,
    table,
)
from modelkeep.report.counts import Counts, count
from modelkeep.report.cyclonedx import build_bom
from modelkeep.report.interface import (
    SCHEMA_VERSION,
    Renderer,
    Report,
    ReportedFile,
    ReportedFinding,
    ReportedReceipt,
    Suppression,
    filter_findings,
    hide_suppressed,
)
from modelkeep.report.json_document import json_schema
from modelkeep.report.lineage_drawing import draw_lineage
from modelkeep.report.model_card import card_text

BUILT_IN: Final = (
    table.RENDERER,
    json_document.RENDERER,
    sarif.RENDERER,
    junit.RENDERER,
    html_page.RENDERER,
    markdown.RENDERER,
    gitlab.RENDERER,
    github.RENDERER,
    cyclonedx.RENDERER,
    model_card.RENDERER,
)


def renderers() -> tuple[Renderer, ...]:
    """The built-in formats and those of installed plug-ins.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses an id.
    """
    return with_plugins(
        BUILT_IN, "modelkeep.renderers", Renderer, lambda renderer: renderer.name
    )


def render(report: Report, name: str) -> str:
    """Write a report in a format.

    Raises:
        UsageError: no such format.
    """
    for renderer in renderers():
        if renderer.name == name:
            return renderer.render(report)
    known = ", ".join(renderer.name for renderer in renderers())
    raise UsageError(f"unknown format {name!r}", f"Use one of {known}.")


__all__ = [
    "BUILT_IN",
    "SCHEMA_VERSION",
    "Counts",
    "Renderer",
    "Report",
    "ReportedFile",
    "ReportedFinding",
    "ReportedReceipt",
    "Suppression",
    "build_bom",
    "card_text",
    "count",
    "draw_lineage",
    "filter_findings",
    "hide_suppressed",
    "json_schema",
    "render",
    "renderers",
]
