"""Sign and verify models, compare checksums, gather the bill of materials."""

from modelkeep.trust.bom import BillOfMaterials, Library, gather_bom
from modelkeep.trust.certificates import load_certificates
from modelkeep.trust.manifest import Difference, compare, digests_by_name, read_checksums
from modelkeep.trust.published import read_published
from modelkeep.trust.signing import sign_artifact
from modelkeep.trust.verifying import (
    RULES,
    SignatureCheck,
    State,
    Terms,
    findings,
    verify_signature,
)

__all__ = [
    "RULES",
    "BillOfMaterials",
    "Difference",
    "Library",
    "SignatureCheck",
    "State",
    "Terms",
    "compare",
    "digests_by_name",
    "findings",
    "gather_bom",
    "load_certificates",
    "read_checksums",
    "read_published",
    "sign_artifact",
    "verify_signature",
]
