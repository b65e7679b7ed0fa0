"""VEX: a statement counts for the digest it names, with its reason, and for nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dependency_samples import openvex
from modelkeep.core import InputError
from modelkeep.trust.dependencies.vex import Exemption, read_vex

HERE = "a" * 64


def read(tmp_path: Path, document: dict[str, Any]) -> tuple[tuple[Exemption, ...], int]:
    path = tmp_path / "vex.json"
    path.write_text(json.dumps(document))
    return read_vex(path)


def covers(exemption: Exemption, **changed: object) -> bool:
    asked: dict[str, Any] = {
        "names": ["CVE-2099-0001"],
        "package": "alpha-net",
        "version": "1.4.0",
    }
    return exemption.covers(**{**asked, "digests": {HERE}, **changed})


def test_openvex_covers_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    (made,), left = read(tmp_path, openvex(HERE))
    assert left == 0
    assert made.reason == "vulnerable_code_not_in_execute_path"
    assert covers(made)
    assert not covers(made, digests={"b" * 64})
    assert not covers(made, names=["CVE-2099-0002"])
    assert not covers(made, package="beta-tools")
    assert not covers(made, version="1.4.1")


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_open_statements_exempt_nothing(tmp_path: Path, status: str) -> None:
    assert read(tmp_path, openvex(HERE, status=status)) == ((), 0)


@pytest.mark.parametrize(
    "document",
    [openvex(None), openvex(HERE, justification=""), openvex(HERE, products=["pkg:generic/a"])],
    ids=["no digest", "no reason", "an id alone"],
)
def test_statement_without_digest_or_reason_is_left_out(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    assert read(tmp_path, document) == ((), 1)


def test_part_that_is_no_package_covers_no_package(tmp_path: Path) -> None:
    document = openvex(HERE)
    for part in ({}, {"@id": ""}, {"@id": "urn:other"}):
        document["statements"][0]["products"][0]["subcomponents"] = [part]
        ((made,), _) = read(tmp_path, document)
        assert not covers(made)


def test_whole_product_is_covered_where_no_part_is_named(tmp_path: Path) -> None:
    document = openvex(HERE)
    del document["statements"][0]["products"][0]["subcomponents"]
    ((made,), _) = read(tmp_path, document)
    assert covers(made)
    assert covers(made, package="beta-tools", version="9")


def cyclonedx(**analysis: str) -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {
            "component": {"bom-ref": "it", "hashes": [{"alg": "SHA-256", "content": HERE}]}
        },
        "components": [{"bom-ref": "part", "purl": "pkg:pypi/Alpha_Net@1.4.0"}],
        "vulnerabilities": [
            {
                "id": "GHSA-aaaa-bbbb-cccc",
                "references": [{"id": "CVE-2099-0001"}],
                "analysis": {"state": "not_affected", **analysis},
                "affects": [{"ref": "part"}],
            }
        ],
    }


def test_cyclonedx_is_read_alike(tmp_path: Path) -> None:
    (made,), _ = read(tmp_path, cyclonedx(justification="code_not_reachable", detail="cut out"))
    assert made.reason == "code_not_reachable: cut out"
    assert covers(made)
    assert not covers(made, version="2.0")
    assert not covers(made, digests={"b" * 64})
    assert read(tmp_path, cyclonedx()) == ((), 1)
    assert read(tmp_path, cyclonedx(state="exploitable", detail="x")) == ((), 0)
    document = cyclonedx(detail="x")
    document["vulnerabilities"][0]["affects"] = [{"ref": "it"}]
    ((whole,), _) = read(tmp_path, document)
    assert covers(whole, package="other")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("{}", "neither OpenVEX nor CycloneDX"),
        ("[]", "not as its format says"),
        ('{"@context": "https://openvex.dev/ns", "statements": [{}]}', "not as its format"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "vex.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_vex(path)
    with pytest.raises(InputError, match="No such file"):
        read_vex(tmp_path / "none.json")
