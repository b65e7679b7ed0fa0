"""``modelkeep explain``."""

from __future__ import annotations

import click


@click.command()
@click.argument("rule", required=False)
def explain(rule: str | None) -> None:
    """Print the page of RULE (id or name): what, why, what to do. Without one: all rules.

    \b
    Examples:
      modelkeep explain
      modelkeep explain PKL001
      modelkeep explain evasion-search
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    text = pipeline.explain(rule).text if rule else pipeline.list_rules()
    click.echo(text, nl=False)
