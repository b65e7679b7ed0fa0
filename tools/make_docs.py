"""Write the pages that are made from code, or say which ones are out of date.

python tools/make_docs.py           writes docs/rules/*.md and docs/reference/*
python tools/make_docs.py --check   exits 1 if a page differs from the code
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from modelkeep.cli.main import cli
from modelkeep.core.settings import table
from modelkeep.evidence import TABLE, schema
from modelkeep.pipeline import pages
from modelkeep.report import json_schema

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = "<!-- made by tools/make_docs.py: change the docstring, not this page -->\n\n"


def made() -> Iterator[tuple[Path, str]]:
    """Every page and its text."""
    every = pages()
    for page in every:
        yield DOCS / "rules" / f"{page.id}.md", MADE + page.text
    lines = [f"- [{page.id} {page.name}]({page.id}.md)" for page in every]
    yield (
        DOCS / "rules" / "index.md",
        MADE + "# Rules and assessments\n\n" + "\n".join(lines) + "\n",
    )
    yield DOCS / "reference" / "commands.md", MADE + _commands()
    yield DOCS / "reference" / "settings.md", MADE + _settings()
    yield DOCS / "reference" / "predicates.md", MADE + _predicates()
    yield DOCS / "reference" / "report.schema.json", _json(json_schema())
    for row in TABLE:
        if row.shape is not None:
            yield (
                DOCS / "reference" / "predicates" / f"{row.key}.schema.json",
                _json(schema(row.key)),
            )


def _json(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"


def _commands() -> str:
    parts = ["# Commands\n"]
    for path, command in _walk("modelkeep", cli):
        context = click.Context(command, info_name=path, max_content_width=88)
        context.terminal_width = 88
        parts.append(f"## {path}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _walk(f"{path} {name}", command.commands[name])


def _settings() -> str:
    rows = [f"| `{s.key}` | `{s.default!r}` | {s.help} |" for s in table()]
    head = (
        "# Settings\n\nFlag, then `MODELKEEP_*` variable (dots become underscores), then "
        "`modelkeep.toml` or `[tool.modelkeep]`,\nthen the default. "
        "`modelkeep config` shows each with its origin.\n\n"
        "| key | default | what it does |\n|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def _predicates() -> str:
    rows = [
        f"| `{row.key}` | `{row.uri}` | {row.lifetime_days} days | "
        f"{', '.join(f'`{name}`' for name in row.facts) or '-'} |"
        for row in TABLE
    ]
    head = (
        "# Predicate types\n\nWhat a statement can be about, how long it counts, and which "
        "facts it may assert.\nSchemas lie beside this page under `predicates/`.\n\n"
        "| name | predicate type | lifetime | facts |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def main() -> int:
    """Write or compare; returns 1 if something is out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    expected = dict(made())
    stale = [
        p for p, text in expected.items() if not p.is_file() or p.read_text("utf-8") != text
    ]
    orphans = [p for p in (DOCS / "rules").glob("*.md") if p not in expected]
    if check:
        for path in (*stale, *orphans):
            print(f"out of date: {path.relative_to(DOCS.parent)} (make docs)")
        return int(bool(stale or orphans))
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(expected[path], encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
    for path in orphans:
        path.unlink()
        print(f"removed {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
