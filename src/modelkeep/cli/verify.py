"""``modelkeep verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from modelkeep.cli.options import output_options, profile_option
from modelkeep.cli.output import listening, planned, write_report

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("model", type=PATH)
@click.option("--checksums", type=PATH, help="A sha256sum file, or a clone with LFS pointers.")
@click.option("--roots", type=PATH, help="Certificate authorities whose leaves may sign.")
@click.option("--strict", is_flag=True, help="Modes and what lies in .git count as well.")
@click.option("--ignore", multiple=True, metavar="GLOB", help="Files not to compare; told.")
@profile_option
@output_options
@click.pass_context
def verify(context: click.Context, /, model: Path, **given: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Verify the signature of MODEL; names extra, missing and changed files.

    \b
    Examples:
      modelkeep verify model.onnx
      modelkeep verify model_directory/ --checksums SHA256SUMS
      modelkeep verify model.onnx --roots company-ca.pem

    \b
    Exit codes: 0 as signed by a trusted signer, 1 not so, 2 could not finish, 64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    plan = planned(given.pop("style"), given.pop("outputs"))
    with listening(context) as listener:
        report = pipeline.verify(model, listener=listener, keep=context.obj, **given)
    write_report(report, plan)
    context.exit(report.exit_code)
