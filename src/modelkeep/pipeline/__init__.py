"""The jobs users run, each a straight line through the rooms below.

A job is imported when it is first asked for: a plain scan needs neither the store, nor
Cedar, nor cryptography, and must not wait for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from modelkeep.pipeline.listening import Listener

if TYPE_CHECKING:
    from modelkeep.pipeline.ancestry import lineage
    from modelkeep.pipeline.artifacts import examine
    from modelkeep.pipeline.assessments import assess, verify_adversarial
    from modelkeep.pipeline.checking import check
    from modelkeep.pipeline.converting import convert
    from modelkeep.pipeline.data_checks import check_data, draft_schema, profile_data
    from modelkeep.pipeline.data_encrypting import encrypt_data, open_data
    from modelkeep.pipeline.data_leaks import find_leaks
    from modelkeep.pipeline.data_personal import find_personal_data
    from modelkeep.pipeline.data_poison import find_poison
    from modelkeep.pipeline.data_provenance import describe_as, trace_provenance
    from modelkeep.pipeline.data_review import apply_cleaning, record_decisions, review_queue
    from modelkeep.pipeline.data_scaling import fit_scaling, scale_data
    from modelkeep.pipeline.data_seals import seal_data, verify_data
    from modelkeep.pipeline.data_tracing import trace_row
    from modelkeep.pipeline.diagnosis import diagnose
    from modelkeep.pipeline.encrypting import decrypt_model, encrypt_model, rewrap_model
    from modelkeep.pipeline.explaining import explain, list_rules, pages
    from modelkeep.pipeline.gating import gate
    from modelkeep.pipeline.granting import (
        explain_access,
        give_role,
        list_access,
        review_access,
    )
    from modelkeep.pipeline.hardening import harden
    from modelkeep.pipeline.loading import admit, guard, load
    from modelkeep.pipeline.privacy_ledger import (
        charge_release,
        set_privacy_budget,
        show_privacy_ledger,
    )
    from modelkeep.pipeline.records import (
        export_evidence,
        list_evidence,
        prove_evidence,
        show_evidence,
        verify_evidence,
    )
    from modelkeep.pipeline.registering import (
        approve_version,
        break_glass,
        fetch_version,
        list_registry,
        move_version,
        register,
        show_version,
    )
    from modelkeep.pipeline.scanning import scan
    from modelkeep.pipeline.signatures import sign, verify
    from modelkeep.pipeline.suppressing import write_baseline
    from modelkeep.pipeline.training import record_training
    from modelkeep.pipeline.trusting import (
        add_trust,
        export_signed_trust,
        export_trust,
        import_trust,
        list_trust,
        remove_trust,
        revoke_trust,
        rotate_trust,
    )
    from modelkeep.pipeline.upgrading import upgrade
    from modelkeep.pipeline.vulnerabilities import find_vulnerabilities
    from modelkeep.pipeline.workspace import (
        Workspace,
        init_keep,
        keep_path,
        open_workspace,
        place_of_new_keep,
    )

_HOMES: Final = {
    "ancestry": ("lineage",),
    "training": ("record_training",),
    "granting": ("explain_access", "give_role", "list_access", "review_access"),
    "artifacts": ("examine",),
    "assessments": ("assess", "verify_adversarial"),
    "checking": ("check",),
    "converting": ("convert",),
    "data_encrypting": ("encrypt_data", "open_data"),
    "data_leaks": ("find_leaks",),
    "data_personal": ("find_personal_data",),
    "data_poison": ("find_poison",),
    "data_provenance": ("describe_as", "trace_provenance"),
    "data_review": ("apply_cleaning", "record_decisions", "review_queue"),
    "data_tracing": ("trace_row",),
    "data_checks": ("check_data", "draft_schema", "profile_data"),
    "data_scaling": ("fit_scaling", "scale_data"),
    "data_seals": ("seal_data", "verify_data"),
    "diagnosis": ("diagnose",),
    "encrypting": ("decrypt_model", "encrypt_model", "rewrap_model"),
    "explaining": ("explain", "list_rules", "pages"),
    "gating": ("gate",),
    "loading": ("admit", "guard", "load"),
    "hardening": ("harden",),
    "privacy_ledger": ("charge_release", "set_privacy_budget", "show_privacy_ledger"),
    "records": (
        "export_evidence",
        "list_evidence",
        "prove_evidence",
        "show_evidence",
        "verify_evidence",
    ),
    "registering": (
        "approve_version",
        "break_glass",
        "fetch_version",
        "list_registry",
        "move_version",
        "register",
        "show_version",
    ),
    "scanning": ("scan",),
    "signatures": ("sign", "verify"),
    "suppressing": ("write_baseline",),
    "trusting": (
        "add_trust",
        "export_signed_trust",
        "export_trust",
        "import_trust",
        "list_trust",
        "remove_trust",
        "revoke_trust",
        "rotate_trust",
    ),
    "upgrading": ("upgrade",),
    "vulnerabilities": ("find_vulnerabilities",),
    "workspace": ("Workspace", "init_keep", "keep_path", "open_workspace", "place_of_new_keep"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything
    """Import a job from its file on first use."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"modelkeep.pipeline.{home}"), name)
    raise AttributeError(f"module 'modelkeep.pipeline' has no attribute {name!r}")


__all__ = [
    "Listener",
    "Workspace",
    "add_trust",
    "admit",
    "apply_cleaning",
    "approve_version",
    "assess",
    "break_glass",
    "charge_release",
    "check",
    "check_data",
    "convert",
    "decrypt_model",
    "describe_as",
    "diagnose",
    "draft_schema",
    "encrypt_data",
    "encrypt_model",
    "examine",
    "explain",
    "explain_access",
    "export_evidence",
    "export_signed_trust",
    "export_trust",
    "fetch_version",
    "find_leaks",
    "find_personal_data",
    "find_poison",
    "find_vulnerabilities",
    "fit_scaling",
    "gate",
    "give_role",
    "guard",
    "harden",
    "import_trust",
    "init_keep",
    "keep_path",
    "lineage",
    "list_access",
    "list_evidence",
    "list_registry",
    "list_rules",
    "list_trust",
    "load",
    "move_version",
    "open_data",
    "open_workspace",
    "pages",
    "place_of_new_keep",
    "profile_data",
    "prove_evidence",
    "record_decisions",
    "record_training",
    "register",
    "remove_trust",
    "review_access",
    "review_queue",
    "revoke_trust",
    "rewrap_model",
    "rotate_trust",
    "scale_data",
    "scan",
    "seal_data",
    "set_privacy_budget",
    "show_evidence",
    "show_privacy_ledger",
    "show_version",
    "sign",
    "trace_provenance",
    "trace_row",
    "upgrade",
    "verify",
    "verify_adversarial",
    "verify_data",
    "verify_evidence",
    "write_baseline",
]
