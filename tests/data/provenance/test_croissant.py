"""Croissant read as data, and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core import InputError
from modelkeep.data.provenance import RESPONSIBLE, read_croissant

SAID: dict[str, Any] = {
    "@context": {"@vocab": "https://schema.org/", "conformsTo": "dct:conformsTo"},
    "@type": "sc:Dataset",
    "conformsTo": "http://mlcommons.org/croissant/1.1",
    "name": "rows",
    "license": ["CC-BY-4.0"],
    "creator": [{"@type": "sc:Person", "name": "Ann"}],
    "rai:dataBiases": ["towns only", "one year"],
    "prov:wasDerivedFrom": {"@id": "https://example.org/raw"},
    "distribution": [
        {"@type": "cr:FileObject", "@id": "d.csv", "contentUrl": "d.csv", "sha256": "AB" * 32}
    ],
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "croissant.json"
    path.write_text(json.dumps(SAID | changes))
    return path


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_both_versions_are_read(tmp_path: Path, version: str) -> None:
    conforms = f"http://mlcommons.org/croissant/{version}"
    found = read_croissant(written(tmp_path, conformsTo=conforms))
    assert (found.version, found.name, found.licence) == (version, "rows", "CC-BY-4.0")
    assert found.creators == ["Ann"]
    assert found.derived_from == ["https://example.org/raw"]
    assert found.files[0].sha256 == "ab" * 32


def test_what_is_not_said_is_absent_and_never_no(tmp_path: Path) -> None:
    found = read_croissant(written(tmp_path))
    assert found.responsible == {"dataBiases": "towns only; one year"}
    assert "no" not in found.responsible.values()
    assert len(RESPONSIBLE) == 20


@pytest.mark.parametrize(
    ("context", "key"),
    [
        ({}, "http://mlcommons.org/croissant/RAI/dataBiases"),
        ({"fair": "http://mlcommons.org/croissant/RAI/"}, "fair:dataBiases"),
        ({"bias": "rai:dataBiases"}, "bias"),
        ({"bias": {"@id": "rai:dataBiases", "@type": "@id"}}, "bias"),
        ("https://example.org/context", "rai:dataBiases"),
    ],
)
def test_a_property_is_known_under_every_name_the_document_gives_it(
    tmp_path: Path, context: object, key: str
) -> None:
    said = {k: v for k, v in SAID.items() if k != "rai:dataBiases"}
    full = "http://purl.org/dc/terms/conformsTo"
    said |= {"@context": [SAID["@context"], context], key: "x", full: said.pop("conformsTo")}
    path = tmp_path / "c.json"
    path.write_text(json.dumps(said))
    assert read_croissant(path).responsible == {"dataBiases": "x"}


def test_a_term_that_names_itself_ends(tmp_path: Path) -> None:
    context = {**SAID["@context"], "a": "b", "b": "a"}
    assert read_croissant(written(tmp_path, **{"@context": context, "a": 1})).name == "rows"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "{}",
        "[" * 200_000,
        json.dumps(SAID | {"conformsTo": "http://mlcommons.org/croissant/9.9"}),
        json.dumps(SAID | {"conformsTo": 5}),
        json.dumps(SAID | {"distribution": "all of it"}),
    ],
)
def test_what_is_no_croissant_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"c\.json"):
        read_croissant(path)


@pytest.mark.parametrize(
    "junk", [None, 5, [], {}, [[["x"]]], [{"@id": 5}], {"@value": 5}, True]
)
def test_values_of_odd_kinds_are_read_without_a_fall(tmp_path: Path, junk: object) -> None:
    keys = ("name", "license", "creator", "rai:dataBiases", "url", "prov:wasDerivedFrom")
    read_croissant(written(tmp_path, **dict.fromkeys(keys, junk)))
    read_croissant(written(tmp_path, distribution=[junk, {"contentUrl": junk}]))
