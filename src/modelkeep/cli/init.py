"""``modelkeep init``."""

from __future__ import annotations

import click

from modelkeep.cli.options import profile_option


@click.command()
@profile_option
@click.option("--dry-run", is_flag=True, help="Say where the keep would be and make nothing.")
@click.option(
    "--upgrade",
    is_flag=True,
    help="Let an older keep's key assert what is newer than it.",
)
@click.pass_context
def init(context: click.Context, profile: str | None, *, dry_run: bool, upgrade: bool) -> None:
    """Make a keep: evidence store, P-256 key, log key, trust map, policies.

    \b
    Examples:
      modelkeep init
      modelkeep init --profile prod
      modelkeep --keep /srv/keep init
      modelkeep init --upgrade

    \b
    Exit codes: 0 made or upgraded, 2 there is one already, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    if upgrade:
        if dry_run or profile:
            raise click.UsageError("--upgrade goes with neither --profile nor --dry-run")
        granted = pipeline.upgrade(keep=context.obj)
        for name in granted:
            click.echo(f"its own key may now assert {name}")
        click.echo("upgraded" if granted else "nothing to upgrade")
        return
    root, chosen = pipeline.place_of_new_keep(keep=context.obj, profile=profile)
    if dry_run:
        click.echo(f"would make {root}")
        return
    with pipeline.init_keep(root, chosen) as keep:
        click.echo(f"{root} (profile {keep.profile})")
