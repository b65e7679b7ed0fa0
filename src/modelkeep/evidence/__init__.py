"""Signed statements, the trust map, the transparency log, and facts read from them."""

from modelkeep.core.clock import timestamp, utc_now
from modelkeep.evidence.audit import anchor_problems, audit_log, read_anchor, write_anchor
from modelkeep.evidence.bundle import BundleReport, export_bundle, verify_bundle
from modelkeep.evidence.canonical import encode, parse_timestamp
from modelkeep.evidence.facts import Facts, gather_facts
from modelkeep.evidence.keep import (
    PROFILES,
    Keep,
    Receipt,
    create_keep,
    exists,
    find_keep,
    open_keep,
)
from modelkeep.evidence.keys import PublicKey, SigningKey, load_public
from modelkeep.evidence.lineage import Arrow, Lineage, Node, read_lineage, walk
from modelkeep.evidence.merkle import inclusion_proof
from modelkeep.evidence.predicate import FactValue
from modelkeep.evidence.predicate_training import BUILD_TYPE
from modelkeep.evidence.predicates import (
    MODEL_SIGNATURE,
    TABLE,
    by_key,
    by_uri,
    schema,
)
from modelkeep.evidence.rotation import revoke_key, rotate_key
from modelkeep.evidence.statement import (
    Clock,
    Statement,
    UnknownSignerError,
    make_statement,
    parse_envelope,
    parse_statement,
    seal,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.store import Store
from modelkeep.evidence.store_tables import Entry
from modelkeep.evidence.transfer import Imported, export_signed, import_signed
from modelkeep.evidence.trust_map import (
    Ending,
    Place,
    Signer,
    TrustMap,
    load_trust_map,
    parse_trust_map,
)
from modelkeep.evidence.upgrade import upgrade_keep

__all__ = [
    "BUILD_TYPE",
    "MODEL_SIGNATURE",
    "PROFILES",
    "TABLE",
    "Arrow",
    "BundleReport",
    "Clock",
    "Ending",
    "Entry",
    "FactValue",
    "Facts",
    "Imported",
    "Keep",
    "Lineage",
    "Node",
    "Place",
    "PublicKey",
    "Receipt",
    "Signer",
    "SigningKey",
    "Statement",
    "Store",
    "TrustMap",
    "UnknownSignerError",
    "anchor_problems",
    "audit_log",
    "by_key",
    "by_uri",
    "create_keep",
    "encode",
    "exists",
    "export_bundle",
    "export_signed",
    "find_keep",
    "gather_facts",
    "import_signed",
    "inclusion_proof",
    "load_public",
    "load_trust_map",
    "make_statement",
    "open_keep",
    "parse_envelope",
    "parse_statement",
    "parse_timestamp",
    "parse_trust_map",
    "read_anchor",
    "read_lineage",
    "revoke_key",
    "rotate_key",
    "schema",
    "seal",
    "statement_id",
    "timestamp",
    "upgrade_keep",
    "utc_now",
    "verify_bundle",
    "verify_envelope",
    "walk",
    "write_anchor",
]
