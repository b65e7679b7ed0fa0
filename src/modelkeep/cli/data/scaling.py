"""``modelkeep data fit-scaling`` and ``modelkeep data scale``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelkeep.cli.output import listening

PATH = click.Path(path_type=Path)
LABEL = click.option("--label", default="", help="Label column; default: the last one.")


@click.command("fit-scaling")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--output", type=PATH, required=True, help="Where the profile goes.")
@click.option(
    "--method",
    type=click.Choice(["robust", "standard", "minmax"]),
    default="robust",
    show_default=True,
)
@LABEL
@click.pass_context
def fit_scaling(
    context: click.Context,
    path: Path,
    output: Path,
    method: Any,  # noqa: ANN401 - one of the choices
    label: str,
) -> None:
    """Fit centre, scale and range of the columns of sealed DATA, and sign the profile.

    \b
    Examples:
      modelkeep data fit-scaling train.parquet --label income --output scaling.json

    \b
    Exit codes: 0 fitted, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        made = pipeline.fit_scaling(
            path, output, label=label, method=method, listener=listener, keep=context.obj
        )
    click.echo(f"{made.path}: {len(made.profile.columns)} columns, {made.profile.digest}")


@click.command("scale")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--scaling", type=PATH, required=True, help="What fit-scaling wrote.")
@click.option("--output", type=PATH, required=True, help="Where the scaled table goes.")
@LABEL
@click.pass_context
def scale(context: click.Context, path: Path, scaling: Path, output: Path, label: str) -> None:
    """Scale DATA by a signed profile; a value out of its range is refused, not clipped.

    \b
    Examples:
      modelkeep data scale new.parquet --scaling scaling.json --output scaled.parquet

    \b
    Exit codes: 0 scaled, 2 could not finish or refused, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        made = pipeline.scale_data(
            path, scaling, output, label=label, listener=listener, keep=context.obj
        )
    click.echo(f"{made.path}: scaled by {made.profile.digest[:16]}")
