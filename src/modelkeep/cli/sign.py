"""``modelkeep sign``."""

from __future__ import annotations

from pathlib import Path

import click

from modelkeep.cli.output import listening

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=PATH)
@click.option("--key", type=PATH, help="Private key in PEM; default: the keep's own.")
@click.option("--certificates", type=PATH, help="Certificate chain of the key, leaf first.")
@click.option("--dry-run", is_flag=True, help="Say what would be signed and write nothing.")
@click.pass_context
def sign(
    context: click.Context,
    model: Path,
    key: Path | None,
    certificates: Path | None,
    *,
    dry_run: bool,
) -> None:
    """Sign every file of MODEL in the OpenSSF model-signing format.

    \b
    Examples:
      modelkeep sign model.onnx
      modelkeep sign model_directory/ --key ci.pem
      modelkeep sign model.onnx --dry-run

    \b
    Exit codes: 0 signed, 2 could not, 64 usage.
    """
    from modelkeep import pipeline, sources  # noqa: PLC0415 - keeps `--help` quick

    if dry_run:
        artifact = sources.open_artifact(model)
        click.echo(f"would write {artifact.signature}, covering {len(artifact.files)} files:")
        for name in artifact.files:
            click.echo(f"  {artifact.display(name)}")
        return
    with listening(context) as listener:
        path = pipeline.sign(
            model, key=key, certificates=certificates, listener=listener, keep=context.obj
        )
    click.echo(str(path))
