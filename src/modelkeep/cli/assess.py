"""``modelkeep assess``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelkeep.cli.options import BUDGETS, output_options
from modelkeep.cli.output import listening, planned, write_report

PATH = click.Path(path_type=Path)
_POINTS = "adversarial"


@click.command()
@click.argument("model", type=PATH, required=False)
@click.option("--model", "named", type=PATH, help="The model, with --verify.")
@click.option("--data", type=PATH, help="Rows the model was trained on.")
@click.option("--test", type=PATH, help="Rows it has not seen.")
@click.option("--label", help="Label column of a table; default: the last one.")
@click.option(
    "--threat", metavar="NORM:RADIUS", help="linf:8/255, l2:0.5, l1:12; default: linf:0.03."
)
@click.option("--constraints", help="File of what rows of a table may be; default: drafted.")
@click.option("--budget", type=click.Choice(BUDGETS), help="Work per attack.")
@click.option("--only", metavar="KIND,...", default="", help="Such as evasion,membership.")
@click.option("--against", type=PATH, metavar="OLD", help="Explain what moved since OLD.")
@click.option("--group", help="Column whose values are groups of people to compare.")
@click.option("--verify", type=PATH, metavar="FILE", help="Look at adversarial points again.")
@click.option("--code", type=PATH, help="Directory of your own code; default: here.")
@click.option(
    "--factory", default="", metavar="MODULE:FUNCTION", help="Builds the architecture."
)
@click.option(
    "--train", default="", metavar="MODULE:FUNCTION", help="fit(data, seed) -> model."
)
@click.option(
    "--preprocess", default="", metavar="MODULE:FUNCTION", help="Raw rows to a float32 array."
)
@click.option("--roots", type=PATH, help="Certificate authorities whose leaves may sign.")
@click.option("--max-rows", type=int, help="Most test rows an attack is run on; default: 500.")
@click.option("--seed", type=int, help="Seed of every random choice; default: 0.")
@output_options
@click.pass_context
def assess(context: click.Context, /, model: Path | None, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Attack MODEL and record what was measured; a killed run continues when run again.

    ``--output adversarial=FILE.npz`` writes what was found, ``--verify FILE`` asks the model
    about it again. ``--against OLD`` compares what both versions rest on.

    \b
    Examples:
      modelkeep assess model.onnx --data train.npz --test test.npz --threat linf:8/255
      modelkeep assess model.onnx --test test.npz --only evasion --output adversarial=found.npz
      modelkeep assess --verify found.npz --model model.onnx
      modelkeep assess new.onnx --against old.onnx --data train.csv --test test.csv \\
        --only explanation --output html=moved.html

    \b
    Exit codes: 0 measured or verified, 1 a point is not what the file says, 2 could not
    finish, 64 usage, 130 interrupted.
    """
    named = given.pop("named")
    if (model is None) == (named is None):
        raise click.UsageError("name the model, once")
    file = given.pop("verify")
    given["keep"] = context.obj
    if file is not None:
        _verify(context, file, model or named, given)
    else:
        _assess(context, model or named, given)


def _assess(context: click.Context, model: Path, given: dict[str, Any]) -> None:
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    outputs = given.pop("outputs")
    points = [text.partition("=")[2] for text in outputs if text.startswith(f"{_POINTS}=")]
    plan = planned(
        given.pop("style"), tuple(o for o in outputs if not o.startswith(f"{_POINTS}="))
    )
    if len(points) > 1 or any(not _is_place(Path(point)) for point in points):
        raise click.UsageError(f"--output {_POINTS}=FILE: one place for a file")
    only = tuple(kind for kind in given.pop("only").split(",") if kind)
    with listening(context) as listener:
        report = pipeline.assess(
            model,
            only=only,
            adversarial=points[0] if points else None,
            listener=listener,
            **given,
        )
    write_report(report, plan)
    context.exit(report.exit_code)


def _is_place(path: Path) -> bool:
    return bool(path.name) and not path.is_dir() and path.absolute().parent.is_dir()


def _verify(context: click.Context, file: Path, model: Path, given: dict[str, Any]) -> None:
    from modelkeep import pipeline  # noqa: PLC0415

    taken = {name: given[name] for name in ("code", "factory", "preprocess", "roots", "keep")}
    with listening(context) as listener:
        look = pipeline.verify_adversarial(file, model=model, listener=listener, **taken)
    n = len(look.holds)
    click.echo(f"{file}: {n} rows, {look.threat}")
    for what, held in (
        ("clean row answered with its label", look.right),
        ("changed row answered with another class", look.wrong),
        ("that class is the one in the file", look.as_stored),
        ("within the radius and the data's limits", look.near),
        ("distance is the one in the file", look.measured),
        ("all of it", look.holds),
    ):
        click.echo(f"  {what:42s} {int(held.sum()):6d} of {n}")
    context.exit(0 if look.holds.all() else 1)
