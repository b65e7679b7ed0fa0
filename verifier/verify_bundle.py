"""Verify an evidence bundle without the package that made it.

    python verify_bundle.py BUNDLE --trust TRUST.json [--anchor FILE]
                            [--at 2026-11-23T21:00:00Z] [--json]

One file; needs Python 3.11, `cryptography`, and `cedarpy` to evaluate the policy again.
TRUST.json is your own trust map, the anchor a log checkpoint that you kept yourself.

What it proves: who asserted what about the subject and when; that it is in the log that
signed the checkpoint; which facts follow at ``--at``; that the newest decision follows
from the facts of its moment by the policy in the bundle. What it does not prove: that
what was asserted is true; that nothing was left out; that the policy is the one you
agreed on (compare the digest it prints). A verifier that travels with the bundle proves
nothing at all: compare this file's sha256 with `verify_bundle.py.sha256` in the project's
repository.

Every check is one line: `ok`, `FAIL` or `note`. Exit code 0: all holds; 1: something does
not, and is named; 2: the input cannot be read as what it should be; 64: usage.

Sources: RFC 9162 section 2.1; C2SP signed-note and tlog-checkpoint; DSSE v1.0; in-toto
Statement v1; SLSA verification summary v1; RFC 8785; Cedar's JSON policy format.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import hashlib
import itertools
import json
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

# Name in the trust map: predicate type, and the facts it may assert. They are whole numbers,
# but for those in BOOLEAN.
TABLE: Final = {
    "scan": (
        "urn:modelkeep:predicate:scan:1",
        ("scan_critical", "scan_high", "scan_inconclusive", "scan_unread"),
    ),
    "signature": (
        "https://in-toto.io/attestation/svr/v0.1",
        ("signature_present", "signature_trusted", "signature_broken"),
    ),
    "bom": ("urn:modelkeep:predicate:bom:1", ("bom_components",)),
    "performance": (
        "urn:modelkeep:predicate:performance:1",
        ("test_accuracy_ppm", "test_rows"),
    ),
    "evasion": (
        "urn:modelkeep:predicate:evasion:1",
        (
            "clean_accuracy_ppm",
            "robust_accuracy_low_ppm",
            "robust_radius_linf_ppm",
            "gradient_masking_suspected",
        ),
    ),
    "membership": ("urn:modelkeep:predicate:membership:1", ("membership_auc_low_ppm",)),
    "extraction": (
        "urn:modelkeep:predicate:extraction:1",
        ("extraction_fidelity_low_ppm", "extraction_queries"),
    ),
    "fairness": ("urn:modelkeep:predicate:fairness:1", ("accuracy_gap_high_ppm",)),
    "backdoor": (
        "urn:modelkeep:predicate:backdoor:1",
        ("backdoor_suspected", "backdoor_tested_classes"),
    ),
    "explanation": ("urn:modelkeep:predicate:explanation:1", ()),
    "seal": ("urn:modelkeep:predicate:seal:1", ("data_sealed", "data_rows", "data_files")),
    "data-poison": (
        "urn:modelkeep:predicate:data-poison:1",
        (
            "poison_groups",
            "poison_share_ppm",
            "poison_power_low_ppm",
            "certified_10_rows_ppm",
        ),
    ),
    "data-review": ("urn:modelkeep:predicate:data-review:1", ()),
    "data-derivation": (
        "urn:modelkeep:predicate:data-derivation:1",
        ("data_rows_removed", "data_rows_relabelled"),
    ),
    "training": ("https://slsa.dev/provenance/v1", ()),
    "hardening": ("urn:modelkeep:predicate:hardening:1", ()),
    "data-check": (
        "urn:modelkeep:predicate:data-check:1",
        ("data_check_passed", "data_rows_checked", "data_rows_bad", "data_rules_not_run"),
    ),
    "test-result": ("https://in-toto.io/attestation/test-result/v0.1", ()),
    "decision": ("https://slsa.dev/verification_summary/v1", ()),
    "revocation": ("urn:modelkeep:predicate:revocation:1", ()),
    "stage": (
        "urn:modelkeep:predicate:stage:1",
        ("stage_quarantined", "stage_retired", "stage_revoked"),
    ),
    "approval": ("urn:modelkeep:predicate:approval:1", ()),
    "access": ("urn:modelkeep:predicate:access:1", ()),
    "access-use": ("urn:modelkeep:predicate:access-use:1", ()),
    "upgrade": ("urn:modelkeep:predicate:upgrade:1", ()),
    "requests": ("urn:modelkeep:predicate:requests:1", ()),
    "hold": ("urn:modelkeep:predicate:hold:1", ("serving_held",)),
    "privacy-budget": ("urn:modelkeep:predicate:privacy-budget:1", ()),
    "privacy-charge": ("urn:modelkeep:predicate:privacy-charge:1", ()),
    "model-signature": ("https://model_signing/signature/v1.0", ()),
}
BOOLEAN: Final = frozenset(
    {
        "signature_present",
        "signature_trusted",
        "signature_broken",
        "data_sealed",
        "serving_held",
        "data_check_passed",
        "stage_quarantined",
        "stage_retired",
        "stage_revoked",
        "gradient_masking_suspected",
        "backdoor_suspected",
    }
)
NAMES: Final = {uri: name for name, (uri, _) in TABLE.items()}
KINDS: Final = ("model", "dataset", "code", "image", "run", "key")
PAYLOAD: Final = "application/vnd.in-toto+json"
# Cedar's parser overflows its stack or the memory on more, which ends the process.
LONGEST_POLICY, LONGEST_CONDITION, DEEPEST = 65_536, 2048, 64
ASIDE: Final = re.compile(r'"(?:\\.|[^"\\])*+"|//[^\n\r]*+')  # texts and comments
OK, FAIL, UNREADABLE, USAGE = 0, 1, 2, 64
PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
Kind = TypeVar("Kind")


class BadError(ValueError):
    """What was read is not what it should be, or does not hold."""


class StrangerError(BadError):
    """Nobody whom the trust map knows has signed it, so it counts for nothing."""


class Report:
    """The lines (status, name of the check, text) and the facts in force."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []
        self.facts: dict[str, int | bool] = {}

    def say(self, status: str, check: str, text: str) -> None:
        """Add a line, from which nothing that came with the input can break out."""
        plain = (c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text)
        self.lines.append((status, check, "".join(plain)))

    def judge(self, check: str, function: Callable[..., str], *given: object) -> bool:
        """Say ``ok`` and what a check returns, or ``FAIL`` and what it raises."""
        try:
            self.say("ok", check, function(*given))
        except BadError as error:
            self.say("FAIL", check, str(error))
            return False
        return True


def load_json(data: bytes, what: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadError(f"{what} is not JSON: {error}") from error


def member(data: object, name: str, kind: type[Kind]) -> Kind:
    """A member of a JSON object, of exactly this type."""
    value = data.get(name) if isinstance(data, dict) else None
    if type(value) is not kind:
        raise BadError(f"{name!r} is missing or not of type {kind.__name__}")
    return value


def from_base64(text: str) -> bytes:
    """Decode base64, standard or URL-safe: DSSE allows both."""
    try:
        return base64.b64decode(text.translate({45: "+", 95: "/"}), validate=True)
    except ValueError as error:
        raise BadError(f"not base64: {text[:40]!r}") from error


def moment(text: object) -> dt.datetime:
    """Read a time in UTC, to the second."""
    shape = "%Y-%m-%dT%H:%M:%SZ"
    try:
        found = dt.datetime.strptime(str(text), shape).replace(tzinfo=dt.UTC)
        if found.strftime(shape) == text:  # strptime forgives missing zeros
            return found
    except ValueError:
        pass
    raise BadError(f"not a time such as 2026-11-23T21:00:00Z: {text!r}")


def canonical(value: object) -> str:
    """RFC 8785: members in UTF-16 order, numbers as ECMAScript writes them."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return f"{{{','.join(f'{canonical(n)}:{canonical(value[n])}' for n in names)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """Number::toString of ECMA-262; an integer that a double may not hold is refused."""
    exact = abs(Decimal(repr(value))).normalize()
    if not exact.is_finite() or (isinstance(value, int) and exact >= 2**53):
        raise BadError(f"{value} is not a JSON number")
    plain = exact == 0 or Decimal("1e-6") <= exact < Decimal("1e21")
    return f"{'-' * (value < 0)}{exact:{'f' if plain else 'e'}}"


class Ending(NamedTuple):
    """A key counts for what it signed before a time and among the first entries of a log."""

    since: dt.datetime
    log: str
    entries: int

    def covers(self, issued: dt.datetime, origin: str, index: int) -> bool:
        """Whether a statement counts; whoever stole the key can state any time."""
        return issued < self.since and (origin != self.log or index < self.entries)


class Trust(NamedTuple):
    """The trust map: signers' names, keys, grants and ends by key id; log keys by origin."""

    names: dict[str, str]
    keys: dict[str, PublicKey]
    grants: dict[str, set[str]]
    logs: dict[str, str]
    ends: dict[str, Ending]


def read_key(pem: str) -> tuple[str, PublicKey]:
    """A public key and its id, the sha256 of its SubjectPublicKeyInfo."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadError(f"not a public key in PEM: {error}") from error
    p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if not isinstance(key, PublicKey) or not (
        p256 or isinstance(key, ed25519.Ed25519PublicKey)
    ):
        raise BadError("only ECDSA P-256 and Ed25519 keys are used")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest(), key


def read_trust(document: object, report: Report) -> Trust:
    """Read a trust map; a signer whose key id is not that of its key does not count."""
    trust = Trust({}, {}, {}, {}, {})
    if member(document, "version", int) != 1:
        raise BadError("the trust map's version is not known")
    for signer in member(document, "signers", list):
        name, (keyid, key) = (
            member(signer, "name", str),
            read_key(member(signer, "public_key", str)),
        )
        may = [
            TABLE.get(item, ("",))[0] for item in map(str, member(signer, "predicates", list))
        ]
        if "" in may:
            raise BadError(f"the trust map lets {name!r} assert a predicate that is not known")
        wrong = keyid != member(signer, "keyid", str)
        status = "FAIL" if wrong else "ok"
        report.say(status, "trust", f"key id of {name!r} is {'not ' * wrong}that of its key")
        if not wrong:
            trust.names[keyid], trust.keys[keyid] = name, key
            trust.grants.setdefault(keyid, set()).update(may)
        ended = signer.get("ended")
        if ended is not None and not wrong:
            origin = member({"log": ""} | ended, "log", str)
            entries = member({"entries": 0} | ended, "entries", int)
            trust.ends[keyid] = Ending(moment(member(ended, "since", str)), origin, entries)
    for log in member(document, "logs", list):
        trust.logs.setdefault(member(log, "origin", str), member(log, "vkey", str))
    return trust


def signed_by(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the key signed the message."""
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class Checkpoint(NamedTuple):
    """Name, size and root hash of a log."""

    origin: str
    size: int
    root: bytes


def open_checkpoint(note: str, trust: Trust) -> Checkpoint:
    """Read a signed note and verify it with the log's key in the trust map."""
    body, gap, signatures = note.rpartition("\n\n")
    origin, size, root = [*body.split("\n"), "", ""][:3]
    shape = r"(0|[1-9]\d{0,17})\n[A-Za-z0-9+/]{43}="  # a size and a sha256
    if not gap or not re.fullmatch(shape, f"{size}\n{root}", re.ASCII):
        raise BadError(f"not a log checkpoint: {note[:60]!r}")
    if origin not in trust.logs:
        raise BadError(f"the trust map does not know the log {origin!r}")
    # origin+hint+key: an origin holds no plus sign, the key's base64 may hold several.
    encoded = trust.logs[origin].split("+", 2)[-1]
    raw = from_base64(encoded)
    hint = hashlib.sha256(f"{origin}\n".encode() + raw).digest()[:4]
    if trust.logs[origin] != f"{origin}+{hint.hex()}+{encoded}" or raw[:1] != b"\x01":
        raise BadError(f"the trust map's key of the log {origin!r} is not a key of it")
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(raw[1:])
        message = f"{body}\n".encode()
    except ValueError as error:
        raise BadError(f"the checkpoint cannot be verified: {error}") from error
    for line in signatures.split("\n"):
        found = re.fullmatch(r"\u2014 (\S+) ([A-Za-z0-9+/]+=*)", line)
        blob = from_base64(found[2]) if found and found[1] == origin else b""
        if blob[:4] == hint and signed_by(key, blob[4:], message):
            return Checkpoint(origin, int(size), from_base64(root))
    raise BadError(f"the checkpoint of {origin!r} is not signed by the trusted log key")


def node(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Root of the tree in which the leaf has this inclusion path (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size or (size == 1) != (not path):
        raise BadError("its inclusion proof does not fit the log")
    if size == 1:
        return leaf
    half = 1 << ((size - 1).bit_length() - 1)  # largest power of two smaller than size
    if index < half:
        return node(root_from(leaf, index, half, path[:-1]), path[-1])
    return node(path[-1], root_from(leaf, index - half, size - half, path[:-1]))


def roots_from(
    old: int, new: int, path: list[bytes], left: bytes | None
) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to (RFC 9162, 2.1.4.1).

    ``left`` is the old root, as long as the subtree looked at starts at the first leaf.
    """
    if old == new and len(path) == (left is None):
        return (left or path[0],) * 2
    if not 0 < old < new or not path:
        raise BadError("the consistency proof does not fit the log")
    half = 1 << ((new - 1).bit_length() - 1)
    if old <= half:
        before, after = roots_from(old, half, path[:-1], left)
        return before, node(after, path[-1])
    before, after = roots_from(old - half, new - half, path[:-1], None)
    return node(path[-1], before), node(path[-1], after)


def check_anchor(
    note: str, log: Checkpoint, proofs: dict[int, list[bytes]], trust: Trust
) -> str:
    """Whether the log continues the one whose checkpoint the verifier kept."""
    kept = open_checkpoint(note, trust)
    if kept.origin != log.origin or kept.size > log.size:
        raise BadError(
            f"it is of {kept.size} entries of the log {kept.origin!r}, not of this one"
        )
    if kept.size < log.size and kept.size not in proofs:
        raise BadError(f"the bundle has no proof from its {kept.size} entries")
    path = proofs[kept.size] if kept.size < log.size else []
    if roots_from(kept.size, log.size, path, kept.root) != (kept.root, log.root):
        raise BadError(f"the log does not continue the {kept.size} entries it saw")
    return f"the log of {log.size} entries continues the {kept.size} that the anchor saw"


class Statement(NamedTuple):
    """A verified statement; times are read only of those that may count."""

    identity: str
    signer: str
    granted: bool
    type: str
    predicate: dict[str, Any]
    facts: dict[str, int | bool]
    issued: dt.datetime
    expires: dt.datetime


def open_envelope(body: bytes, trust: Trust) -> tuple[object, list[str]]:
    """Verify an envelope (DSSE); returns its payload and the ids of the keys that signed."""
    envelope = load_json(body, "the envelope")
    payload = from_base64(member(envelope, "payload", str))
    if member(envelope, "payloadType", str) != PAYLOAD:
        raise BadError("its payload is not an in-toto statement")
    message = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    known, signers = [], []
    for item in member(envelope, "signatures", list):
        keyid, signature = member(item, "keyid", str), from_base64(member(item, "sig", str))
        if keyid in trust.keys:
            known.append(trust.names[keyid])
            signers += [keyid] if signed_by(trust.keys[keyid], signature, message) else []
    if not known:
        raise StrangerError("it is signed by nobody whom the trust map knows")
    if not signers:
        raise BadError(f"the signature of {known[0]!r} does not verify")
    return load_json(payload, "the payload"), signers


def subject_of(item: object) -> str:
    """The sha256 of a subject, which has a digest, and perhaps a name and a kind of ours."""
    if not isinstance(item, dict):
        raise BadError("a subject of it is not an object")
    digest, notes = (
        member(item, "digest", dict),
        member({"annotations": {}} | item, "annotations", dict),
    )
    member({"name": ""} | item, "name", str)
    member({"blake3": ""} | digest, "blake3", str)
    if member({"kind": "model"} | notes, "kind", str) not in KINDS:
        raise BadError("the kind of a subject of it is not known")
    return member(digest, "sha256", str)


def open_statement(
    body: bytes, subject: str, trust: Trust, place: tuple[str, int]
) -> Statement:
    """Verify an envelope and read the in-toto statement about the subject in it.

    ``place`` is the log that holds it and its index there.
    """
    data, signers = open_envelope(body, trust)
    about = [subject_of(item) for item in member(data, "subject", list)]
    if member(data, "_type", str) != "https://in-toto.io/Statement/v1" or not about:
        raise BadError("its payload is not an in-toto statement v1")
    if about[0] != subject:
        raise BadError("it is not about the subject of the bundle")
    uri, predicate = member(data, "predicateType", str), member(data, "predicate", dict)
    name, facts = NAMES.get(uri, ""), predicate.get("facts")
    facts = facts if name and isinstance(facts, dict) else {}
    for fact, value in facts.items():
        kind = bool if fact in BOOLEAN else int
        if fact not in TABLE[name][1] or type(value) is not kind:
            raise BadError(f"a {name} statement may not assert {fact}={value!r}")
    granted = [keyid for keyid in signers if uri in trust.grants[keyid]]
    if granted and (ended := [keyid for keyid in granted if keyid in trust.ends]):
        issued = moment(predicate.get("issued"))
        late = [keyid for keyid in ended if not trust.ends[keyid].covers(issued, *place)]
        granted = [keyid for keyid in granted if keyid not in late]
    signer, identity = trust.names[(granted or signers)[0]], hashlib.sha256(body).hexdigest()
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    issued, expires = (
        moment(predicate.get(when)) if granted else never for when in ("issued", "expires")
    )
    may = bool(granted)
    return Statement(
        identity, signer, may, name or repr(uri), predicate, facts, issued, expires
    )


Entries = list[Statement | None]  # in log order; None does not hold


class Belief(NamedTuple):
    """What may be believed at a moment: facts and whence, and what does not count."""

    facts: dict[str, tuple[int | bool, Statement]]
    used: set[str]
    broken: int
    age_days: int
    ignored: list[str]


def believe(entries: Entries, at: dt.datetime) -> Belief:
    """Of every predicate type the entry issued last that counts; ``None`` does not hold."""
    newest: dict[str, Statement] = {}
    ignored = []
    for entry in sorted(filter(None, entries), key=lambda entry: entry.issued):
        if not entry.granted:
            ignored.append(f"{entry.signer!r} may not assert {entry.type}: it does not count")
        elif entry.issued > at:
            ignored.append(f"{entry.type} is issued in the future ({entry.issued})")
        elif at >= entry.expires:
            ignored.append(f"{entry.type} expired at {entry.expires}")
        else:
            newest[entry.type] = entry
    used = [entry for entry in newest.values() if entry.facts]
    facts = {name: (value, entry) for entry in used for name, value in entry.facts.items()}
    oldest = max((at - entry.issued for entry in used), default=dt.timedelta())
    age_days = -(-oldest // dt.timedelta(days=1))
    return Belief(
        facts, {entry.identity for entry in used}, entries.count(None), age_days, ignored
    )


def make_context(belief: Belief, policy: object) -> dict[str, object]:
    """What a gate compares: Cedar knows whole numbers only, so fractions are millionths."""
    limits = {}
    for name, value in member(policy, "thresholds", dict).items():
        if type(value) not in (int, float) or not 0 <= value < 2**53:
            raise BadError(f"threshold {name!r} is not a number that can be compared with")
        whole = name.endswith(("_days", "_rows_min"))
        limits[name if whole else f"{name}_ppm"] = round(value if whole else value * 1_000_000)
    return {name: value for name, (value, _) in belief.facts.items()} | {
        "evidence_broken": belief.broken,
        "evidence_age_days": belief.age_days,
        "thresholds": limits,
    }


def clauses_of(policy: dict[str, Any], action: str) -> list[object]:
    """The clauses of a condition, if it applies to the action."""
    free = policy["principal"]["op"] == policy["resource"]["op"] == "All"
    kinds = {clause["kind"] for clause in policy["conditions"]}
    if policy["effect"] != "permit" or not free or kinds != {"when"}:
        raise BadError("the policy is not a list of conditions of the form `permit ... when`")
    scope = policy["action"]
    named = [entity["id"] for entity in scope.get("entities", [scope.get("entity")]) if entity]
    return list(policy["conditions"]) if scope["op"] == "All" or action in named else []


def make_gate(conditions: str, action: str) -> str:
    """One Cedar permit with the clauses of every condition that applies to the action."""
    import cedarpy  # noqa: PLC0415 - not everybody has it

    document = json.loads(cedarpy.policies_to_json_str(conditions))
    clauses = [
        clause for p in document["staticPolicies"].values() for clause in clauses_of(p, action)
    ]
    if not clauses or document["templates"]:
        raise BadError("the policy has no condition for the action, or it has templates")
    gate = {
        "effect": "permit",
        "principal": {"op": "All"},
        "action": {"op": "==", "entity": {"type": "Action", "id": action}},
        "resource": {"op": "All"},
        "conditions": clauses,
    }
    return json.dumps({"templates": {}, "staticPolicies": {"gate": gate}, "templateLinks": []})


def check_size(text: str, longest: int) -> None:
    """Refuse what Cedar's parser cannot take."""
    bare = ASIDE.sub(" ", text)
    nesting = itertools.accumulate((c in "([{") - (c in ")]}") for c in bare)
    if len(text) > LONGEST_POLICY or max(map(len, bare.split(";"))) > longest:
        raise BadError("the policy is too long to be evaluated")
    if max(nesting, default=0) > DEEPEST:
        raise BadError("the policy is nested too deep to be evaluated")


def allows(decision: Statement, before: Belief, policy: object, subject: str) -> bool:
    """Ask the gate of the decision: allowed means Allow and no evaluation error."""
    import cedarpy  # noqa: PLC0415 - not everybody has it

    conditions, schema = member(policy, "conditions", str), member(policy, "schema", str)
    action = member(decision.predicate, "action", str)
    request = {
        "principal": {"type": "User", "id": member(decision.predicate, "principal", str)},
        "action": {"type": "Action", "id": action},
        "resource": {"type": "Model", "id": subject},
        "context": make_context(before, policy),
    }
    check_size(conditions, LONGEST_CONDITION)
    check_size(schema, LONGEST_POLICY)
    try:
        gate = cedarpy.PolicySet.from_json_str(make_gate(conditions, action))
        if not cedarpy.validate_policies(conditions, schema):
            raise BadError("the policy does not validate against its schema")
        answer = cedarpy.is_authorized(request, gate, "[]", schema)
    except (ValueError, KeyError, RecursionError) as error:
        raise BadError(f"the gate cannot be asked: {error}") from error
    return bool(answer.allowed and not answer.diagnostics.errors)


def check_gate(decision: Statement, before: Belief, policy: object, subject: str) -> str:
    """Whether the gate, asked again, says what the decision says."""
    result = member(decision.predicate, "verificationResult", str)
    if result != ("PASSED" if allows(decision, before, policy, subject) else "FAILED"):
        raise BadError(f"the decision says {result}, the gate says otherwise")
    return f"the gate, asked again, says what the decision says: {result}"


def inputs_of(decision: Statement) -> set[str]:
    """Ids of the statements that the decision names."""
    items = member(decision.predicate, "inputAttestations", list)
    return {member(member(item, "digest", dict), "sha256", str) for item in items}


def check_inputs(decision: Statement, known: set[str]) -> str:
    """Whether the statements that the decision names are in the bundle."""
    named = inputs_of(decision)
    for identity in sorted(named - known):
        raise BadError(f"the decision rests on {identity[:12]}, which is not in the bundle")
    return f"the {len(named)} statements the decision rests on are in the bundle"


def check_digest(decision: Statement, policy: object) -> str:
    """Whether the policy in the bundle is the one of the decision."""
    parts: dict[str, type] = {"conditions": str, "schema": str, "thresholds": dict}
    text = canonical({name: member(policy, name, kind) for name, kind in parts.items()})
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    if member(decision.predicate, "policy", dict).get("digest") != {"sha256": digest}:
        raise BadError(f"the decision was not made by the policy in the bundle, {digest}")
    return f"{digest} is the decision's: compare it with the one you agreed on"


def check_context(decision: Statement, before: Belief, policy: object) -> str:
    """Whether the decision compared what follows from the statements before it."""
    given, found = member(decision.predicate, "context", dict), make_context(before, policy)
    names = sorted(given.keys() | found.keys())
    wrong = [name for name in names if canonical(given.get(name)) != canonical(found.get(name))]
    if wrong:
        raise BadError(f"the decision compared other values than follow: {', '.join(wrong)}")
    if inputs_of(decision) != before.used:
        raise BadError("the decision names other statements than its facts follow from")
    return "the decision compared what follows from the statements before it"


class Bundle(NamedTuple):
    """The bundle's parts; an entry is its index in the log, its bytes and its proof."""

    subject: str
    checkpoint: str
    entries: list[tuple[int, bytes, list[bytes]]]
    proofs: dict[int, list[bytes]]
    policy: object


def read_proof(item: object) -> list[bytes]:
    """The hashes of a proof."""
    try:
        return [bytes.fromhex(part) for part in member(item, "proof", list)]
    except (ValueError, TypeError):
        raise BadError("the bundle has a proof that is not a list of hashes") from None


def read_bundle(data: object) -> Bundle:
    """Check the shape of a bundle."""
    if not isinstance(data, dict) or data.get("format") != "urn:modelkeep:bundle:1":
        raise BadError("the bundle's format is not known")
    entries = [
        (
            member(item, "index", int),
            from_base64(member(item, "envelope", str)),
            read_proof(item),
        )
        for item in member(data, "entries", list)
    ]
    proofs = {member(i, "size", int): read_proof(i) for i in member(data, "consistency", list)}
    subject, checkpoint = member(data, "subject", str), member(data, "checkpoint", str)
    return Bundle(subject, checkpoint, entries, proofs, data.get("policy"))


def check_entries(bundle: Bundle, log: Checkpoint, trust: Trust, report: Report) -> Entries:
    """Check each entry; returns those that are in the log, ``None`` for one that is bad."""
    logged: Entries = []
    last = -1
    for index, body, path in bundle.entries:
        try:
            if (
                root_from(hashlib.sha256(b"\0" + body).digest(), index, log.size, path)
                != log.root
            ):
                raise BadError("it is not in the log")  # noqa: TRY301 - reported below
            logged.append(None)
            logged[-1] = entry = open_statement(
                body, bundle.subject, trust, (log.origin, index)
            )
        except BadError as error:
            if isinstance(error, StrangerError):
                logged.pop()  # a gate ignores it: anybody could have written it
            report.say("FAIL", "entry", f"{index}: {error}")
            continue
        report.say("ok", "entry", f"{index}: {entry.type}, signed by {entry.signer!r}")
        if index <= last:
            report.say("FAIL", "entry", f"{index}: it stands behind entry {last} (re-ordered)")
        last = index
    return logged


def check_decision(bundle: Bundle, entries: Entries, at: dt.datetime, report: Report) -> None:
    """Check the newest decision: by whom, when, from what, by which policy, and again."""
    decisions = [(place, e) for place, e in enumerate(entries) if e and e.type == "decision"]
    place, decision = max(
        ((place, e) for place, e in decisions if e.granted),
        key=lambda found: (found[1].issued, found[0]),  # an old one logged again is old
        default=(-1, None),
    )
    for later, other in decisions:
        if later > place and not other.granted:
            report.say("FAIL", "decider", f"{other.signer!r} may not decide")
    if decision is None:
        report.say("note", "decision", "the bundle holds no decision that counts")
        return
    late = not decision.issued <= at < decision.expires
    times = f"signed by {decision.signer!r}, from {decision.issued} until {decision.expires}"
    status = "FAIL" if late else "ok"
    report.say(status, "decision", f"it is {'not ' * late}in force: {times}")
    before = believe(entries[:place], decision.issued)
    known = {entry.identity for entry in entries if entry is not None}
    report.judge("inputs", check_inputs, decision, known)
    report.judge("context", check_context, decision, before, bundle.policy)
    if report.judge("policy", check_digest, decision, bundle.policy):
        try:
            report.judge("gate", check_gate, decision, before, bundle.policy, bundle.subject)
        except ImportError:
            report.say("note", "gate", "policy not re-evaluated: cedarpy is not installed")


def verify(data: bytes, trust_map: bytes, anchor: bytes | None, at: dt.datetime) -> Report:
    """Check a bundle; all is given as read from its file."""
    report = Report()
    bundle = read_bundle(load_json(data, "the bundle"))
    report.say("ok", "bundle", f"{len(bundle.entries)} entries about sha256:{bundle.subject}")
    trust = read_trust(load_json(trust_map, "the trust map"), report)
    try:
        log = open_checkpoint(bundle.checkpoint, trust)
    except BadError as error:
        report.say("FAIL", "log", str(error))
        return report
    report.say("ok", "log", f"its checkpoint at {log.size} entries is signed by {log.origin!r}")
    if anchor is not None:
        note = anchor.decode("utf-8", "replace")
        report.judge("anchor", check_anchor, note, log, bundle.proofs, trust)
    entries = check_entries(bundle, log, trust, report)
    report.say("note", "log", f"{log.size - len(entries)} of its entries are not in the bundle")
    belief = believe(entries, at)
    for line in belief.ignored:
        report.say("note", "statement", line)
    for name, (value, source) in sorted(belief.facts.items()):
        report.facts[name] = value
        report.say("note", "fact", f"{name} = {json.dumps(value)} until {source.expires}")
    check_decision(bundle, entries, at, report)
    return report


def main() -> int:
    """Read, verify, print; returns the exit code."""
    parser = argparse.ArgumentParser(description="Verify an evidence bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--trust", type=Path, required=True, help="your own trust map")
    parser.add_argument("--anchor", type=Path, help="a log checkpoint that you kept")
    parser.add_argument(
        "--at", type=moment, default=dt.datetime.now(dt.UTC), help="as of then, not of now"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    try:
        given = parser.parse_args()
    except SystemExit as stop:
        return USAGE if stop.code else OK
    try:
        anchor = None if given.anchor is None else given.anchor.read_bytes()
        report = verify(given.bundle.read_bytes(), given.trust.read_bytes(), anchor, given.at)
        code = FAIL if any(status == "FAIL" for status, _, _ in report.lines) else OK
    except Exception as error:  # noqa: BLE001 - the process edge: no trace, and never exit 0
        report, code = Report(), UNREADABLE
        report.say("FAIL", "input", str(error) if isinstance(error, BadError) else repr(error))
    if given.json:
        checks = [
            dict(zip(("status", "check", "text"), line, strict=True)) for line in report.lines
        ]
        print(json.dumps({"exit": code, "checks": checks, "facts": report.facts}, indent=2))
    for status, check, text in () if given.json else report.lines:
        print(f"{status:<4}  {check}: {text}")
    return code


if __name__ == "__main__":
    sys.exit(main())
