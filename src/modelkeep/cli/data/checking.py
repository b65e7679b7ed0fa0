"""``modelkeep data schema``, ``data profile`` and ``data check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.data_checks import DataReport

PATH = click.Path(path_type=Path)


@click.command("schema")
@click.argument("path", metavar="SAMPLE", type=PATH)
@click.option("--output", type=PATH, help="Where the schema goes; default: standard output.")
@click.pass_context
def schema(context: click.Context, path: Path, output: Path | None) -> None:
    """Draft a schema from SAMPLE, which you trust: read it before you rely on it.

    \b
    Examples:
      modelkeep data schema trusted.parquet --output schema.toml
      modelkeep data schema shards/

    \b
    Exit codes: 0 drafted, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    _deliver(pipeline.draft_schema(path, keep=context.obj), output)


@click.command("profile")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--output", type=PATH, help="Where it goes; default: standard output.")
@click.pass_context
def profile(context: click.Context, path: Path, output: Path | None) -> None:
    """Write how the columns of DATA are spread: quantiles and counts, no rows.

    \b
    Examples:
      modelkeep data profile train.parquet --output train.profile.json
      modelkeep data check new.parquet --reference train.profile.json

    \b
    Exit codes: 0 written, 2 could not finish, 64 usage.
    """
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    from modelkeep import pipeline  # noqa: PLC0415

    with listening(context) as listener:
        found = pipeline.profile_data(path, listener=listener, keep=context.obj)
    _deliver(msgspec.json.encode(found).decode() + "\n", output)


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{output}: {error.strerror}") from error


@click.command("check")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--schema", type=PATH, help="TOML, or YAML or JSON that pandera wrote.")
@click.option("--reference", type=PATH, help="Data or a profile it should be spread like.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def check(
    context: click.Context,
    path: Path,
    schema: Path | None,
    reference: Path | None,
    style: str,
) -> None:
    """Check every row of DATA against a schema, and its spread against a reference.

    Rows are counted from 0. A rule that could not run makes the result INCONCLUSIVE.

    \b
    Examples:
      modelkeep data check train.parquet --schema schema.toml
      modelkeep data check new.csv --schema schema.toml --reference train.parquet

    \b
    Exit codes: 0 passed, 1 a rule is broken or a column drifted, 2 could not finish or
    not all rules ran, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        found = pipeline.check_data(
            path, schema=schema, reference=reference, listener=listener, keep=context.obj
        )
    click.echo(_report_json(found) if style == "json" else report_lines(found))
    context.exit(found.verdict.exit_code)


def _report_json(found: DataReport) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    return json.dumps({"schema_version": 1, **msgspec.to_builtins(found)}, indent=2)


def report_lines(found: DataReport) -> str:
    """What a check found, as lines for a terminal."""
    from modelkeep.core.text import visible  # noqa: PLC0415 - keeps `--help` quick

    lines = []
    for result in found.results:
        if result.verdict == "pass":
            continue
        rows = ", ".join(f"{file}:{row}" for file, row in result.rows)
        more = f" and {result.bad - len(result.rows)} more" * (result.bad > len(result.rows))
        said = f"{result.bad} rows: {rows}{more}" if result.bad else result.why
        lines.append(f"{result.verdict.upper()} {result.rule} {result.what}: {said}")
    lines += [
        f"DRIFT {column.column}: {column.why}; KS {column.ks:.3f}, PSI {column.psi:.3f}, "
        f"W1 {column.w1:.4g}"
        for column in found.drift
        if column.drifted
    ]
    lines += [f"not checked: {item.what}: {item.why}" for item in found.not_checked]
    lines.append(
        f"{found.verdict}: {len(found.results)} rules, {len(found.drift)} columns compared, "
        f"{found.rows} rows, {found.bad} of them break a rule"
    )
    return "\n".join(visible(line) for line in lines)
