"""``modelkeep trust``."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def trust() -> None:
    """Which signer may assert which predicate.

    \b
    Examples:
      modelkeep trust add ci ci.pub --predicate scan --predicate evasion
      modelkeep trust list
      modelkeep trust export > trust.json
    """


@trust.command("add")
@click.argument("name")
@click.argument("key", type=click.Path(path_type=Path))
@click.option(
    "--predicate", "predicates", multiple=True, help="What they may assert; default: all."
)
@click.pass_context
def add(context: click.Context, name: str, key: Path, predicates: tuple[str, ...]) -> None:
    """Trust the public KEY (PEM) under NAME."""
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    signer = pipeline.add_trust(name, key, predicates, keep=context.obj)
    click.echo(f"{signer.name} {signer.keyid[:12]} may assert {', '.join(signer.predicates)}")


@trust.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """Show trusted signers."""
    from modelkeep import pipeline  # noqa: PLC0415

    for signer in pipeline.list_trust(keep=context.obj):
        click.echo(f"{signer.name} {signer.keyid[:12]} {','.join(signer.predicates)}")


@trust.command("remove")
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Stop trusting NAME; evidence only they signed no longer counts."""
    from modelkeep import pipeline  # noqa: PLC0415

    pipeline.remove_trust(name, keep=context.obj)
    click.echo(f"{name} is no longer trusted")


@trust.command("export")
@click.pass_context
def export(context: click.Context) -> None:
    """Print the trust map, for others to verify this keep's evidence with."""
    from modelkeep import pipeline  # noqa: PLC0415

    click.echo(pipeline.export_trust(keep=context.obj).to_json(), nl=False)
