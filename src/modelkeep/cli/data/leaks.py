"""``modelkeep data leaks``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.data_leaks import LeakReport

PATH = click.Path(path_type=Path)
_SHOWN = 20


@click.command("leaks")
@click.argument("train", type=PATH)
@click.argument("test", type=PATH)
@click.option("--label", default="", help="Label column; default: the last one.")
@click.option("--text", default="", help="Column of texts, if rows are texts.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def leaks(
    context: click.Context, /, train: Path, test: Path, label: str, text: str, style: str
) -> None:
    """Name the rows of TEST that TRAIN holds too, or nearly, and the balance of classes.

    A test on rows that were trained on measures memory. Rows are counted from 0.

    \b
    Examples:
      modelkeep data leaks train.parquet test.parquet --label income
      modelkeep data leaks train.csv test.csv --text message
      modelkeep data leaks images/train images/test

    \b
    Exit codes: 0 none, 1 found, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        found = pipeline.find_leaks(
            train, test, label=label, text=text, listener=listener, keep=context.obj
        )
    click.echo(_json(found) if style == "json" else _lines(found))
    context.exit(found.verdict.exit_code)


def _json(found: LeakReport) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    return json.dumps({"schema_version": 1, **msgspec.to_builtins(found)}, indent=2)


def _lines(found: LeakReport) -> str:
    from modelkeep.core.text import visible  # noqa: PLC0415 - keeps `--help` quick

    lines = [
        f"{leak.kind.upper()} test row {leak.test} is training row {leak.train}"
        f" ({leak.likeness:.0%})"
        for leak in found.leaks[:_SHOWN]
    ]
    if len(found.leaks) > _SHOWN:
        lines.append(f"and {len(found.leaks) - _SHOWN} more; --format json lists them")
    lines += [
        f"class {name}: {one / found.train_rows:.1%} of training, "
        f"{two / found.test_rows:.1%} of test" + " (ABSENT)" * (not one or not two)
        for name, (one, two) in found.balance.items()
    ]
    lines.append(f"{found.verdict}: {len(found.leaks)} of {found.test_rows} test rows leak")
    return "\n".join(visible(line) for line in lines)
