"""``modelkeep data seal`` and ``modelkeep data verify``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelkeep.cli.data.checking import report_lines
from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.data_seals import DataCheck

PATH = click.Path(path_type=Path)


@click.command("seal")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--label", default="", help="Column whose values are counted as classes.")
@click.option("--source-column", default="", help="Column that says where a row comes from.")
@click.option("--source", default="", help="Where the data comes from.")
@click.option("--licence", default="", help="Its licence, as an SPDX identifier.")
@click.option("--seal", type=PATH, help="Where the seal goes; default: DATA.seal.")
@click.option("--schema", type=PATH, help="Check against it in the same pass.")
@click.option("--reference", type=PATH, help="Compare with it in the same pass.")
@click.pass_context
def seal(
    context: click.Context,
    /,
    path: Path,
    seal: Path | None,
    schema: Path | None,
    reference: Path | None,
    **said: str,
) -> None:
    """Write the signed manifest of DATA beside it.

    DATA is a Parquet, CSV, JSON lines (.jsonl) or NPZ file, or a folder of these, or one of
    images or texts in a folder per class. Files that were sealed before are not read again.

    \b
    Examples:
      modelkeep data seal train.parquet --label income
      modelkeep data seal shards/ --source-column origin
      modelkeep data seal train.parquet --schema schema.toml --reference last.parquet

    \b
    Exit codes: 0 sealed (and passed), 1 sealed and a check failed, 2 could not finish or
    not all checks ran, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick
    from modelkeep.data import Options  # noqa: PLC0415

    with listening(context) as listener:
        made = pipeline.seal_data(
            path,
            options=Options(**said),
            seal=seal,
            schema=schema,
            reference=reference,
            listener=listener,
            keep=context.obj,
        )
    found = made.manifest
    click.echo(f"{made.path}: {found.rows} rows in {len(found.files)} files, root {found.root}")
    for what, counts in (("class", found.classes), ("source", found.sources)):
        for name, count in list(counts.items())[:20]:
            click.echo(f"  {what} {name!r}: {count} rows")
        if len(counts) > 20:  # noqa: PLR2004 - the seal lists them all
            click.echo(f"  and {len(counts) - 20} more, listed in the seal")
    if made.reused:
        click.echo(f"  {made.reused} files as in the seal before")
    if made.check is not None:
        click.echo(report_lines(made.check))
        context.exit(made.check.verdict.exit_code)


@click.command("verify")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--seal", type=PATH, help="Where the seal lies; default: DATA.seal.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def verify(context: click.Context, path: Path, seal: Path | None, style: str) -> None:
    """Name every file, block, column and row of DATA that is not as sealed.

    Rows and blocks are counted from 0.

    \b
    Examples:
      modelkeep data verify train.parquet
      modelkeep data verify shards/ --seal sealed/shards.seal --format json

    \b
    Exit codes: 0 as sealed, 1 not so, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        found = pipeline.verify_data(path, seal=seal, listener=listener, keep=context.obj)
    click.echo(_as_json(found) if style == "json" else _as_lines(found))
    context.exit(1 if found.counts else 0)


def _as_json(found: DataCheck) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    return json.dumps({"schema_version": 1, **msgspec.to_builtins(found)}, indent=2)


def _as_lines(found: DataCheck) -> str:
    from modelkeep.core.text import visible  # noqa: PLC0415

    lines = []
    for item in found.differences:
        place = "" if item.block is None else f" block {item.block}"
        columns = f" column {', '.join(item.columns)}" if item.columns else ""
        lines.append(
            visible(f"{item.kind.upper()} {item.path}{place}{columns}: {item.message}")
        )
    lines += [f"note: {note}" for note in found.notes]
    if not found.counts:
        return "\n".join([*lines, f"as sealed: {found.rows} rows"])
    counts = ", ".join(f"{count} {kind}" for kind, count in found.counts.items())
    return "\n".join([*lines, f"NOT AS SEALED: {counts}"])
