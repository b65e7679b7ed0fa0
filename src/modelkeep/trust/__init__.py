"""Sign, verify and encrypt models, compare checksums, gather the bill of materials."""

from modelkeep.trust.age import START as AGE
from modelkeep.trust.age import decrypt_age, encrypt_age
from modelkeep.trust.api_keys import ACTIONS as KEY_ACTIONS
from modelkeep.trust.api_keys import KeyHolder, Keyring
from modelkeep.trust.bom import BillOfMaterials, Library, gather_bom
from modelkeep.trust.certificates import load_certificates
from modelkeep.trust.encryption import (
    MAGIC,
    DecryptedSource,
    decrypt,
    encrypt,
    read_header,
    rewrap,
)
from modelkeep.trust.manifest import Difference, compare, digests_by_name, read_checksums
from modelkeep.trust.published import read_published
from modelkeep.trust.recipients import Identity, Recipient, load_identity, load_recipient
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
    "AGE",
    "KEY_ACTIONS",
    "MAGIC",
    "RULES",
    "BillOfMaterials",
    "DecryptedSource",
    "Difference",
    "Identity",
    "KeyHolder",
    "Keyring",
    "Library",
    "Recipient",
    "SignatureCheck",
    "State",
    "Terms",
    "compare",
    "decrypt",
    "decrypt_age",
    "digests_by_name",
    "encrypt",
    "encrypt_age",
    "findings",
    "gather_bom",
    "load_certificates",
    "load_identity",
    "load_recipient",
    "read_checksums",
    "read_header",
    "read_published",
    "rewrap",
    "sign_artifact",
    "verify_signature",
]
