"""The jobs users run, each a straight line through the rooms below."""

from modelkeep.pipeline.checking import check
from modelkeep.pipeline.diagnosis import diagnose
from modelkeep.pipeline.explaining import explain, pages
from modelkeep.pipeline.gating import gate
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.records import (
    export_evidence,
    list_evidence,
    prove_evidence,
    show_evidence,
    verify_evidence,
)
from modelkeep.pipeline.scanning import scan
from modelkeep.pipeline.signatures import sign, verify
from modelkeep.pipeline.trusting import add_trust, export_trust, list_trust, remove_trust
from modelkeep.pipeline.workspace import init_keep, keep_path, place_of_new_keep

__all__ = [
    "Listener",
    "add_trust",
    "check",
    "diagnose",
    "explain",
    "export_evidence",
    "export_trust",
    "gate",
    "init_keep",
    "keep_path",
    "list_evidence",
    "list_trust",
    "pages",
    "place_of_new_keep",
    "prove_evidence",
    "remove_trust",
    "scan",
    "show_evidence",
    "sign",
    "verify",
    "verify_evidence",
]
