"""``modelkeep registry``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.registry import Version

PATH: Final = click.Path(path_type=Path)
MOVES: Final = ("candidate", "approved", "deployed")
KEY = click.option("--key", type=PATH, help="Private key of who says so; default: the keep's.")
REASON = click.option("--reason", required=True, help="Why; recorded.")


@click.group()
def registry() -> None:
    """Versions of models and their stages.

    \b
    quarantine -> candidate -> approved -> deployed -> retired, or revoked from anywhere

    \b
    Examples:
      modelkeep registry add model.onnx --name credit --checksums SHA256SUMS
      modelkeep registry promote credit --to candidate --reason "checked"
      modelkeep registry approve credit --key alice.pem --reason "read the report"
      modelkeep registry get credit:2 model.onnx

    \b
    Exit codes: 0 done, 1 the gate or the approvals said no, 2 could not finish, 64 usage.
    """


@registry.command("add")
@click.argument("model", type=PATH)
@click.option("--name", required=True, help="The model's name in the registry.")
@click.option("--checksums", type=PATH, help="Published: a sha256sum file or LFS pointers.")
@KEY
@click.pass_context
def add(
    context: click.Context, model: Path, name: str, checksums: Path | None, key: Path | None
) -> None:
    """Take MODEL in; it starts in quarantine."""
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        version = pipeline.register(
            model, name, checksums=checksums, key=key, listener=listener, keep=context.obj
        )
    _say(version)


@registry.command("list")
@click.argument("name", default="")
@click.pass_context
def list_(context: click.Context, name: str) -> None:
    """List versions, of one NAME if given."""
    from modelkeep import pipeline  # noqa: PLC0415

    for version in pipeline.list_registry(name, keep=context.obj):
        _say(version)


@registry.command("show")
@click.argument("reference")
@click.pass_context
def show(context: click.Context, reference: str) -> None:
    """Show a version: NAME, NAME:NUMBER or the start of its digest."""
    from modelkeep import pipeline  # noqa: PLC0415

    version, old = pipeline.show_version(reference, keep=context.obj)
    _say(version)
    for file in version.files:
        click.echo(f"  file {file.name or version.subject.name} {file.size} {file.digest}")
    for name in version.approvals:
        click.echo(f"  approved by {name}")
    if version.glass is not None:
        glass = version.glass
        click.echo(f"  GLASS BROKEN by {glass.who} until {glass.until}: {glass.why}")
    for item in old:
        click.echo(f"  WARNING: {item.sentence()}")
    for problem in version.problems:
        click.echo(f"  does not count: {problem}")


@registry.command("approve")
@click.argument("reference")
@REASON
@KEY
@click.pass_context
def approve(context: click.Context, reference: str, reason: str, key: Path | None) -> None:
    """Approve a candidate with your own key; its author cannot."""
    from modelkeep import pipeline  # noqa: PLC0415

    version = pipeline.approve_version(reference, reason=reason, key=key, keep=context.obj)
    click.echo(f"{version.name} is approved by {', '.join(version.approvals)}")


def _move(
    context: click.Context, reference: str, stage: str, reason: str, key: Path | None
) -> None:
    from modelkeep import pipeline  # noqa: PLC0415

    move = pipeline.move_version(reference, stage, reason=reason, key=key, keep=context.obj)
    if move.refused:
        click.echo(
            f"refused: {move.version.name} stays {move.version.stage.value}: {move.refused}"
        )
        for missing in move.decision.missing if move.decision is not None else ():
            click.echo(f"  {missing.id}: {missing.says}; mend: {missing.mend}")
        context.exit(1)
    _say(move.version)


@registry.command("promote")
@click.argument("reference")
@click.option("--to", "stage", type=click.Choice(MOVES), required=True, help="The next stage.")
@REASON
@KEY
@click.pass_context
def promote(
    context: click.Context, reference: str, stage: str, reason: str, key: Path | None
) -> None:
    """Take a version one stage up, if the gate allows it; deployed goes back to approved."""
    _move(context, reference, stage, reason, key)


@registry.command("retire")
@click.argument("reference")
@REASON
@KEY
@click.pass_context
def retire(context: click.Context, reference: str, reason: str, key: Path | None) -> None:
    """Take a version out of use for good."""
    _move(context, reference, "retired", reason, key)


@registry.command("revoke")
@click.argument("reference")
@REASON
@KEY
@click.pass_context
def revoke(context: click.Context, reference: str, reason: str, key: Path | None) -> None:
    """Revoke a version: no gate lets it pass any more, for anything."""
    _move(context, reference, "revoked", reason, key)


@registry.command("break-glass")
@click.argument("reference")
@click.option("--to", "stage", type=click.Choice(MOVES), required=True, help="The stage.")
@click.option("--why", required=True, help="The emergency; recorded.")
@click.option("--until", required=True, metavar="TIME", help="A week from now at most.")
@KEY
@click.pass_context
def break_glass(
    context: click.Context, reference: str, stage: str, why: str, until: str, key: Path | None
) -> None:
    """Treat a version as being in a stage it has not earned, for a while."""
    from modelkeep import pipeline  # noqa: PLC0415

    version = pipeline.break_glass(
        reference, stage, why=why, until=until, key=key, keep=context.obj
    )
    _say(version)


@registry.command("get")
@click.argument("reference")
@click.argument("target", type=PATH)
@click.pass_context
def get(context: click.Context, reference: str, target: Path) -> None:
    """Write a version to TARGET, if the gate lets it be loaded."""
    from modelkeep import pipeline  # noqa: PLC0415

    version = pipeline.fetch_version(reference, target, keep=context.obj)
    click.echo(f"{target} {version.subject.digest}")


def _say(version: Version) -> None:
    click.echo(f"{version.name} {version.stage.value} {version.subject.digest}")
