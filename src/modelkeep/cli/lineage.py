"""``modelkeep lineage`` and ``modelkeep record``."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from modelkeep.cli.output import listening

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("subject")
@click.option("--up/--down", default=True, help="What it comes from, or what came of it.")
@click.option("--format", "style", type=click.Choice(["table", "json", "svg"]), default="table")
@click.pass_context
def lineage(context: click.Context, /, subject: str, style: str, *, up: bool) -> None:
    """Walk from SUBJECT (a path, a version or a digest) over all statements.

    \b
    Examples:
      modelkeep lineage model.onnx
      modelkeep lineage train.csv --down --format json
      modelkeep lineage model.onnx --format svg > origin.svg
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick
    from modelkeep.core.text import visible  # noqa: PLC0415

    start, found = pipeline.lineage(subject, up=up, keep=context.obj)
    if style == "json":
        click.echo(json.dumps(asdict(found), indent=2))
        return
    if style == "svg":
        from modelkeep.report import draw_lineage  # noqa: PLC0415

        click.echo(draw_lineage(found, start.digest.sha256, up=up), nl=False)
        return
    for node in found.nodes.values():
        seal = f" sealed by {node.seals[-1][:12]}" if node.seals else ""
        stage = f" {node.stage}" if node.stage else ""
        click.echo(visible(f"{node.kind} {node.name} sha256:{node.sha256}{stage}{seal}"))
    for arrow in found.arrows:
        names = [found.nodes[digest].name for digest in (arrow.source, arrow.target)]
        click.echo(
            visible(f"  {names[0]} -> {names[1]}: {arrow.how} {arrow.statement_id[:12]}")
        )
    if found.ignored:
        click.echo(f"{found.ignored} statements do not count (signer, time or shape)", err=True)


@click.group()
def record() -> None:
    """Record how a model came to be.

    \b
    Examples:
      modelkeep record train --data train.csv --output model.onnx -- python train.py
    """


@record.command("train")
@click.option("--data", type=PATH, multiple=True, required=True, help="Trained on; repeatable.")
@click.option("--output", type=PATH, multiple=True, required=True, help="Model it writes.")
@click.option("--code", type=PATH, help="Training code; its git commit is named.")
@click.option("--lock", type=PATH, help="File that pins the environment.")
@click.option("--base", type=PATH, help="Model it starts from.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Hyper-parameter.")
@click.option("--seed", type=int, help="Seed of the run.")
@click.argument("command", nargs=-1, required=True)
@click.pass_context
def train(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Run COMMAND and record the provenance of the models it writes.

    \b
    Exit codes: 0 recorded, 2 the command failed or nothing was recorded, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415
    from modelkeep.core import InputError  # noqa: PLC0415

    command, outputs, params = given.pop("command"), given.pop("output"), given.pop("params")
    if any("=" not in item for item in params):
        raise click.UsageError("a parameter is given as NAME=VALUE")
    parameters = {name: value for name, _, value in (item.partition("=") for item in params)}
    with (
        listening(context) as listener,
        pipeline.record_training(
            parameters={"command": list(command), **parameters},
            listener=listener,
            keep=context.obj,
            **given,
        ) as run,
    ):
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - what the user asked to run
        if code:
            raise InputError(f"{command[0]} ended with {code}; nothing is recorded")
        for path in outputs:
            run.output(path)
    for path, identity in zip(outputs, run.recorded, strict=True):
        click.echo(f"{path} {identity}")
