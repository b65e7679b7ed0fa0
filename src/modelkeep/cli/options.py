"""Options that several commands share; settings travel as flags, by key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
PROFILES: Final = ("report", "dev", "prod")
ACTIONS: Final = ("train", "store", "deploy", "load", "serve")
DATA_ACTIONS: Final = ("train_on",)
BUDGETS: Final = ("quick", "standard", "thorough")
SEVERITIES: Final = ("info", "low", "medium", "high", "critical")


def profile_option(command: Command) -> Command:
    """``--profile``: whose rules."""
    return click.option(
        "--profile", type=click.Choice(PROFILES), help="Whose rules; default: the keep's own."
    )(command)


def output_options(command: Command) -> Command:
    """``--format`` for stdout and ``--output FORMAT=FILE``, repeatable."""
    command = click.option(
        "--output",
        "outputs",
        multiple=True,
        metavar="FORMAT=FILE",
        help="Also write the report to a file; may be given more than once.",
    )(command)
    return click.option(
        "--format",
        "style",
        default="table",
        show_default=True,
        metavar="FORMAT",
        help="table, json, sarif, junit, html, md, gitlab, github, cyclonedx or card.",
    )(command)


def severity_options(command: Command) -> Command:
    """``--fail-on`` decides the exit code, ``--min-severity`` what is shown."""
    command = click.option(
        "--min-severity",
        type=click.Choice(SEVERITIES),
        help="Least severe findings to show; the verdict does not change.",
    )(command)
    return click.option(
        "--fail-on",
        type=click.Choice(SEVERITIES),
        help="Also fail on findings of this severity or worse.",
    )(command)
