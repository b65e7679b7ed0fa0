"""``modelkeep doctor`` and ``modelkeep doctor deploy``."""

from __future__ import annotations

import click


@click.group(invoke_without_command=True)
@click.pass_context
def doctor(context: click.Context) -> None:
    """Say what is installed, what is missing and what the keep looks like.

    \b
    Exit codes: 0 all well, 1 something needs attention.
    """
    if context.invoked_subcommand is not None:
        return
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    lines = pipeline.diagnose(keep=context.obj)
    for line in lines:
        state = "ok  " if line.ok else "FAIL"
        hint = f"  ({line.hint})" if line.hint else ""
        click.echo(f"{state} {line.what}: {line.state}{hint}")
    context.exit(0 if all(line.ok for line in lines) else 1)


@doctor.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.pass_context
def deploy(context: click.Context, files: tuple[str, ...]) -> None:
    """Say what is weak in Dockerfiles, compose FILES and Kubernetes manifests.

    A NetworkPolicy counts where it stands in the same file as what it selects.

    \b
    Examples:
      modelkeep doctor deploy compose.yaml
      modelkeep doctor deploy Dockerfile kubernetes.yaml

    \b
    Exit codes: 0 nothing is weak, 1 something is, 2 a file cannot be read, 64 usage.
    """
    from modelkeep.core.text import visible  # noqa: PLC0415 - as above
    from modelkeep.pipeline.deployment import diagnose_deployment  # noqa: PLC0415

    weak = False
    for file in files:
        found = diagnose_deployment(file)
        weak = weak or bool(found)
        for one in found:
            place = visible(f"{file}:{one.line}: {one.where}: {one.says}")
            click.echo(f"{one.severity.value.upper():<8} {one.rule.id} {place}")
            click.echo(f"         {one.rule.remedy}")
        if not found:
            click.echo(f"ok       {visible(file)}")
    context.exit(1 if weak else 0)
