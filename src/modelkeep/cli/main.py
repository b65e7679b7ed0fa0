"""The command ``modelkeep``: parse, call one function, render, exit.

Exit codes: 0 pass, 1 policy said no, 2 could not finish (internal errors
included: it fails closed), 64 usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Final

import click

from modelkeep.cli.access import access
from modelkeep.cli.assess import assess
from modelkeep.cli.check import check
from modelkeep.cli.config import config
from modelkeep.cli.convert import convert
from modelkeep.cli.data import data
from modelkeep.cli.doctor import doctor
from modelkeep.cli.encryption import decrypt, encrypt, rewrap
from modelkeep.cli.evidence import evidence
from modelkeep.cli.explain import explain
from modelkeep.cli.gate import gate
from modelkeep.cli.harden import harden
from modelkeep.cli.init import init
from modelkeep.cli.lineage import lineage, record
from modelkeep.cli.privacy import privacy
from modelkeep.cli.registry import registry
from modelkeep.cli.scan import scan
from modelkeep.cli.serve import serve
from modelkeep.cli.sign import sign
from modelkeep.cli.trust import trust
from modelkeep.cli.verify import verify
from modelkeep.cli.vulns import vulns
from modelkeep.core.version import VERSION

COULD_NOT_FINISH: Final = 2
USAGE: Final = 64
INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--keep", metavar="DIR", help="The keep to use; default: the nearest .modelkeep.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Show the full trace of an error.")
@click.version_option(VERSION, prog_name="modelkeep")
@click.pass_context
def cli(context: click.Context, keep: str | None, *, quiet: bool, verbose: bool) -> None:
    """May this model be trained, stored, loaded or served, and what proves it?

    \b
    Examples:
      modelkeep check model.onnx --data train.npz --test test.npz
      modelkeep scan model.pkl
      modelkeep gate model.onnx --action deploy --profile prod

    \b
    Exit codes: 0 pass, 1 policy said no, 2 could not finish, 64 usage, 130 interrupted.
    """
    context.obj = keep
    del quiet, verbose  # read from the root context where they are needed


for _command in (
    check, assess, harden, scan, sign, verify, data, gate, serve, registry, access, init,
    trust, evidence, lineage, record, explain, doctor, config, encrypt, decrypt, rewrap,
    convert, privacy, vulns,
):  # fmt: skip
    cli.add_command(_command)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; no exception leaves it."""
    try:
        result = cli.main(arguments, prog_name="modelkeep", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE if isinstance(error, click.UsageError) else COULD_NOT_FINISH
    except SystemExit:  # click's way to end when whoever read our output has gone
        return COULD_NOT_FINISH
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the edge of the process: nothing may escape
        return _failed(error, verbose="-v" in arguments or "--verbose" in arguments)
    return result if isinstance(result, int) else 0


def _failed(error: Exception, *, verbose: bool) -> int:
    from modelkeep.core import ModelkeepError, UsageError  # noqa: PLC0415
    from modelkeep.core.text import visible  # noqa: PLC0415

    if isinstance(error, BrokenPipeError):  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_FINISH
    if verbose:
        traceback.print_exception(error)
    if isinstance(error, ModelkeepError):
        click.echo(f"error: {visible(error.message)}", err=True)
        click.echo(f"hint: {visible(error.hint)}", err=True)
        return USAGE if isinstance(error, UsageError) else COULD_NOT_FINISH
    click.echo(f"internal error: {type(error).__name__}: {visible(str(error))}", err=True)
    click.echo("hint: run again with -v and report the trace", err=True)
    return COULD_NOT_FINISH


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))
