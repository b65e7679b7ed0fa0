"""``modelkeep config``."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--format", "style", type=click.Choice(("table", "json")), default="table")
@click.pass_context
def config(context: click.Context, style: str) -> None:
    """Show every setting, its value and where it comes from.

    Flags win over MODELKEEP_* variables, these over modelkeep.toml or
    [tool.modelkeep] in pyproject.toml, these over defaults.
    """
    from modelkeep.core.settings import resolve  # noqa: PLC0415 - keeps `--help` quick

    items = resolve({"keep": context.obj}).items()
    if style == "json":
        rows = {item.key: {"value": item.value, "origin": item.origin} for item in items}
        click.echo(json.dumps(rows, indent=2))
        return
    for item in items:
        value = ",".join(item.value) if isinstance(item.value, tuple) else item.value
        click.echo(f"{item.key} = {value!r:<8}  # {item.origin}; {item.help}")
