"""Statements that a known vulnerability does not apply to one build, and why (VEX).

Such a statement holds for the bytes it names: its product must carry the sha256 digest of
the file that was read, or of the model that runs in the environment. A statement about
another digest, or without a digest or a reason, changes nothing, and is counted.

Sources: OpenVEX specification 0.2.0; CycloneDX 1.6, ``vulnerabilities[].analysis``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from modelkeep.core import InputError

_MOST_BYTES: Final = 16 << 20
_OPEN: Final = frozenset({"not_affected", "fixed"})
_CYCLONE: Final = frozenset(
    {"not_affected", "false_positive", "resolved", "resolved_with_pedigree"}
)


@dataclass(frozen=True, slots=True)
class Exemption:
    """One vulnerability that does not apply to one product.

    Attributes:
        names: ids of the vulnerability.
        sha256: digests of the product.
        package: the part it is about, normalised; empty for the product as a whole.
        version: the version of that part; empty for any.
        reason: why, in the words of the document.
        origin: the file that says so.
    """

    names: frozenset[str]
    sha256: frozenset[str]
    package: str
    version: str
    reason: str
    origin: str

    def covers(
        self, names: Collection[str], package: str, version: str, digests: Collection[str]
    ) -> bool:
        """Whether it is about a vulnerability of a package in a product with such a digest."""
        return bool(
            self.names & set(names)
            and self.sha256 & set(digests)
            and self.package in ("", package)
            and self.version in ("", version)
        )


def read_vex(path: str | Path) -> tuple[tuple[Exemption, ...], int]:
    """The exemptions of a document that name a digest and a reason, and how many do not.

    Raises:
        InputError: no such file, or neither OpenVEX nor CycloneDX.
    """
    try:
        raw = Path(path).read_bytes()
        if len(raw) > _MOST_BYTES:
            raise InputError(f"{path}: larger than {_MOST_BYTES >> 20} MiB")
        document = json.loads(raw)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error})") from error
    try:
        if "statements" in document and "openvex" in str(document.get("@context", "")):
            made = list(_openvex(document, Path(path).name))
        elif document.get("bomFormat") == "CycloneDX":
            made = list(_cyclonedx(document, Path(path).name))
        else:
            raise InputError(f"{path}: neither OpenVEX nor CycloneDX")
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not as its format says ({error!r})") from error
    kept = tuple(one for one in made if one.sha256 and one.names and one.reason)
    return kept, len(made) - len(kept)


def _openvex(document: dict[str, Any], origin: str) -> Iterator[Exemption]:
    for statement in document["statements"]:
        if statement["status"] not in _OPEN:
            continue
        said = statement["vulnerability"]
        flaw = {"name": said} if isinstance(said, str) else said
        names = frozenset({flaw.get("name", ""), *flaw.get("aliases", ())} - {""})
        words = [statement.get("justification"), statement.get("impact_statement")]
        if statement["status"] == "fixed":
            words.insert(0, "fixed")
        for product in statement.get("products", ()):
            # A product that is an id alone names no bytes.
            fields = product if isinstance(product, dict) else {}
            digest = fields.get("hashes", {}).get("sha-256")
            digests = frozenset({digest} if digest else ())
            parts = fields.get("subcomponents")
            for package, version in [("", "")] if not parts else map(_part, parts):
                yield Exemption(names, digests, package, version, _reason(words), origin)


def _part(part: dict[str, Any] | str) -> tuple[str, str]:
    if isinstance(part, str):
        return _package(part)
    return _package(str(part.get("identifiers", {}).get("purl") or part.get("@id", "")))


def _cyclonedx(document: dict[str, Any], origin: str) -> Iterator[Exemption]:
    product = document.get("metadata", {}).get("component", {})
    hashes = product.get("hashes", ())
    digests = frozenset(item["content"] for item in hashes if item["alg"] == "SHA-256")
    parts = document.get("components", ())
    purls = {part["bom-ref"]: part.get("purl", "") for part in parts if "bom-ref" in part}
    for flaw in document.get("vulnerabilities", ()):
        analysis = flaw.get("analysis", {})
        if analysis.get("state") not in _CYCLONE:
            continue
        same = (item["id"] for item in flaw.get("references", ()))
        names = frozenset({flaw.get("id", ""), *same} - {""})
        reason = _reason([analysis.get("justification"), analysis.get("detail")])
        for affected in flaw.get("affects", ()):
            ref = str(affected["ref"])
            whole = ref == product.get("bom-ref")
            package, version = ("", "") if whole else _package(purls.get(ref) or ref)
            yield Exemption(names, digests, package, version, reason, origin)


def _package(purl: str) -> tuple[str, str]:
    """Name and version of a package URL; what is none names a package nobody has."""
    if not purl.startswith("pkg:pypi/"):
        return purl or "?", ""
    plain = purl.removeprefix("pkg:pypi/").partition("?")[0].partition("#")[0]
    name, _, version = plain.partition("@")
    return str(canonicalize_name(unquote(name))), unquote(version)


def _reason(words: Iterable[object]) -> str:
    return ": ".join(str(word) for word in words if word)
