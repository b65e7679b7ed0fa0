"""``modelkeep gate``."""

from __future__ import annotations

from pathlib import Path

import click

from modelkeep.cli.options import ACTIONS, DATA_ACTIONS, output_options, profile_option
from modelkeep.cli.output import listening, planned, write_report


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--action",
    type=click.Choice((*ACTIONS, *DATA_ACTIONS)),
    required=True,
    help="What is asked for; train_on of a data set.",
)
@profile_option
@output_options
@click.pass_context
def gate(
    context: click.Context,
    model: Path,
    action: str,
    style: str,
    outputs: tuple[str, ...],
    profile: str | None,
) -> None:
    """Ask the gate about MODEL or a data set, on the evidence there is; measure nothing.

    \b
    Examples:
      modelkeep gate model.onnx --action deploy
      modelkeep gate model.onnx --action load --profile prod
      modelkeep gate model.onnx --action serve --format json
      modelkeep gate train.parquet --action train_on

    \b
    Exit codes: 0 allowed, 1 denied, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    plan = planned(style, outputs)
    with listening(context) as listener:
        report = pipeline.gate(
            model, action=action, listener=listener, keep=context.obj, profile=profile
        )
    write_report(report, plan)
    context.exit(report.exit_code)
