"""``modelkeep serve``."""

from __future__ import annotations

import click

from modelkeep.cli.output import listening

PROFILES = ("dev", "prod")


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="NAME=PATH",
    help="A model and the name it is asked by; or NAME=URL of its server. Repeatable.",
)
@click.option("--host", help="Address to listen on; default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0: a free one.")
@click.option(
    "--profile", type=click.Choice(PROFILES), help="Whose rules; default: the keep's own."
)
@click.pass_context
def serve(
    context: click.Context,
    models: tuple[str, ...],
    host: str | None,
    port: int | None,
    profile: str | None,
) -> None:
    """Serve models over the Open Inference Protocol, while their evidence lasts.

    A model is served only while the gate allows it. Where no key may administer yet, one is
    made and printed once. Limits and rules: the section [serve] of modelkeep.toml.

    \b
    Examples:
      modelkeep serve --model fraud=model.onnx
      modelkeep serve --model fraud=model.onnx --host 0.0.0.0 --port 8443 --profile prod
      modelkeep serve --model fraud=http://127.0.0.1:8080

    \b
    Exit codes: 0 stopped, 2 could not start, 64 usage, 130 interrupted.
    """
    from modelkeep import gateway  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        gateway.serve(
            models,
            host=host,
            port=port,
            tell_key=lambda secret: click.echo(f"admin key (shown once): {secret}"),
            listener=listener,
            keep=context.obj,
            profile=profile,
        )
