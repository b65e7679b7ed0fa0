"""``modelkeep data provenance``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelkeep.cli.output import listening

if TYPE_CHECKING:
    from modelkeep.pipeline.data_provenance import Provenance

PATH = click.Path(path_type=Path)


@click.command("provenance")
@click.argument("path", metavar="DATA", type=PATH)
@click.option("--croissant", type=PATH, help="The publisher's Croissant 1.0 or 1.1 file.")
@click.option("--seal", type=PATH, help="Where the seal lies; default: DATA.seal.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "croissant", "datasheet"]),
    default="table",
)
@click.pass_context
def provenance(
    context: click.Context, path: Path, croissant: Path | None, seal: Path | None, style: str
) -> None:
    """Show where DATA comes from: every recorded step back to its sources.

    With a publisher's description, its digests are compared with the files here. What the
    description does not say of collection, bias or personal data is unknown, never "no".

    \b
    Examples:
      modelkeep data provenance clean.parquet
      modelkeep data provenance train.parquet --croissant croissant.json
      modelkeep data provenance train.parquet --format datasheet > DATASHEET.md

    \b
    Exit codes: 0 shown, 1 a file is not as its publisher describes it, 2 could not finish,
    64 usage.
    """
    from modelkeep import pipeline  # noqa: PLC0415 - keeps `--help` quick

    with listening(context) as listener:
        found = pipeline.trace_provenance(
            path, croissant=croissant, seal=seal, listener=listener, keep=context.obj
        )
    if style == "table":
        click.echo(_lines(found))
    elif style == "json":
        click.echo(_json(found))
    else:
        click.echo(pipeline.describe_as(style, found), nl=False)
    context.exit(1 if found.differing or found.absent else 0)


def _json(found: Provenance) -> str:
    import msgspec  # noqa: PLC0415 - keeps `--help` quick

    return json.dumps({"schema_version": 1, **msgspec.to_builtins(found)}, indent=2)


def _lines(found: Provenance) -> str:
    from modelkeep.core.text import visible  # noqa: PLC0415 - keeps `--help` quick

    lines = [f"{found.subject.name} sha256:{found.subject.digest.sha256}"]
    for step in found.lineage.steps:
        lines.append(f"STEP {step.step} made {step.product[:16]} ({step.statement_id[:19]})")
        lines += [
            f"  from {item.get('name', '')} {item.get('digest', {}).get('sha256', '')[:16]}"
            for item in step.materials
        ]
    for origin in found.lineage.origins:
        sealed = "sealed" if origin.sealed else "NOT SEALED"
        source, licence = origin.source or "unknown", origin.licence or "unknown"
        lines.append(
            f"SOURCE {origin.name} {origin.sha256[:16]} {sealed}, "
            f"from {source}, licence {licence}"
        )
    lines += [f"note: {note}" for note in found.lineage.notes]
    if found.said is not None:
        lines += [f"DIFFERS {name}" for name in found.differing]
        lines += [f"NOT HERE {name}" for name in found.absent]
        lines += [f"not described: {name}" for name in found.undescribed[:20]]
        lines += [f"{name}: {text}" for name, text in found.said.responsible.items()]
        lines += [f"{name}: unknown" for name in found.unknown]
    return "\n".join(visible(line) for line in lines)
