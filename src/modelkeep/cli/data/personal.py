"""``modelkeep data pii``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.data_personal import PersonalReport


@click.command("pii")
@click.argument("path", metavar="DATA", type=click.Path(path_type=Path))
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def pii(context: click.Context, path: Path, style: str) -> None:
    """Count personal data and secrets in DATA; samples are masked.

    Payment cards, bank accounts, email and IP addresses, telephone numbers, national ids
    with check digits, keys and tokens, in texts and whole numbers. Names and postal
    addresses of people are not looked for. Rows are counted from 0.

    \b
    Examples:
      modelkeep data pii train.parquet
      modelkeep data pii texts/ --format json

    \b
    Exit codes: 0 none found, 1 found, 2 could not finish or not all was read, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        found = pipeline.find_personal_data(path, listener=listener, keep=context.obj)
    click.echo(_json(found) if style == "json" else _lines(found))
    context.exit(found.verdict.exit_code)


def _json(found: PersonalReport) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    return json.dumps({"schema_version": 1, **msgspec.to_builtins(found)}, indent=2)


def _lines(found: PersonalReport) -> str:
    from modelkeep.core.text import visible  # noqa: PLC0415 - keeps `--help` quick

    lines = []
    for held in found.held:
        place = f"{held.path} {held.column}".rstrip()
        chance = ", no more than in random numbers" * held.by_chance
        lines.append(
            f"{place}: {held.count} {held.kind} of {held.candidates} of that form{chance}"
        )
        lines += [f"  row {s.row}, {s.start} to {s.end}: {s.masked}" for s in held.spans]
    lines += [f"not checked: {item.what}: {item.why}" for item in found.not_checked]
    return "\n".join(visible(line) for line in [*lines, str(found.verdict)])
