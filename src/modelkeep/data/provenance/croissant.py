"""Croissant 1.0 and 1.1: read what a publisher says, write what we know.

Croissant has a sha256 per file and no digest of rows or columns: ours stand under a
namespace of our own. Publishers' pipelines drop responsible-AI fields, so a field that is
absent is unknown, and what is unknown is not written.

Sources: MLCommons Croissant format 1.0 and 1.1; Croissant RAI vocabulary 1.0; W3C PROV-O.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from modelkeep.core import InputError
from modelkeep.core.text import visible
from modelkeep.data.interface import DataManifest, FileSeal
from modelkeep.data.provenance.interface import (
    RESPONSIBLE,
    DescribedFile,
    Description,
    Lineage,
)
from modelkeep.data.provenance.json_ld import (
    CROISSANT,
    DCT,
    PREFIXES,
    PROV,
    RAI,
    SCHEMA,
    Terms,
    texts,
)

KNOWN: Final = ("1.0", "1.1")
NAMESPACE: Final = "urn:modelkeep:croissant:"
_LARGEST: Final = 64 << 20
_MOST_FILES: Final = 100_000
_MEDIA: Final = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "jsonl": "application/jsonlines",
    "text": "text/plain",
}
_COLUMN_TYPES: Final = (
    (("int", "uint"), "sc:Integer"),
    (("float", "double", "half", "decimal"), "sc:Float"),
    (("bool",), "sc:Boolean"),
    (("date",), "sc:Date"),
    (("timestamp",), "sc:DateTime"),
)


def read_croissant(path: Path) -> Description:
    """Read a publisher's description.

    Raises:
        InputError: it cannot be read, is no Croissant, or of a version not known.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: too large for a Croissant description")
        document = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: is no JSON-LD node")
    terms = Terms(document.get("@context"))
    return _description(path, terms.expanded(document), terms)


def _description(path: Path, node: dict[str, Any], terms: Terms) -> Description:
    files = node.get(SCHEMA + "distribution")
    if isinstance(files, dict):
        files = [files]
    if files is not None and (not isinstance(files, list) or len(files) > _MOST_FILES):
        raise InputError(f"{path}: its distribution is no list of files")
    nodes = [terms.expanded(item) for item in files or () if isinstance(item, dict)]
    return Description(
        version=_version(path, node),
        name=_first(node, SCHEMA + "name"),
        about=_first(node, SCHEMA + "description"),
        licence=", ".join(texts(node.get(SCHEMA + "license"))),
        url=_first(node, SCHEMA + "url"),
        creators=list(texts(node.get(SCHEMA + "creator"))),
        derived_from=[
            text
            for key in (PROV + "wasDerivedFrom", SCHEMA + "isBasedOn")
            for text in texts(node.get(key))
        ],
        files=[_file(item) for item in nodes if SCHEMA + "contentUrl" in item],
        responsible={
            name: said
            for name in RESPONSIBLE
            if (said := "; ".join(texts(node.get(RAI + name))).strip())
        },
    )


def _version(path: Path, node: dict[str, Any]) -> str:
    said = list(texts(node.get(DCT + "conformsTo"))) or list(
        texts(node.get(SCHEMA + "conformsTo"))
    )
    for text in said:
        version = text.removeprefix(CROISSANT)
        if version in KNOWN:
            return version
    if not said:
        raise InputError(f"{path}: does not say that it conforms to Croissant")
    raise InputError(
        f"{path}: conforms to {visible(said[0])}", f"Known: Croissant {', '.join(KNOWN)}."
    )


def _first(node: dict[str, Any], key: str) -> str:
    return next(texts(node.get(key)), "")


def _file(node: dict[str, Any]) -> DescribedFile:
    name = _first(node, SCHEMA + "name") or _first(node, "@id")
    digest = _first(node, SCHEMA + "sha256").lower()
    return DescribedFile(name, _first(node, SCHEMA + "contentUrl"), digest)


def write_croissant(
    name: str, manifest: DataManifest, lineage: Lineage, said: Description | None
) -> str:
    """A Croissant 1.1 document of a sealed data set.

    Args:
        name: of the data set.
        manifest: its seal's.
        lineage: what it was made of.
        said: what the publisher says; carried over.
    """
    tables = [file for file in manifest.files if file.columns]
    document: dict[str, Any] = {
        "@context": {
            "@language": "en",
            "@vocab": SCHEMA,
            **{key: PREFIXES[key] for key in ("cr", "rai", "sc", "dct", "prov")},
            "mk": NAMESPACE,
            "conformsTo": "dct:conformsTo",
            "recordSet": "cr:recordSet",
            "field": "cr:field",
            "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
            "source": "cr:source",
            "extract": "cr:extract",
            "column": "cr:column",
            "fileObject": "cr:fileObject",
        },
        "@type": "sc:Dataset",
        "conformsTo": f"{CROISSANT}1.1",
        "name": said.name if said is not None and said.name else name,
        "distribution": [_file_object(file) for file in manifest.files],
        "recordSet": [_record_set(file) for file in tables],
        "mk:root": manifest.root,
        "mk:rows": manifest.rows,
    }
    if manifest.classes:  # names are data here, no properties
        document["mk:classes"] = [
            {"name": label, "mk:rows": rows} for label, rows in manifest.classes.items()
        ]
    licence = manifest.options.licence or (said.licence if said is not None else "")
    if licence:
        document["license"] = licence
    if said is not None:
        document |= _carried_over(said)
    based = [
        {"@id": f"urn:sha256:{origin.sha256}", "name": origin.name}
        for origin in lineage.origins
        if lineage.steps
    ]
    based += [{"@id": text} for text in (said.derived_from if said is not None else ())]
    if manifest.options.source:
        based.append({"@id": manifest.options.source})
    if based:
        document["prov:wasDerivedFrom"] = based
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _carried_over(said: Description) -> dict[str, Any]:
    found: dict[str, Any] = {f"rai:{name}": text for name, text in said.responsible.items()}
    if said.about:
        found["description"] = said.about
    if said.url:
        found["url"] = said.url
    if said.creators:
        found["creator"] = [{"@type": "sc:Organization", "name": n} for n in said.creators]
    return found


def _file_object(file: FileSeal) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.size} B",
        "encodingFormat": _MEDIA.get(file.format, "application/octet-stream"),
        "sha256": file.sha256,
        "mk:blake3": file.blake3,
        "mk:rows": file.rows,
    }


def _record_set(file: FileSeal) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": f"rows of {file.path}",
        "name": f"rows of {file.path}",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"rows of {file.path}/{column.name}",
                "name": column.name,
                "dataType": _data_type(column.type),
                "source": {
                    "fileObject": {"@id": file.path},
                    "extract": {"column": column.name},
                },
                "mk:blocks": column.blocks,
            }
            for column in file.columns
        ],
    }


def _data_type(kind: str) -> str:
    for starts, named in _COLUMN_TYPES:
        if kind.startswith(starts):
            return named
    return "sc:Text"
