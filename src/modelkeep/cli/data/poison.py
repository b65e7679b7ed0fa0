"""``modelkeep data clean``, ``modelkeep data review`` and ``modelkeep data trace``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.data_poison import PoisonReport
    from modelkeep.pipeline.data_review import Cleaned, Queue, ShownCard

PATH = click.Path(path_type=Path)


def reading_options(command: Any) -> Any:  # noqa: ANN401 - any command
    """How to read the data."""
    for option in (
        click.option("--trusted-column", default="", help="Says 1 of rows known to be clean."),
        click.option("--source-column", default="", help="Says where a row comes from."),
        click.option("--text", default="", help="Column of texts, if rows are texts."),
        click.option("--label", default="", help="Label column; default: the last one."),
    ):
        command = option(command)
    return command


@click.command("clean")
@click.argument("path", metavar="DATA", type=PATH)
@reading_options
@click.option("--output", type=PATH, help="Where the cleaned data goes, with --apply.")
@click.option("--apply", "apply_now", is_flag=True, help="Write the cleaned data.")
@click.option(
    "--limit",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Share of rows above which two reviewers must agree.",
)
@click.option(
    "--fpr",
    type=click.FloatRange(0.001, 0.5),
    default=0.05,
    show_default=True,
    help="False alarms each family's list may have.",
)
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def clean(  # noqa: PLR0913 - a command's options
    context: click.Context,
    /,
    path: Path,
    output: Path | None,
    limit: float,
    fpr: float,
    style: str,
    *,
    apply_now: bool,
    **said: str,
) -> None:
    """Find poisoned rows in DATA and propose groups to remove; change nothing unasked.

    Prints what this run would have seen: attacks of its own, planted on a copy. With
    --apply, the groups of the newest report are left out of a new data set; over the limit
    only after two reviewers agreed.

    \b
    Examples:
      modelkeep data clean train.parquet --label income
      modelkeep data clean sms.csv --text message --format json
      modelkeep data clean train.parquet --label income --apply --output clean.parquet

    \b
    Exit codes: 0 nothing to remove, or applied; 1 groups proposed; 2 could not finish;
    64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick
    from modelkeep.pipeline.data_poison import DataInputs  # noqa: PLC0415

    if apply_now != (output is not None):
        raise click.UsageError("--apply and --output go together")
    inputs = DataInputs(**said)
    with listening(context) as listener:
        if output is not None:
            done = pipeline.apply_cleaning(
                path, output, inputs=inputs, limit=limit, listener=listener, keep=context.obj
            )
            click.echo(_encoded(done) if style == "json" else _applied(done))
            return
        found = pipeline.find_poison(
            path, inputs=inputs, rate=fpr, listener=listener, keep=context.obj
        )
    click.echo(_encoded(found) if style == "json" else _report(found))
    context.exit(1 if found.proposed else 0)


@click.command("review")
@click.argument("path", metavar="DATA", type=PATH)
@reading_options
@click.option("--reviewer", default="", help="Who reviews; default: the account's name.")
@click.option(
    "--decisions",
    type=PATH,
    help="JSON list of decisions (group, choice, reason, reviewer), instead of asking.",
)
@click.option("--list", "only_list", is_flag=True, help="Show the queue and ask nothing.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def review(
    context: click.Context,
    /,
    path: Path,
    reviewer: str,
    decisions: Path | None,
    style: str,
    *,
    only_list: bool,
    **said: str,
) -> None:
    """Judge the groups found in DATA: keep, relabel, quarantine or escalate, with a reason.

    Groups come in order of expected harm. Some are made up: they measure the reviewer.
    Decisions are signed and appended to the log.

    \b
    Examples:
      modelkeep data review train.parquet --reviewer ann
      modelkeep data review train.parquet --decisions decided.json
      modelkeep data review train.parquet --list --format json

    \b
    Exit codes: 0 done, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick
    from modelkeep.pipeline.data_poison import DataInputs  # noqa: PLC0415
    from modelkeep.pipeline.workspace import user_name  # noqa: PLC0415

    inputs, who = DataInputs(**said), reviewer or user_name()
    with listening(context) as listener:
        if decisions is not None:
            made = _from_file(decisions, who)
        elif only_list:
            made = []
        else:
            asked = pipeline.review_queue(
                path, inputs=inputs, listener=listener, keep=context.obj
            )
            made = [_ask(card, who) for card in asked.cards]
        if made:
            pipeline.record_decisions(path, made, listener=listener, keep=context.obj)
        queue = pipeline.review_queue(path, inputs=inputs, listener=listener, keep=context.obj)
    click.echo(_encoded(queue) if style == "json" else _queue(queue))


@click.command("trace")
@click.argument("path", metavar="DATA", type=PATH)
@click.argument("row", type=click.IntRange(0))
@reading_options
@click.option("--predicted", default="", help="The label predicted; default: by the recipe.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True)
@click.pass_context
def trace(
    context: click.Context, /, path: Path, row: int, predicted: str, most: int, **said: str
) -> None:
    """Name the rows of DATA that most support the prediction of one of its rows.

    The row itself, counted from 0, is left out of the training.

    \b
    Examples:
      modelkeep data trace train.parquet 17 --label income
      modelkeep data trace sms.csv 3 --text message --predicted spam

    \b
    Exit codes: 0 done, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick
    from modelkeep.pipeline.data_poison import DataInputs  # noqa: PLC0415

    with listening(context):
        lines = pipeline.trace_row(
            path,
            row,
            inputs=DataInputs(**said),
            predicted=predicted,
            most=most,
            keep=context.obj,
        )
    click.echo("\n".join(lines))


def _encoded(found: object) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    said = msgspec.to_builtins(found, enc_hook=str)
    return json.dumps({"schema_version": 1, **said}, indent=2)


def _from_file(path: Path, who: str) -> list[Any]:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    from modelkeep.core import InputError  # noqa: PLC0415
    from modelkeep.data.review import ReviewDecision  # noqa: PLC0415

    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(
            [{"reviewer": who, **entry} for entry in entries], list[ReviewDecision]
        )
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not a list of decisions ({error})") from error


def _ask(shown: ShownCard, who: str) -> Any:  # noqa: ANN401 - a decision, imported late
    from modelkeep.data.review import CHOICES, ReviewDecision  # noqa: PLC0415

    click.echo("\n".join(_card(shown)))
    choice = click.prompt("decision", type=click.Choice(CHOICES))
    reason = click.prompt("reason")
    return ReviewDecision(shown.card.id, choice, who, reason)


def _report(found: PoisonReport) -> str:
    lines = [f"{found.subject.name}: {found.rows} rows examined"]
    lines += [
        f"  {one['family']:10} {one['flagged']:6} rows flagged"
        f" (set for {one['false_alarms_set_for']:.1%} false alarms)"
        for one in found.families
    ]
    lines.append("what this run would have seen:")
    for number in found.measurements:
        if number.name.startswith("power_"):
            lines.append(f"  {number.note}")
        elif number.name == "certified_accuracy":
            curve = ", ".join(f"{rows:.0f}: {share:.3f}" for rows, share in number.curve)
            lines.append(f"certified accuracy against any rows added or removed: {curve}")
        else:
            lines.append(
                f"{number.name}: {number.value:.3f} [{number.low:.3f}, {number.high:.3f}]"
            )
    lines += [f"NOT CHECKED {item.what}: {item.why}" for item in found.not_checked]
    for card in found.cards:
        lines.append(f"group {card.id}: {len(card.rows)} rows, {card.family}. {card.why}")
        if card.rule:
            lines.append(f"  rule: {card.rule}")
        if card.success_before is not None and card.success_after is not None:
            before, after = card.success_before, card.success_after
            lines.append(
                f"  its trigger turns {before.value:.1%} [{before.low:.1%}, {before.high:.1%}]"
                f" of other rows, after removal {after.value:.1%}"
            )
        lines.append(f"  advice: {card.advice}")
    lines.append(f"{found.proposed} rows would be removed; nothing was changed")
    return "\n".join(lines)


def _card(shown: ShownCard) -> list[str]:
    card = shown.card
    lines = [f"group {card.id} [{shown.ruling.standing}] {len(card.rows)} rows: {card.why}"]
    if card.rule:
        lines.append(f"  rule: {card.rule}")
    lines += [f"  - {line}" for line in shown.risky]
    lines.append("  nearest outside of the group:")
    return lines + [f"  + {line}" for line in shown.near]


def _queue(queue: Queue) -> str:
    lines = [line for shown in queue.cards for line in _card(shown)]
    lines += [
        f"{m.note}: {m.value:.0%} of {m.n} controls right [{m.low:.0%}, {m.high:.0%}]"
        for m in queue.reviewers
    ]
    return "\n".join(lines) if lines else "nothing to review"


def _applied(done: Cleaned) -> str:
    return (
        f"{done.output}: {done.removed} rows removed, {done.relabelled} relabelled, "
        f"{done.removal.share:.2%} of the data, {done.removal.needed} reviewers needed"
    )
