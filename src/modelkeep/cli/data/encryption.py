"""``modelkeep data encrypt`` and ``modelkeep data open``."""

from __future__ import annotations

from pathlib import Path

import click

from modelkeep.cli.output import listening

PATH = click.Path(path_type=Path)


@click.command("encrypt")
@click.argument("path", metavar="DATA", type=PATH)
@click.argument("target", type=PATH)
@click.option("--to", multiple=True, type=PATH, help="Public key in PEM; repeatable.")
@click.pass_context
def encrypt(context: click.Context, path: Path, target: Path, to: tuple[Path, ...]) -> None:
    """Encrypt sealed DATA with its seal into the directory TARGET, names included.

    \b
    Examples:
      modelkeep data encrypt train.parquet train.encrypted
      modelkeep data encrypt images/ images.encrypted --to cluster.pub

    \b
    Exit codes: 0 encrypted, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        pipeline.encrypt_data(path, target, to=to, listener=listener, keep=context.obj)
    click.echo(f"{target}: encrypted at rest; {path} and its seal are still there in plain")


@click.command("open")
@click.argument("encrypted", type=PATH)
@click.argument("target", type=PATH)
@click.option("--key", type=PATH, help="Private key in PEM; default: the keep's own.")
@click.pass_context
def open_set(context: click.Context, encrypted: Path, target: Path, key: Path | None) -> None:
    """Decrypt ENCRYPTED into the directory TARGET, if it is as it was sealed.

    \b
    Examples:
      modelkeep data open train.encrypted opened/
      modelkeep data open images.encrypted opened/ --key cluster.pem

    \b
    Exit codes: 0 opened, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        place = pipeline.open_data(
            encrypted, target, key=key, listener=listener, keep=context.obj
        )
    click.echo(f"{place}: as sealed; it lies there in plain")
