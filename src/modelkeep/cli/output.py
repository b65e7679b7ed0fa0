"""Results to stdout or files, talk to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from modelkeep.pipeline import Listener
    from modelkeep.report import Report


_REDRAW: Final = 0.1  # seconds
_WHOLE: Final = frozenset({"json", "sarif", "cyclonedx"})


def planned(style: str, outputs: tuple[str, ...]) -> list[tuple[str, Path | None]]:
    """Formats and where they go, checked before any work is done.

    Raises:
        click.UsageError: no such format, or a file that cannot be written.
    """
    from modelkeep.report import renderers  # noqa: PLC0415 - commands import late

    known = [renderer.name for renderer in renderers()]
    plan: list[tuple[str, Path | None]] = [(style, None)]
    for output in outputs:
        name, sign, file = output.partition("=")
        if not sign or not file:
            raise click.UsageError(f"--output {output!r} is not FORMAT=FILE")
        if Path(file).is_dir() or not Path(file).absolute().parent.is_dir():
            raise click.UsageError(f"--output {output!r}: not a place for a file")
        plan.append((name, Path(file)))
    for name, _ in plan:
        if name not in known:
            raise click.UsageError(f"unknown format {name!r}; use one of {', '.join(known)}")
    return plan


def write_report(
    report: Report,
    plan: list[tuple[str, Path | None]],
    min_severity: str | None = None,
    *,
    show_suppressed: bool = False,
) -> None:
    """Print the report and write its files; formats for programs hold what is suppressed."""
    from modelkeep.report import filter_findings, hide_suppressed  # noqa: PLC0415

    quiet = click.get_current_context().find_root().params.get("quiet")
    shown = filter_findings(report, min_severity) if min_severity else report
    short = shown if show_suppressed else hide_suppressed(shown)
    for name, path in plan:
        text = (shown if name in _WHOLE else short).render(name)
        if path is None:
            click.echo(text, nl=False)
        else:
            path.write_text(text, encoding="utf-8")
            if not quiet:
                click.echo(f"wrote {path}", err=True)


@contextmanager
def listening(context: click.Context) -> Iterator[Listener]:
    """A listener that talks on stderr, with a bar when that is a terminal."""
    from modelkeep.pipeline import Listener  # noqa: PLC0415

    quiet = bool(context.find_root().params.get("quiet"))
    if quiet:
        yield Listener()
        return

    def tell(sentence: str) -> None:
        click.echo(sentence, err=True)

    if not sys.stderr.isatty():
        yield Listener(tell=tell)
        return
    # rich is slow to import and useless where nobody watches.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    # It draws when it is told something and not from a thread of its own: worker processes
    # are forked only where no other thread runs.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("starting", total=None)
        drawn = 0.0

        def draw(what: str, done: float, total: float | None) -> None:
            nonlocal drawn
            bar.update(task, description=what[:48], completed=done, total=total)
            if time.monotonic() - drawn > _REDRAW or done == total:
                drawn = time.monotonic()
                bar.refresh()

        def advance(what: str, share: float) -> None:
            draw(what, share, None if share == 0 else 1.0)

        yield Listener(tell=bar.console.print, progress=advance, measured=draw)
