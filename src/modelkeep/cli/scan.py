"""``modelkeep scan``."""

from __future__ import annotations

from pathlib import Path

import click

from modelkeep.cli.options import output_options, severity_options
from modelkeep.cli.output import listening, planned, write_report


@click.command()
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1, required=True)
@severity_options
@output_options
@click.pass_context
def scan(
    context: click.Context,
    paths: tuple[Path, ...],
    style: str,
    outputs: tuple[str, ...],
    fail_on: str | None,
    min_severity: str | None,
) -> None:
    """Read PATHS as data with every static rule; nothing is loaded.

    \b
    Examples:
      modelkeep scan model.pkl
      modelkeep scan models/ --format sarif > findings.sarif
      modelkeep scan a.onnx b.safetensors --fail-on medium

    \b
    Exit codes: 0 pass, 1 findings, 2 a file could not be read to its end, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    plan = planned(style, outputs)
    with listening(context) as listener:
        report = pipeline.scan(*paths, listener=listener, fail_on=fail_on)
    write_report(report, plan, min_severity)
    context.exit(report.exit_code)
