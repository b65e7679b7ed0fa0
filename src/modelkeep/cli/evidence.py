"""``modelkeep evidence``."""

from __future__ import annotations

import json
from pathlib import Path

import click

PATH = click.Path(path_type=Path)


@click.group()
def evidence() -> None:
    """What was recorded, and whether it holds.

    \b
    Examples:
      modelkeep evidence list model.onnx
      modelkeep evidence export model.onnx > bundle.json
      modelkeep evidence verify bundle.json --trust trust.json --anchor anchor.txt
    """


@evidence.command("list")
@click.argument("model", type=PATH, required=False)
@click.pass_context
def list_(context: click.Context, model: Path | None) -> None:
    """List log entries, of one MODEL if given."""
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    for line in pipeline.list_evidence(model, keep=context.obj):
        state = "expired" if line.expired else f"until {line.expires}"
        click.echo(
            f"{line.index:>5} {line.statement_id[:12]} {line.predicate:<12} "
            f"{line.subject[:12]} {line.name} {line.issued} {state}"
        )


@evidence.command("show")
@click.argument("identifier")
@click.pass_context
def show(context: click.Context, identifier: str) -> None:
    """Print the statement whose id starts with IDENTIFIER."""
    from modelkeep import pipeline  # noqa: PLC0415

    click.echo(json.dumps(pipeline.show_evidence(identifier, keep=context.obj), indent=2))


@evidence.command("prove")
@click.argument("identifier")
@click.pass_context
def prove(context: click.Context, identifier: str) -> None:
    """Print the proof that a statement is in the log."""
    from modelkeep import pipeline  # noqa: PLC0415

    click.echo(json.dumps(pipeline.prove_evidence(identifier, keep=context.obj), indent=2))


@evidence.command("export")
@click.argument("model", type=PATH)
@click.option("--anchor", type=PATH, help="Checkpoint the receiver keeps; its proof is added.")
@click.pass_context
def export(context: click.Context, model: Path, anchor: Path | None) -> None:
    """Print the bundle of all evidence about MODEL."""
    from modelkeep import pipeline  # noqa: PLC0415

    bundle = pipeline.export_evidence(model, anchor=anchor, keep=context.obj)
    click.echo(json.dumps(bundle, indent=1))


@evidence.command("verify")
@click.argument("bundle", type=PATH, required=False)
@click.option("--trust", type=PATH, help="Your own trust map; default: the keep's.")
@click.option("--anchor", type=PATH, help="Checkpoint kept elsewhere.")
@click.pass_context
def verify(
    context: click.Context, bundle: Path | None, trust: Path | None, anchor: Path | None
) -> None:
    """Verify a BUNDLE, or the keep's own log when none is named.

    \b
    Exit codes: 0 all holds, 1 something does not, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415

    outcome = pipeline.verify_evidence(bundle, trust=trust, anchor=anchor, keep=context.obj)
    for name, value in sorted(outcome.facts.items()):
        click.echo(f"fact {name} = {value}")
    if outcome.decision:
        click.echo(f"decision: {outcome.decision}")
    for note in outcome.notes:
        click.echo(f"note: {note}")
    for problem in outcome.problems:
        click.echo(f"DOES NOT HOLD: {problem}")
    click.echo("holds" if not outcome.problems else f"{len(outcome.problems)} problems")
    context.exit(1 if outcome.problems else 0)


@evidence.command("correct-clock")
@click.option("--reason", required=True, help="What happened to the clock; recorded.")
@click.option("--key", type=PATH, required=True, help="Your private key in PEM.")
@click.pass_context
def correct_clock(context: click.Context, reason: str, key: Path) -> None:
    """Set aside the time of decisions that were made while the clock was ahead.

    A gate denies while the clock is behind the newest entry. Set the clock right first. Only
    decisions and uses of access can be set aside, and not by the keep's own key: somebody
    whom `modelkeep trust add NAME KEY.pub --predicate clock-correction` let do it. Where
    evidence or a stage was recorded ahead of time, wait until the clock has come there, or go
    on in a fresh keep.
    """
    from modelkeep import pipeline  # noqa: PLC0415

    wrong = pipeline.correct_clock(reason, key, keep=context.obj)
    click.echo(f"{len(wrong)} entries are not compared with the clock any more")
