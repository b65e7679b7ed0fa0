"""``modelkeep privacy``: the ledger of what a data set gives away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.privacy_ledger import Ledger

PATH: Final = click.Path(path_type=Path)
EPSILON = click.option("--epsilon", type=float, required=True, help="Of add or remove one row.")


@click.group()
def privacy() -> None:
    """What a data set gives away through trainings and releases, and how much it may.

    \b
    Examples:
      modelkeep privacy budget train.npz --epsilon 8 --delta 1e-5 --reason "agreed"
      modelkeep harden net.onnx --data train.npz --test v.npz --for membership
      modelkeep privacy charge train.npz --epsilon 1 --delta 0 --purpose "survey table"
      modelkeep privacy show train.npz

    \b
    Exit codes: 0 done, 2 refused or could not finish, 64 usage.
    """


@privacy.command("budget")
@click.argument("data", type=PATH)
@EPSILON
@click.option("--delta", type=float, required=True, help="Chance with which that may fail.")
@click.option("--reason", required=True, help="Why; recorded.")
@click.pass_context
def budget(context: click.Context, /, data: Path, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Set how much all trainings and releases of DATA may give away together."""
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        ledger = pipeline.set_privacy_budget(data, listener=listener, keep=context.obj, **given)
    click.echo("\n".join(_lines(ledger)))


@privacy.command("charge")
@click.argument("data", type=PATH)
@EPSILON
@click.option("--delta", type=float, default=0.0, show_default=True, help="Of the release.")
@click.option("--purpose", required=True, help="What is released; recorded.")
@click.pass_context
def charge(context: click.Context, /, data: Path, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Charge DATA with a release that is made elsewhere, before it is made."""
    from modelkeep import pipeline  # noqa: PLC0415

    with listening(context) as listener:
        ledger = pipeline.charge_release(data, listener=listener, keep=context.obj, **given)
    click.echo("\n".join(_lines(ledger)))


@privacy.command("show")
@click.argument("data", type=PATH)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def show(context: click.Context, /, data: Path, style: str) -> None:
    """Print the budget of DATA, its charges and what they come to."""
    from modelkeep import pipeline  # noqa: PLC0415

    with listening(context) as listener:
        ledger = pipeline.show_privacy_ledger(data, listener=listener, keep=context.obj)
    if style == "json":
        spent = None if ledger.budget is None else ledger.spent()
        document = {
            "schema_version": 1,
            "subject": {"name": ledger.subject.name, "sha256": ledger.subject.digest.sha256},
            "budget": ledger.budget,
            "spent": spent,
            "charges": [asdict(charged) for charged in ledger.charges],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        click.echo("\n".join(_lines(ledger)))


def _lines(ledger: Ledger) -> Iterator[str]:
    from modelkeep.core.text import visible  # noqa: PLC0415

    yield visible(f"{ledger.subject.name}  ({ledger.subject.digest})")
    for charged in ledger.charges:
        cost = f"epsilon {charged.cost.epsilon:.3f}, delta {charged.cost.delta:g}"
        yield visible(
            f"  {charged.issued} {charged.statement_id[:12]} {cost}: {charged.purpose}"
        )
    if ledger.budget is None:
        yield "no privacy budget is set"
    else:
        epsilon, delta = ledger.budget
        yield f"spent epsilon {ledger.spent():.3f} of {epsilon:g} at delta {delta:g}"
