"""``modelkeep harden``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelkeep.cli.options import BUDGETS
from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelkeep.core import Measurement
    from modelkeep.pipeline.hardening import Hardening

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=PATH)
@click.option(
    "--for",
    "against",
    type=click.Choice(["evasion", "backdoor", "bias", "membership"]),
    default="evasion",
    show_default=True,
    help="What the change is to stop.",
)
@click.option("--data", type=PATH, required=True, help="Rows the model was trained on.")
@click.option("--test", type=PATH, required=True, help="Rows it has not seen.")
@click.option("--defence", default="", metavar="NAME", help="Default: the first that fits.")
@click.option("--group", help="Column whose values are groups of people to compare.")
@click.option("--label", help="Label column of a table; default: the last one.")
@click.option("--code", type=PATH, help="Directory of your own code; default: here.")
@click.option(
    "--factory", default="", metavar="MODULE:FUNCTION", help="Builds the architecture."
)
@click.option(
    "--train", default="", metavar="MODULE:FUNCTION", help="fit(data, seed) -> model."
)
@click.option("--roots", type=PATH, help="Certificate authorities whose leaves may sign.")
@click.option("--epsilon", type=float, help="L-infinity radius; default: 0.03.")
@click.option("--epsilon-dp", type=float, help="Privacy of private training; default: 3.")
@click.option("--delta", "delta_dp", type=float, help="Its delta; default: 1e-5.")
@click.option("--budget", type=click.Choice(BUDGETS), help="Work to be done.")
@click.option("--seed", type=int, help="Seed of every random choice; default: 0.")
@click.option("--output", type=PATH, help="The changed model; default: NAME-hardened.")
@click.option("--format", "style", type=click.Choice(["table", "json"]), default="table")
@click.pass_context
def harden(context: click.Context, /, model: Path, style: str, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Train MODEL further so that an attack, a backdoor or a bias fails; show what it is worth.

    The changed model is a new file with no evidence of its own: check it before it is used.

    \b
    Examples:
      modelkeep harden net.safetensors --factory nets:build --data t.npz --test v.npz
      modelkeep harden net.safetensors --factory nets:build --data t.npz --test v.npz \\
        --defence pgd-training --epsilon 0.1
      modelkeep harden net.safetensors --factory nets:build --data t.csv --test v.csv \\
        --for bias --group sex
      modelkeep harden net.safetensors --factory nets:build --data clean.npz --test v.npz \\
        --for backdoor
      modelkeep privacy budget t.npz --epsilon 8 --delta 1e-5 --reason "agreed"
      modelkeep harden net.safetensors --factory nets:build --data t.npz --test v.npz \\
        --for membership --epsilon-dp 3

    \b
    Exit codes: 0 a gain is shown, 1 none is, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    given["epsilon_linf"] = given.pop("epsilon")
    with listening(context) as listener:
        made = pipeline.harden(model, listener=listener, keep=context.obj, **given)
    click.echo(_as_json(made) if style == "json" else "\n".join(_lines(made)))
    context.exit(0 if made.result.gained else 1)


def _lines(made: Hardening) -> Iterator[str]:
    from modelkeep.core.text import visible  # noqa: PLC0415

    result = made.result
    yield f"{result.defence.name}: {'a gain is shown' if result.gained else 'NO GAIN SHOWN'}"
    pairs = list(_pairs(result.before, result.after))
    width = max((len(old.name) for old, _ in pairs), default=0)
    yield f"  {'':<{width}} {'before':>24} {'after':>24}"
    for old, new in pairs:
        yield f"  {old.name:<{width}} {_interval(old):>24} {_interval(new):>24}"
    for note in result.notes:
        yield f"note: {note}"
    yield visible(f"wrote {made.path}  ({made.subject.digest})")
    yield f"recorded as {made.statement_id[:12]}; check the new model before it is used"


def _pairs(
    before: tuple[Measurement, ...], after: tuple[Measurement, ...]
) -> Iterator[tuple[Measurement, Measurement]]:
    """Measurements of the same name and attacker, made on both models."""
    left = list(after)
    for old in before:
        for new in left:
            if (new.name, new.method, new.attacker) == (old.name, old.method, old.attacker):
                left.remove(new)
                yield old, new
                break


def _interval(measurement: Measurement) -> str:
    return f"{measurement.value:.3f} [{measurement.low:.3f}, {measurement.high:.3f}]"


def _as_json(made: Hardening) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    result = made.result
    document = {
        "schema_version": 1,
        "path": str(made.path),
        "subject": msgspec.to_builtins(made.subject),
        "changed_from": msgspec.to_builtins(made.changed_from),
        "defence": result.defence.name,
        "gained": result.gained,
        "before": msgspec.to_builtins(result.before),
        "after": msgspec.to_builtins(result.after),
        "notes": list(result.notes),
        "statement_id": made.statement_id,
    }
    return json.dumps(document, indent=2)
