"""Notebooks written by hand; nothing in them is ever run."""

from __future__ import annotations

import json


def code(source: str, *outputs: dict[str, object]) -> dict[str, object]:
    """A cell of code with its outputs."""
    return {"cell_type": "code", "source": source.splitlines(keepends=True),
            "outputs": list(outputs), "metadata": {}, "execution_count": 1}  # fmt: skip


def markdown(source: str) -> dict[str, object]:
    """A cell of text."""
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def html(text: str, kind: str = "text/html") -> dict[str, object]:
    """An output that a browser shows."""
    return {"output_type": "display_data", "data": {kind: text}, "metadata": {}}


def notebook(*cells: dict[str, object]) -> bytes:
    """A notebook of version 4."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"cells": list(cells), "metadata": {"kernelspec": kernel}, "nbformat": 4,
                "nbformat_minor": 5}  # fmt: skip
    return json.dumps(document, indent=1).encode() + b"\n"
