"""``modelkeep serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.gateway import Probe

PROFILES = ("dev", "prod")


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME=PATH",
    help="A model and the name it is asked by; or NAME=URL of its server. Repeatable.",
)
@click.option("--host", help="Address to listen on; default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0: a free one.")
@click.option(
    "--profile", type=click.Choice(PROFILES), help="Whose rules; default: the keep's own."
)
@click.option(
    "--self-test",
    metavar="URL",
    help="Attack a running gateway instead, for a minute at most, and say what it let pass.",
)
@click.option(
    "--key-file",
    type=click.File(),
    help="File with an API key for --self-test; the model it may ask is --model NAME.",
)
@click.option("--elsewhere", is_flag=True, help="Let --self-test attack another machine.")
@click.pass_context
def serve(context: click.Context, /, models: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Serve models over the Open Inference Protocol, while their evidence lasts.

    A model is served only while the gate allows it. Where no key may administer yet, one is
    made and printed once. Limits and rules: the section [serve] of modelkeep.toml.

    \b
    Examples:
      modelkeep serve --model fraud=model.onnx
      modelkeep serve --model fraud=model.onnx --host 0.0.0.0 --port 8443 --profile prod
      modelkeep serve --model fraud=http://127.0.0.1:8080
      modelkeep serve --self-test http://127.0.0.1:8080 --model fraud --key-file key.txt

    \b
    Exit codes: 0 stopped or all tests passed, 1 a test did not, 2 could not start, 64 usage,
    130 interrupted.
    """
    from modelkeep import gateway  # noqa: PLC0415 - keeps `--help` quick

    if given["self_test"]:
        context.exit(_self_test(models, given))
    if not models:
        raise click.UsageError("there is no model to serve: --model NAME=PATH")
    with listening(context) as listener:
        gateway.serve(
            models,
            host=given["host"],
            port=given["port"],
            tell_key=lambda secret: click.echo(f"admin key (shown once): {secret}"),
            listener=listener,
            keep=context.obj,
            profile=given["profile"],
        )


def _self_test(models: tuple[str, ...], options: dict[str, Any]) -> int:
    """Attack a running gateway; returns the exit code."""
    import asyncio  # noqa: PLC0415 - as above

    from modelkeep import gateway  # noqa: PLC0415 - as above

    if len(models) > 1:
        raise click.UsageError("--self-test asks one model: --model NAME")
    key = options["key_file"].read().strip() if options["key_file"] else ""
    target = gateway.parse_target(
        options["self_test"],
        key=key,
        model=models[0] if models else "model",
        elsewhere=options["elsewhere"],
    )

    def told(probe: Probe) -> None:
        click.echo(f"{'ok  ' if probe.passed else 'FAIL'} {probe.name}: {probe.says}")

    passed = asyncio.run(gateway.run_self_test(target, told))
    if not key:
        click.echo("NOT CHECKED: what a client with a key could do; give --key-file", err=True)
    return 0 if passed else 1
