"""``modelkeep vulns``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelkeep.cli.options import output_options, severity_options
from modelkeep.cli.output import listening, planned, write_report

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("path", type=PATH)
@click.option("--db", type=PATH, required=True, help="OSV records: archive, folder or file.")
@click.option(
    "--vex",
    type=PATH,
    multiple=True,
    help="OpenVEX or CycloneDX statements; those that name a digest read here count.",
)
@click.option("--model", type=PATH, help="Model that runs there; statements about it count.")
@click.option("--show-suppressed", is_flag=True, help="Show findings that do not count, too.")
@severity_options
@output_options
@click.pass_context
def vulns(context: click.Context, /, path: Path, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Compare what PATH pins with a database of known vulnerabilities, offline.

    PATH is a requirement file of pip, poetry.lock, uv.lock, pdm.lock, pylock.toml,
    Pipfile.lock, or a directory that holds some. Packages that are not pinned, or whose name
    is one slip away from a popular one, are found too. A --vex document is believed as it
    stands: give only one whose author you know.

    \b
    Examples:
      modelkeep vulns requirements.txt --db PyPI-all.zip
      modelkeep vulns . --db osv/ --vex product.openvex.json --format sarif

    \b
    Exit codes: 0 pass, 1 findings, 2 a file could not be understood, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    plan = planned(given.pop("style"), given.pop("outputs"))
    least, shown = given.pop("min_severity"), given.pop("show_suppressed")
    with listening(context) as listener:
        report = pipeline.find_vulnerabilities(
            path, listener=listener, keep=context.obj, **given
        )
    write_report(report, plan, least, show_suppressed=shown)
    context.exit(report.exit_code)
