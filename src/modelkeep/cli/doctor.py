"""``modelkeep doctor``."""

from __future__ import annotations

import click


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Say what is installed, what is missing and what the keep looks like.

    \b
    Exit codes: 0 all well, 1 something needs attention.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    lines = pipeline.diagnose(keep=context.obj)
    for line in lines:
        state = "ok  " if line.ok else "FAIL"
        hint = f"  ({line.hint})" if line.hint else ""
        click.echo(f"{state} {line.what}: {line.state}{hint}")
    context.exit(0 if all(line.ok for line in lines) else 1)
