"""``modelkeep card``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelkeep.cli.options import output_options, severity_options
from modelkeep.cli.output import planned, write_report

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=PATH)
@click.option("--card", type=PATH, help="The card; else README.md in the model's directory.")
@click.option("--write", type=PATH, help="Write a card with the numbers of the evidence.")
@severity_options
@output_options
@click.pass_context
def card(context: click.Context, /, model: Path, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Compare the card of MODEL with what was measured on it, or write one.

    A claim outside the interval of its measurement is a finding and fails; what nobody
    measured is listed. A written card belongs beside the model and not into its directory,
    whose digest it would change.

    \b
    Examples:
      modelkeep card models/classifier
      modelkeep card model.onnx --card README.md --format json
      modelkeep card model.onnx --write README.md

    \b
    Exit codes: 0 no claim contradicted, 1 one is, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick
    from modelkeep.core import InputError  # noqa: PLC0415

    target = given.pop("write")
    if target is not None:
        text = pipeline.write_card(model, keep=context.obj)
        try:
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InputError(f"{target}: {error.strerror}") from error
        click.echo(f"wrote {target}", err=True)
        return
    plan = planned(given.pop("style"), given.pop("outputs"))
    least = given.pop("min_severity")
    report = pipeline.compare_card(model, keep=context.obj, **given)
    write_report(report, plan, least)
    context.exit(report.exit_code)
