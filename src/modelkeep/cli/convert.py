"""``modelkeep convert``."""

from __future__ import annotations

from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=PATH)
@click.argument("target", type=PATH)
@click.pass_context
def convert(context: click.Context, model: Path, target: Path) -> None:
    """Convert a torch checkpoint of a state dict to safetensors, never executing it.

    \b
    Examples:
      modelkeep convert model.pt model.safetensors

    \b
    Exit codes: 0 converted, 2 could not, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    count = pipeline.convert(model, target, keep=context.obj)
    click.echo(
        f"{target}: {count} tensors; check it before you use it: modelkeep check {target}"
    )
