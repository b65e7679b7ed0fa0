"""``modelkeep keys``."""

from __future__ import annotations

import click


@click.group()
def keys() -> None:
    """API keys of the gateway, with or without one running.

    \b
    Examples:
      modelkeep keys issue --tenant shop --model fraud --days 90
      modelkeep keys list
      modelkeep keys withdraw 3f9a0c1d2e4b
    """


@keys.command("issue")
@click.option("--tenant", required=True, help="Whom the key belongs to.")
@click.option("--model", "models", multiple=True, required=True, help="A name, or *.")
@click.option(
    "--action", "actions", multiple=True, default=("infer",), help="infer, observe, administer."
)
@click.option("--days", type=float, default=30.0, show_default=True, help="Its life.")
@click.pass_context
def issue(
    context: click.Context,
    tenant: str,
    models: tuple[str, ...],
    actions: tuple[str, ...],
    days: float,
) -> None:
    """Make a key and print its secret, once."""
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    key, secret = pipeline.issue_key(
        tenant, models, actions=actions, days=days, keep=context.obj
    )
    click.echo(f"key {key.id} until {key.expires}", err=True)
    click.echo(secret)


@keys.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """Show the keys; secrets are kept nowhere."""
    from modelkeep import pipeline  # noqa: PLC0415

    for key in pipeline.list_keys(keep=context.obj):
        click.echo(
            f"{key.id} {key.tenant} models {','.join(key.models)} "
            f"actions {','.join(key.actions)} until {key.expires}"
        )


@keys.command("withdraw")
@click.argument("identity", metavar="ID")
@click.pass_context
def withdraw(context: click.Context, identity: str) -> None:
    """End the key ID, in every gateway of this keep."""
    from modelkeep import pipeline  # noqa: PLC0415

    pipeline.withdraw_key(identity, keep=context.obj)
    click.echo(f"{identity} is withdrawn")
