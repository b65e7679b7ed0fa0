"""``modelkeep check``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelkeep.cli.options import (
    ACTIONS,
    BUDGETS,
    output_options,
    profile_option,
    severity_options,
)
from modelkeep.cli.output import listening, planned, write_report

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=PATH)
@click.option("--data", type=PATH, help="Rows the model was trained on.")
@click.option("--test", type=PATH, help="Rows it has not seen.")
@click.option("--label", help="Label column of a table; default: the last one.")
@click.option("--group", help="Column whose values are groups of people to compare.")
@click.option("--action", type=click.Choice(ACTIONS), help="Decide on this; default: deploy.")
@click.option("--code", type=PATH, help="Directory of your own code; default: here.")
@click.option(
    "--factory", default="", metavar="MODULE:FUNCTION", help="Builds the architecture."
)
@click.option(
    "--train", default="", metavar="MODULE:FUNCTION", help="fit(data, seed) -> model."
)
@click.option(
    "--preprocess", default="", metavar="MODULE:FUNCTION", help="Raw rows to a float32 array."
)
@click.option("--roots", type=PATH, help="Certificate authorities whose leaves may sign.")
@click.option("--anchor", help="File outside the keep that receives the log's checkpoint.")
@click.option("--epsilon", type=float, help="L-infinity radius; default: 0.03.")
@click.option("--threat", metavar="NORM:RADIUS", help="Such as l2:0.5, instead of --epsilon.")
@click.option("--budget", type=click.Choice(BUDGETS), help="Work per attack.")
@click.option("--seed", type=int, help="Seed of every random choice; default: 0.")
@profile_option
@severity_options
@output_options
@click.pass_context
def check(context: click.Context, /, model: Path, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Scan, verify, measure, record and decide: may MODEL be deployed?

    \b
    Examples:
      modelkeep check model.onnx
      modelkeep check model.onnx --data train.npz --test test.npz --profile prod
      modelkeep check weights.safetensors --factory nets:build --data t.npz --test v.npz

    \b
    Exit codes: 0 pass, 1 policy said no, 2 could not finish, 64 usage, 130 interrupted.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    plan = planned(given.pop("style"), given.pop("outputs"))
    least = given.pop("min_severity")
    given["epsilon_linf"] = given.pop("epsilon")
    with listening(context) as listener:
        report = pipeline.check(model, listener=listener, keep=context.obj, **given)
    write_report(report, plan, least)
    context.exit(report.exit_code)
