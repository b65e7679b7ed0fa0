"""The report as JSON, and the JSON Schema that describes it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelkeep.report.interface import Renderer, Report


def render(report: Report) -> str:
    """The report as indented JSON, enums in lower case."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the report."""
    document = msgspec.json.schema(Report)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:modelkeep:report:1.0",
        **document,
    }


RENDERER: Final = Renderer("json", "everything, for programs", render)
