"""``modelkeep access``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

PATH: Final = click.Path(path_type=Path)
REASON = click.option("--reason", required=True, help="Why; recorded.")
ON = click.option(
    "--on", default="", metavar="SUBJECT", help="One model or data set; default: all."
)
KEY = click.option("--key", type=PATH, help="Private key of who acts; default: the keep's.")


@click.group()
def access() -> None:
    """Who may do what with models and data sets.

    A keep in which nobody was given a role is its creator's. The first role that is given
    makes who gave it the administrator; from then on everybody needs one.

    \b
    Roles: consumer, scientist, reviewer, operator, auditor, administrator;
           owner of one subject

    \b
    Examples:
      modelkeep access grant ada scientist --reason "trains the credit model"
      modelkeep access grant ada owner --on train.csv --reason "made it"
      modelkeep access revoke ada scientist --reason "left the team"
      modelkeep access explain ada read_weights credit:2
      modelkeep access review

    \b
    Exit codes: 0 done or allowed, 1 denied, 2 could not finish, 64 usage.
    """


@access.command("grant")
@click.argument("principal")
@click.argument("role")
@ON
@click.option("--until", default="", metavar="TIME", help="When it ends.")
@REASON
@KEY
@click.pass_context
def grant(
    context: click.Context,
    /,
    principal: str,
    role: str,
    **given: Any,  # noqa: ANN401 - as click parsed it
) -> None:
    """Give ROLE to PRINCIPAL, an account or a signer of the trust map."""
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    before = pipeline.list_access(keep=context.obj)
    after = pipeline.give_role(principal, role, keep=context.obj, **given)
    for held in after.held:
        if held not in before.held:
            click.echo(f"{held.principal} is {held.role}{_of(held.resource)}")


@access.command("revoke")
@click.argument("principal")
@click.argument("role")
@ON
@REASON
@KEY
@click.pass_context
def revoke(
    context: click.Context, /, principal: str, role: str, on: str, reason: str, key: Path | None
) -> None:
    """Take ROLE away from PRINCIPAL."""
    from modelkeep import pipeline  # noqa: PLC0415

    pipeline.give_role(
        principal, role, on=on, reason=reason, key=key, revoke=True, keep=context.obj
    )
    click.echo(f"{principal} is no longer {role}")


@access.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """Show who holds which role."""
    from modelkeep import pipeline  # noqa: PLC0415
    from modelkeep.core.text import visible  # noqa: PLC0415

    found = pipeline.list_access(keep=context.obj)
    if not found.begun:
        click.echo("nobody was given a role: the keep is its creator's")
    for held in found.held:
        where = _of(held.resource)
        click.echo(
            visible(f"{held.principal} {held.role}{where} until {held.until} by {held.by}")
        )
    for problem in found.problems:
        click.echo(visible(f"  does not count: {problem}"))


@access.command("explain")
@click.argument("principal")
@click.argument("action")
@click.argument("subject")
@click.pass_context
def explain(context: click.Context, principal: str, action: str, subject: str) -> None:
    """May PRINCIPAL do ACTION with SUBJECT: a path, a version or a digest?"""
    from modelkeep import pipeline  # noqa: PLC0415
    from modelkeep.core.text import visible  # noqa: PLC0415

    _, answer, why = pipeline.explain_access(principal, action, subject, keep=context.obj)
    word = "allowed" if answer.allowed else "denied"
    names = f" ({', '.join(answer.grants)})" if answer.grants else ""
    click.echo(visible(f"{word}: {why}{names}"))
    context.exit(0 if answer.allowed else 1)


@access.command("review")
@click.pass_context
def review(context: click.Context) -> None:
    """Show grants and roles that nothing in the log needed."""
    from modelkeep import pipeline  # noqa: PLC0415
    from modelkeep.core.text import visible  # noqa: PLC0415

    found, idle = pipeline.review_access(keep=context.obj)
    for name, count in found.used.items():
        click.echo(f"{name} {count or 'UNUSED'}")
    for line in idle:
        click.echo(visible(f"role without use: {line}"))
    click.echo(f"without the unused grants {len(found.broken)} past requests would be denied")


def _of(resource: str) -> str:
    return f" of {resource[:12]}" if resource else ""
