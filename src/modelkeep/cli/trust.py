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
      modelkeep trust rotate
      modelkeep trust revoke ci --since 2026-11-24T12:00:00Z --reason "key left on a laptop"
      modelkeep trust export --signed > ci-trust.json
      modelkeep trust import ci-trust.json --key ci.pub
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
        ended = f" until {signer.ended.since}: {signer.ended.reason}" if signer.ended else ""
        click.echo(f"{signer.name} {signer.keyid[:12]} {','.join(signer.predicates)}{ended}")


@trust.command("remove")
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Stop trusting NAME; evidence only they signed no longer counts."""
    from modelkeep import pipeline  # noqa: PLC0415

    pipeline.remove_trust(name, keep=context.obj)
    click.echo(f"{name} is no longer trusted")


@trust.command("export")
@click.option("--signed", is_flag=True, help="With all revocations, for `trust import`.")
@click.pass_context
def export(context: click.Context, *, signed: bool) -> None:
    """Print the trust map, for others to verify this keep's evidence with."""
    from modelkeep import pipeline  # noqa: PLC0415

    if signed:
        click.echo(pipeline.export_signed_trust(keep=context.obj), nl=False)
    else:
        click.echo(pipeline.export_trust(keep=context.obj).to_json(), nl=False)


@trust.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="The sender's public key in PEM.")
@click.pass_context
def import_(context: click.Context, file: Path, key: Path | None) -> None:
    """Take over signers, logs and revocations of another keep from its signed export."""
    from modelkeep import pipeline  # noqa: PLC0415

    changed = pipeline.import_trust(file, key=key, keep=context.obj)
    for name in changed.added:
        click.echo(f"{name} is trusted now")
    for name in changed.ended:
        click.echo(f"{name} is trusted no longer for what it signs")
    if not (changed.added or changed.ended):
        click.echo("nothing new")


@trust.command("rotate")
@click.option("--kind", type=click.Choice(("p256", "ed25519")), default="p256")
@click.pass_context
def rotate(context: click.Context, kind: str) -> None:
    """Replace this keep's signing key; what the old one signed so far still counts."""
    from modelkeep import pipeline  # noqa: PLC0415

    signer = pipeline.rotate_trust(kind, keep=context.obj)
    click.echo(f"{signer.name} signs with {signer.keyid[:12]} from now on")


@trust.command("revoke")
@click.argument("name")
@click.option("--reason", required=True, help="Why; recorded.")
@click.option("--since", default="", metavar="TIME", help="When it was lost; default: now.")
@click.option("--key", type=click.Path(path_type=Path), help="Private key of who says so.")
@click.pass_context
def revoke(
    context: click.Context, name: str, reason: str, since: str, key: Path | None
) -> None:
    """Revoke NAME's key from a moment of compromise on; earlier statements still count."""
    from modelkeep import pipeline  # noqa: PLC0415

    signer = pipeline.revoke_trust(name, reason=reason, since=since, key=key, keep=context.obj)
    since = signer.ended.since if signer.ended else ""
    click.echo(f"{signer.name} {signer.keyid[:12]} does not count from {since} on")
