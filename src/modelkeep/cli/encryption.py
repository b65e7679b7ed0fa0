"""``modelkeep encrypt``, ``decrypt`` and ``rewrap``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from modelkeep.cli.output import listening

PATH: Final = click.Path(path_type=Path)
KEY = click.option("--key", type=PATH, help="Private key in PEM; default: the keep's own.")


@click.command()
@click.argument("model", type=PATH)
@click.argument("target", type=PATH)
@click.option("--to", multiple=True, type=PATH, help="Public key in PEM; repeatable.")
@click.option("--age", multiple=True, metavar="AGE1...", help="Age recipient; repeatable.")
@click.pass_context
def encrypt(
    context: click.Context,
    model: Path,
    target: Path,
    to: tuple[Path, ...],
    age: tuple[str, ...],
) -> None:
    """Encrypt MODEL into TARGET, at rest; for the keep's own key if nobody is named.

    \b
    Examples:
      modelkeep encrypt model.onnx model.onnx.enc
      modelkeep encrypt model_directory/ encrypted/ --to cluster.pub --to backup.pub
      modelkeep encrypt model.onnx model.onnx.age --age age1qz...
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        pipeline.encrypt_model(
            model, target, to=to, age=age, listener=listener, keep=context.obj
        )
    click.echo(f"{target}: encrypted at rest; {model} is still there in plain")


@click.command()
@click.argument("model", type=PATH)
@click.argument("target", type=PATH)
@KEY
@click.pass_context
def decrypt(context: click.Context, model: Path, target: Path, key: Path | None) -> None:
    """Decrypt MODEL into TARGET: all of it, or nothing.

    \b
    Examples:
      modelkeep decrypt model.onnx.enc model.onnx
      modelkeep decrypt encrypted/ model_directory/ --key cluster.pem
    """
    from modelkeep import pipeline  # noqa: PLC0415

    with listening(context) as listener:
        pipeline.decrypt_model(model, target, key=key, listener=listener, keep=context.obj)
    click.echo(f"{target}: decrypted; it lies there in plain")


@click.command()
@click.argument("model", type=PATH)
@click.argument("target", type=PATH)
@click.option("--to", multiple=True, required=True, type=PATH, help="Public key in PEM.")
@KEY
@click.pass_context
def rewrap(
    context: click.Context, model: Path, target: Path, to: tuple[Path, ...], key: Path | None
) -> None:
    """Copy encrypted MODEL into TARGET for other recipients, without decrypting it.

    Whoever could read MODEL and kept a copy still can.

    \b
    Examples:
      modelkeep rewrap model.onnx.enc model.new.enc --to cluster.pub
    """
    from modelkeep import pipeline  # noqa: PLC0415

    with listening(context) as listener:
        pipeline.rewrap_model(
            model, target, to=to, key=key, listener=listener, keep=context.obj
        )
    click.echo(f"{target}: encrypted at rest for {len(to)} recipients")
