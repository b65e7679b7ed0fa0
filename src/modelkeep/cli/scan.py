"""``modelkeep scan``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from modelkeep.cli.options import output_options, severity_options
from modelkeep.cli.output import listening, planned, write_report

PATH = click.Path(path_type=Path)
GLOB = "GLOB"


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--include", multiple=True, metavar=GLOB, help="Scan only such files.")
@click.option("--exclude", multiple=True, metavar=GLOB, help="Leave such files out; listed.")
@click.option("--rules", default="", metavar="ID,ID", help="Run only these rules.")
@click.option("--skip-rules", default="", metavar="ID,ID", help="Run all rules but these.")
@click.option("--baseline", type=PATH, help="Findings listed in this file do not count.")
@click.option("--write-baseline", type=PATH, help="Write the findings of this run to a file.")
@click.option(
    "--cache", metavar="DIR", help="Where verdicts are kept; else the keep or ~/.cache."
)
@click.option("--no-cache", is_flag=True, help="Scan every file anew.")
@click.option("--show-suppressed", is_flag=True, help="Show findings that do not count, too.")
@severity_options
@output_options
@click.pass_context
def scan(context: click.Context, /, paths: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Read PATHS as data with every static rule; nothing is loaded.

    A path is a file, a directory, - for stdin, or an address: hf://ORG/NAME[@REVISION][/PATH],
    s3://BUCKET/PREFIX, gs://..., az://... (the last three need the extra `cloud`).

    \b
    Examples:
      modelkeep scan model.pkl
      modelkeep scan models/ --exclude '*.md' --format sarif > findings.sarif
      modelkeep scan hf://org/name@main
      modelkeep scan a.onnx b.safetensors --fail-on medium --baseline known.json

    \b
    Exit codes: 0 pass, 1 findings, 2 a file could not be read to its end, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    plan = planned(given.pop("style"), given.pop("outputs"))
    least, written = given.pop("min_severity"), given.pop("write_baseline")
    shown = given.pop("show_suppressed")
    for key in ("rules", "skip_rules"):
        given[key] = tuple(name.strip() for name in given[key].split(",") if name.strip())
    cache = given.pop("cache")
    given["scan.cache"] = "off" if given.pop("no_cache") else cache
    given["keep"] = context.obj
    given["sha256"] = any(name == "cyclonedx" for name, _ in plan)
    stdin = sys.stdin.buffer if "-" in paths else None
    with listening(context) as listener:
        report = pipeline.scan(*paths, stdin=stdin, listener=listener, **given)
    if written is not None:
        count = pipeline.write_baseline(report, written)
        click.echo(f"wrote {count} findings to {written}", err=True)
    write_report(report, plan, least, show_suppressed=shown)
    context.exit(report.exit_code)
