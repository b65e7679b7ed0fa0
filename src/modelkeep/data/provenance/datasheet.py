"""A datasheet in Markdown, from the seal, the publisher's description and the lineage.

A question nobody answered is printed with "unknown": it is a gap to fill, and no "no".

Source: Gebru et al., "Datasheets for Datasets" (CACM 2021), for the sections.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.core.text import visible
from modelkeep.data.interface import DataManifest
from modelkeep.data.provenance.interface import UNKNOWN, Description, Lineage

_SECTIONS: Final = (
    ("Motivation", (("Use cases", "dataUseCases"), ("Social impact", "dataSocialImpact"))),
    (
        "Collection",
        (
            ("How it was collected", "dataCollection"),
            ("Kind of collection", "dataCollectionType"),
            ("When", "dataCollectionTimeframe"),
            ("Raw data", "dataCollectionRawData"),
            ("Missing data", "dataCollectionMissingData"),
            ("Personal or sensitive information", "personalSensitiveInformation"),
        ),
    ),
    (
        "Preprocessing and labelling",
        (
            ("Preprocessing", "dataPreprocessingProtocol"),
            ("Manipulation", "dataManipulationProtocol"),
            ("Imputation", "dataImputationProtocol"),
            ("Annotation", "dataAnnotationProtocol"),
            ("Annotation platform", "dataAnnotationPlatform"),
            ("Analysis of annotations", "dataAnnotationAnalysis"),
            ("Annotations per item", "annotationsPerItem"),
            ("Annotators", "annotatorDemographics"),
            ("Machine annotation", "machineAnnotationTools"),
        ),
    ),
    (
        "Uses and limits",
        (("Biases", "dataBiases"), ("Limitations", "dataLimitations")),
    ),
    ("Maintenance", (("Plan", "dataReleaseMaintenancePlan"),)),
)
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_MOST: Final = 50


def write_datasheet(
    name: str, manifest: DataManifest, lineage: Lineage, said: Description | None
) -> str:
    """The datasheet of a sealed data set, Markdown."""
    answers = said.responsible if said is not None else {}
    lines = [f"# Datasheet: {_text(name)}", ""]
    if said is not None and said.about:
        lines += [_text(said.about), ""]
    for title, questions in _SECTIONS:
        lines += [f"## {title}", ""]
        lines += [f"- {asked}: {_text(answers.get(key, UNKNOWN))}" for asked, key in questions]
        lines.append("")
        if title == "Motivation":
            lines += _composition(manifest)
    return "\n".join(lines + _distribution(manifest, lineage, said))


def _composition(manifest: DataManifest) -> list[str]:
    lines = [
        "## Composition",
        "",
        f"- Rows: {manifest.rows}",
        f"- Files: {len(manifest.files)}",
    ]
    for what, counts in (("Class", manifest.classes), ("Source", manifest.sources)):
        lines += [f"- {what} {_text(k)}: {n} rows" for k, n in list(counts.items())[:_MOST]]
        if len(counts) > _MOST:
            lines.append(f"- and {len(counts) - _MOST} more")
    columns = [column for file in manifest.files[:1] for column in file.columns]
    if columns:
        lines += ["", "| column | type | missing | least | greatest | distinct |"]
        lines += ["|---|---|---|---|---|---|"]
        lines += [
            f"| {_text(c.name)} | {_text(c.type)} | {c.nulls} | {_text(c.low)} "
            f"| {_text(c.high)} | {c.distinct} |"
            for c in columns[:_MOST]
        ]
        if len(columns) > _MOST:
            lines.append(f"\nand {len(columns) - _MOST} more columns")
    return [*lines, ""]


def _distribution(
    manifest: DataManifest, lineage: Lineage, said: Description | None
) -> list[str]:
    options = manifest.options
    licence = options.licence or (said.licence if said is not None else "") or UNKNOWN
    lines = [
        "## Distribution and origin",
        "",
        f"- Licence: {_text(licence)}",
        f"- Source: {_text(options.source or UNKNOWN)}",
        f"- Creators: {_text(', '.join(said.creators) if said else '') or UNKNOWN}",
        f"- Root of the seal: `{manifest.root}`",
    ]
    lines += [
        f"- Made by step {_text(step.step)} from "
        + ", ".join(f"{_text(str(m.get('name', '')))}" for m in step.materials)
        for step in lineage.steps
    ]
    lines += [
        f"- Origin: {_text(o.name)} `{o.sha256}`" + ("" if o.sealed else ", no seal on record")
        for o in lineage.origins
    ]
    return [*lines, ""]


def _text(said: str) -> str:
    """As words: what others wrote is neither markup nor a link in our page."""
    return _MARKUP.sub(r"\\\1", visible(said))
