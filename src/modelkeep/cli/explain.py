"""``modelkeep explain``."""

from __future__ import annotations

import click


@click.command()
@click.argument("rule")
def explain(rule: str) -> None:
    """Print the page of RULE (id or name): what, why, what to do.

    \b
    Examples:
      modelkeep explain PKL001
      modelkeep explain evasion-search
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    click.echo(pipeline.explain(rule).text, nl=False)
