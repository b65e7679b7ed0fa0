"""The verifier that needs nothing of ours: what it confirms, what it names, how it fails.

Every bundle is also given to ``modelkeep.evidence.verify_bundle``; the two must agree.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import copy
import datetime as dt
import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelkeep.core import Digest, EvidenceError, Subject
from modelkeep.evidence import (
    PROFILES,
    Entry,
    Keep,
    SigningKey,
    Statement,
    TrustMap,
    create_keep,
    encode,
    export_bundle,
    gather_facts,
    load_trust_map,
    make_statement,
    open_keep,
    seal,
    statement_id,
    verify_bundle,
)
from modelkeep.policy import Gates, decide, decision_statement, load_gates

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

VERIFIER = Path(__file__).parents[2] / "verifier" / "verify_bundle.py"
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SUBJECT = Subject("model", "model.onnx", Digest("5a" * 32, "b3" * 32))
PERMIT = "permit (principal, action, resource)"
OTHER = Subject("model", "other.onnx", Digest("0f" * 32, "b4" * 32))
THRESHOLDS = {
    "robust_share_min": 0.5,
    "robust_radius_linf": 0.03,
    "membership_auc_max": 0.6,
    "test_rows_min": 50.0,
    "evidence_age_max_days": 30.0,
}
MEASURED: dict[str, Any] = {
    "tool": "modelkeep",
    "measurements": [],
    "not_checked": [],
    "materials": [],
}
FIELDS: dict[str, dict[str, Any]] = {
    "scan": {"tool": "modelkeep", "rules": ["PKL001"], "files": []},
    "signature": {
        "verifier": {"id": "urn:modelkeep"},
        "timeCreated": "2026-11-22T12:00:00Z",
        "properties": ["SIGNED"],
    },
    "bom": {"bom": {"bomFormat": "CycloneDX"}},
    "performance": MEASURED,
    "evasion": MEASURED,
    "membership": MEASURED,
}
GOOD: dict[str, dict[str, int | bool]] = {
    "scan": {"scan_critical": 0, "scan_high": 0, "scan_inconclusive": 0, "scan_unread": 0},
    "signature": {
        "signature_present": True,
        "signature_trusted": True,
        "signature_broken": False,
    },
    "bom": {"bom_components": 3},
    "performance": {"test_accuracy_ppm": 910_000, "test_rows": 400},
    "evasion": {
        "clean_accuracy_ppm": 910_000,
        "robust_accuracy_low_ppm": 610_000,
        "robust_radius_linf_ppm": 30_000,
    },
    "membership": {"membership_auc_low_ppm": 510_000},
}
FACTS = {name: value for facts in GOOD.values() for name, value in facts.items()}
DANGEROUS = GOOD | {"scan": GOOD["scan"] | {"scan_critical": 2}}
# Checks of the verifier that `verify_bundle` makes as well; the others are the policy's.
EVIDENCE = ("trust", "log", "anchor", "entry", "decider", "inputs")


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@dataclass
class World:
    """A keep, its gates, and the ways evidence gets into it."""

    folder: Path
    profile: str = "prod"
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.keep: Keep = create_keep(
            self.folder / ".modelkeep", self.profile, clock=self.clock
        )
        self.gates: Gates = load_gates(self.profile, THRESHOLDS, None)

    def state(self, kind: str, facts: dict[str, Any], subject: Subject = SUBJECT) -> Statement:
        fields = FIELDS[kind] | {"facts": facts}
        return make_statement(kind, (subject,), fields, clock=self.clock)

    def measure(self, evidence: dict[str, dict[str, Any]]) -> None:
        self.keep.record([self.state(kind, facts) for kind, facts in evidence.items()])

    def log(self, body: bytes, kind: str = "foreign") -> None:
        """Append any envelope, as whoever owns the log can."""
        identity, subject = statement_id(body), SUBJECT.digest.sha256
        self.keep.store.append([Entry(identity, subject, kind, "", "", body)])

    def decision(self, gates: Gates | None = None, **changes: Any) -> Statement:  # noqa: ANN401
        """The decision of the gate now, an hour after the evidence; perhaps changed."""
        self.clock.now += HOUR
        gates = gates or self.gates
        digest = SUBJECT.digest.sha256
        bodies = [entry.body for entry in self.keep.store.entries(digest)]
        facts = gather_facts(bodies, digest, self.keep.trust, self.clock())
        decided = decide("deploy", digest, "alice", facts, self.gates)
        made = decision_statement(decided, SUBJECT, "alice", facts, gates, self.clock)
        return Statement(made.subjects, made.predicate_type, made.predicate | changes)

    def decide(self, **changes: Any) -> None:  # noqa: ANN401
        self.keep.record([self.decision(**changes)])

    def export(self, anchor: str | None = None) -> dict[str, Any]:
        """The bundle, as it comes back from its file."""
        made = export_bundle(self.keep, SUBJECT.digest.sha256, self.gates.material(), anchor)
        return dict(json.loads(json.dumps(made)))

    def trust(self, signer: str, key: SigningKey, *predicates: str) -> None:
        self.keep.change_trust(lambda known: known.with_signer(signer, key.public, predicates))


@dataclass
class Verdict:
    """What the verifier said."""

    code: int
    checks: list[dict[str, str]]
    facts: dict[str, int | bool]

    def failed(self, *among: str) -> set[str]:
        bad = {check["check"] for check in self.checks if check["status"] == "FAIL"}
        return bad & set(among) if among else bad

    def text(self, check: str) -> str:
        return " ".join(c["text"] for c in self.checks if c["check"] == check)


def start(
    *arguments: object, isolated: bool = True, **environment: str
) -> tuple[int, str, str]:
    flags = ["-I"] if isolated else []
    command = [sys.executable, *flags, str(VERIFIER), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@dataclass
class Desk:
    """Where somebody verifies: a bundle, their own trust map, perhaps their anchor."""

    folder: Path

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def verify(
        self,
        bundle: dict[str, Any],
        trust: TrustMap,
        *,
        at: dt.datetime = NOON + 2 * HOUR,
        anchor: str | None = None,
    ) -> Verdict:
        """Run the verifier, and hold our own against it."""
        data = json.dumps(bundle).encode()
        arguments: list[object] = [self.put("bundle.json", data)]
        arguments += ["--trust", self.put("trust.json", trust.to_json())]
        arguments += ["--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"), "--json"]
        if anchor is not None:
            arguments += ["--anchor", self.put("anchor", anchor)]
        code, out, _ = start(*arguments)
        answer = json.loads(out)
        verdict = Verdict(code, answer["checks"], answer["facts"])
        assert answer["exit"] == code == (1 if verdict.failed() else 0)
        ours = verify_bundle(data, load_trust_map(self.folder / "trust.json"), at, anchor)
        doubts = ours.problems + list(ours.facts.broken)
        assert bool(doubts) == bool(verdict.failed(*EVIDENCE)), (doubts, verdict.checks)
        assert ours.facts.values == verdict.facts
        return verdict


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    return Desk(tmp_path / "desk")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@dataclass
class Decided:
    """A world that measured and decided, its bundle, and an early checkpoint."""

    world: World
    anchor: str
    kept_bundle: dict[str, Any]

    @property
    def bundle(self) -> dict[str, Any]:
        return copy.deepcopy(self.kept_bundle)

    @property
    def trust(self) -> TrustMap:
        return self.world.keep.trust


def build(folder: Path, evidence: dict[str, dict[str, Any]], profile: str = "prod") -> Decided:
    """Evidence about the subject between entries about another, and a decision."""
    world = World(folder, profile)
    world.keep.record([world.state("scan", GOOD["scan"], OTHER)])
    world.measure({"scan": evidence["scan"]})
    anchor = world.keep.store.checkpoints()[-1]
    world.measure({kind: facts for kind, facts in evidence.items() if kind != "scan"})
    world.keep.record([world.state("bom", GOOD["bom"], OTHER)])
    world.decide()
    return Decided(world, anchor, world.export(anchor))


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Decided:
    return build(tmp_path_factory.mktemp("passed"), GOOD)


def test_everything_about_an_allowed_model_holds(passed: Decided, desk: Desk) -> None:
    verdict = desk.verify(passed.bundle, passed.trust, anchor=passed.anchor)
    assert verdict.code == 0
    assert verdict.facts == FACTS
    assert "PASSED" in verdict.text("gate")
    assert passed.world.gates.digest in verdict.text("policy")
    assert "2 of its entries are not in the bundle" in verdict.text("log")
    assert all(f"{name} = " in verdict.text("fact") for name in FACTS)


def test_everything_about_a_refused_model_holds(tmp_path: Path, desk: Desk) -> None:
    refused = build(tmp_path, DANGEROUS)
    verdict = desk.verify(refused.bundle, refused.trust)
    assert verdict.code == 0
    assert "FAILED" in verdict.text("gate")
    assert verdict.facts["scan_critical"] == 2


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_holds(profile: str, tmp_path: Path, desk: Desk) -> None:
    made = build(tmp_path, GOOD, profile)
    assert desk.verify(made.bundle, made.trust).code == 0


def test_lines_are_ok_fail_or_note_and_no_input_breaks_out_of_its_line(
    world: World, desk: Desk
) -> None:
    world.measure(GOOD)
    name = "x\nok    gate: all is well\r\x1b[2K\u2028"
    world.keep.record([Statement((SUBJECT,), name, world.state("bom", GOOD["bom"]).predicate)])
    world.decide(context={name: 1}, principal=name, action=name)
    bundle = desk.put("bundle.json", json.dumps(world.export()))
    trust = desk.put("trust.json", world.keep.trust.to_json())
    code, out, _ = start(bundle, "--trust", trust, "--at", "2026-11-22T14:00:00Z")
    assert code == 1
    assert {line[:6] for line in out.splitlines()} == {"ok    ", "FAIL  ", "note  "}
    assert out.count("all is well") > 1
    assert "ok    gate: all is well" not in out.splitlines()
    assert out.isascii()
    assert "\x1b" not in out


def test_statements_signed_with_ed25519_count(world: World, desk: Desk) -> None:
    key = SigningKey.generate("ed25519")
    world.trust("scanner", key, "scan")
    world.measure({kind: facts for kind, facts in GOOD.items() if kind != "scan"})
    world.log(seal(world.state("scan", GOOD["scan"]).to_bytes(), key), "scan")
    world.decide()
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.code == 0
    assert "signed by 'scanner'" in verdict.text("entry")


def test_log_key_whose_base64_holds_a_plus_sign_verifies(tmp_path: Path, desk: Desk) -> None:
    for number in range(64):  # about every second key is such a key
        world = World(tmp_path / str(number))
        if world.keep.trust.logs[0].vkey.count("+") > 2:
            break
    world.measure(GOOD)
    assert desk.verify(world.export(), world.keep.trust).code == 0


@pytest.mark.parametrize("position", range(7))
def test_flipped_byte_is_found_in_each_entry(
    position: int, passed: Decided, desk: Desk
) -> None:
    bundle = passed.bundle
    entry = bundle["entries"][position]
    body = bytearray(base64.b64decode(entry["envelope"]))
    body[len(body) // 2] ^= 1
    entry["envelope"] = base64.b64encode(body).decode()
    verdict = desk.verify(bundle, passed.trust)
    assert verdict.code == 1
    assert f"{entry['index']}: it is not in the log" in verdict.text("entry")


def test_reordered_and_repeated_entries_are_named(passed: Decided, desk: Desk) -> None:
    swapped, twice = passed.bundle, passed.bundle
    swapped["entries"][0:2] = swapped["entries"][1::-1]
    twice["entries"].insert(1, twice["entries"][1])
    for bundle in (swapped, twice):
        verdict = desk.verify(bundle, passed.trust)
        assert "entry" in verdict.failed()
        assert "re-ordered" in verdict.text("entry")


def test_entry_under_another_index_is_not_in_the_log(passed: Decided, desk: Desk) -> None:
    bundle = passed.bundle
    bundle["entries"][2]["index"] += 1
    assert "entry" in desk.verify(bundle, passed.trust).failed()


@pytest.mark.parametrize("proof", [[], ["00" * 32] * 3, ["00" * 32] * 70, ["00"]])
def test_wrong_proof_is_named(proof: list[str], passed: Decided, desk: Desk) -> None:
    bundle = passed.bundle
    bundle["entries"][0]["proof"] = proof
    assert "entry" in desk.verify(bundle, passed.trust).failed()


def test_statement_about_another_subject_is_named(passed: Decided, desk: Desk) -> None:
    foreign = export_bundle(passed.world.keep, OTHER.digest.sha256, None)
    bundle = passed.bundle | {"subject": OTHER.digest.sha256}
    assert "entry" in desk.verify(bundle, passed.trust).failed()
    bundle = passed.bundle
    bundle["entries"].insert(0, foreign["entries"][0])
    assert "not about the subject" in desk.verify(bundle, passed.trust).text("entry")


def test_checkpoint_must_be_signed_by_a_log_of_the_map(passed: Decided, desk: Desk) -> None:
    (log,) = passed.trust.logs
    renamed = passed.bundle
    renamed["checkpoint"] = renamed["checkpoint"].replace(log.origin, "modelkeep/other")
    larger = passed.bundle
    larger["checkpoint"] = larger["checkpoint"].replace("\n9\n", "\n10\n")
    assert larger["checkpoint"] != passed.bundle["checkpoint"]
    unsigned = passed.bundle
    unsigned["checkpoint"] = unsigned["checkpoint"].partition("\n\n")[0] + "\n\n"
    for bundle in (renamed, larger, unsigned, passed.bundle | {"checkpoint": "none"}):
        verdict = desk.verify(bundle, passed.trust)
        assert verdict.failed() == {"log"}
        assert not verdict.facts
    stranger = create_keep(desk.folder / "stranger", "dev").trust
    unknown = TrustMap(1, passed.trust.signers, stranger.logs)
    assert desk.verify(passed.bundle, unknown).failed() == {"log"}
    own_key = TrustMap(1, passed.trust.signers, (replace_log(stranger, log.origin),))
    assert desk.verify(passed.bundle, own_key).failed() == {"log"}


def replace_log(trust: TrustMap, origin: str) -> Any:  # noqa: ANN401 - not a public type
    return type(trust.logs[0])(origin, trust.logs[0].vkey)


def test_log_key_of_another_algorithm_is_refused(passed: Decided, desk: Desk) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    origin, raw = "modelkeep/other", b"\x04" + key.public_key().public_bytes_raw()
    hint = hashlib.sha256(f"{origin}\n".encode() + raw).digest()[:4]
    log = type(passed.trust.logs[0])(
        origin, f"{origin}+{hint.hex()}+{base64.b64encode(raw).decode()}"
    )
    text = f"{origin}\n9\n{base64.b64encode(bytes(32)).decode()}\n"
    blob = base64.b64encode(hint + key.sign(text.encode())).decode()
    bundle = passed.bundle | {"checkpoint": f"{text}\n\u2014 {origin} {blob}\n"}
    trust = TrustMap(1, passed.trust.signers, (log,))
    assert desk.verify(bundle, trust).failed() == {"log"}


def test_unknown_signer_is_named(world: World, desk: Desk) -> None:
    world.measure(DANGEROUS)
    forged = seal(world.state("scan", GOOD["scan"]).to_bytes(), SigningKey.generate())
    world.log(forged, "scan")
    world.decide()
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"entry"}  # the decision did not count it
    assert "nobody whom the trust map knows" in verdict.text("entry")
    assert verdict.facts["scan_critical"] == 2


def test_signature_under_the_name_of_a_trusted_key_is_named(world: World, desk: Desk) -> None:
    forged = json.loads(
        seal(world.state("scan", GOOD["scan"]).to_bytes(), SigningKey.generate())
    )
    forged["signatures"][0]["keyid"] = world.keep.key.public.keyid
    world.log(encode(forged), "scan")
    verdict = desk.verify(world.export(), world.keep.trust)
    assert "does not verify" in verdict.text("entry")
    assert not verdict.facts


def test_envelope_with_another_payload_type_is_named(world: World, desk: Desk) -> None:
    made = json.loads(seal(world.state("scan", GOOD["scan"]).to_bytes(), world.keep.key))
    world.log(encode(made | {"payloadType": "application/json"}), "scan")
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"entry"}
    assert "not an in-toto statement" in verdict.text("entry")


@pytest.mark.parametrize("keyid", [5, None, [], {}, "", "aa"])
def test_key_id_that_is_none_is_named(keyid: object, world: World, desk: Desk) -> None:
    forged = json.loads(seal(world.state("scan", GOOD["scan"]).to_bytes(), world.keep.key))
    forged["signatures"][0]["keyid"] = keyid
    world.log(encode(forged), "scan")
    assert desk.verify(world.export(), world.keep.trust).failed() == {"entry"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"payload": 1, "payloadType": "application/vnd.in-toto+json", "signatures": []}',
        b'{"payload": "", "payloadType": "application/json", "signatures": []}',
        b'{"payload": "", "payloadType": "application/vnd.in-toto+json", "signatures": [1]}',
        b"[" * 100_000,
    ],
)
def test_logged_bytes_that_are_no_envelope_are_named(
    body: bytes, world: World, desk: Desk
) -> None:
    world.log(body)
    assert desk.verify(world.export(), world.keep.trust).failed() == {"entry"}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"_type": "https://in-toto.io/Statement/v1"}',
        b'{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicate": {}}',
        b'{"_type": "https://in-toto.io/Statement/v0.1", "subject": []}',
    ],
)
def test_signed_bytes_that_are_no_statement_are_named(
    payload: bytes, world: World, desk: Desk
) -> None:
    world.log(seal(payload, world.keep.key))
    assert desk.verify(world.export(), world.keep.trust).failed() == {"entry"}


@pytest.mark.parametrize(
    "subject",
    [
        {"annotations": {"kind": "spaceship"}},
        {"annotations": {"kind": 5}},
        {"annotations": []},
        {"name": 5},
        {"digest": {"sha256": SUBJECT.digest.sha256, "blake3": 5}},
        {"digest": {"sha256": 5}},
        {"digest": SUBJECT.digest.sha256},
    ],
)
def test_subject_in_another_form_is_named(
    subject: dict[str, Any], world: World, desk: Desk
) -> None:
    made = json.loads(world.state("scan", GOOD["scan"]).to_bytes())
    made["subject"].append(made["subject"][0] | subject)
    world.log(seal(encode(made), world.keep.key), "scan")
    assert desk.verify(world.export(), world.keep.trust).failed() == {"entry"}


def test_subject_without_name_and_kind_is_a_model(world: World, desk: Desk) -> None:
    made = json.loads(world.state("scan", GOOD["scan"]).to_bytes())
    made["subject"] = [{"digest": {"sha256": SUBJECT.digest.sha256, "sha512": "0"}}]
    world.log(seal(encode(made), world.keep.key), "scan")
    verdict = desk.verify(world.export(), world.keep.trust)
    assert (verdict.code, verdict.facts) == (0, GOOD["scan"])


@pytest.mark.parametrize(
    "when", ["2026-11-22T12:0:00Z", "2026-11-22", 0, "2026-11-22T12:00:00"]
)
def test_time_in_another_form_is_named(when: object, world: World, desk: Desk) -> None:
    made = json.loads(world.state("scan", GOOD["scan"]).to_bytes())
    made["predicate"]["issued"] = when
    world.log(seal(encode(made), world.keep.key), "scan")
    assert desk.verify(world.export(), world.keep.trust).failed() == {"entry"}


@pytest.mark.parametrize(
    "facts",
    [{"signature_trusted": True}, {"scan_critical": False}, {"scan_high": 0.5}, {"x": 1}],
)
def test_fact_that_its_predicate_may_not_assert_is_named(
    facts: dict[str, Any], world: World, desk: Desk
) -> None:
    world.measure(GOOD)
    made = world.state("scan", GOOD["scan"])
    made = Statement(made.subjects, made.predicate_type, made.predicate | {"facts": facts})
    world.keep.record([made])
    world.decide()
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"entry"}
    assert "may not assert" in verdict.text("entry")
    assert verdict.facts == FACTS


def test_statement_without_a_time_is_named(world: World, desk: Desk) -> None:
    made = world.state("scan", GOOD["scan"])
    timeless = Statement(made.subjects, made.predicate_type, made.predicate | {"expires": ""})
    world.log(seal(timeless.to_bytes(), world.keep.key), "scan")
    assert desk.verify(world.export(), world.keep.trust).failed() == {"entry"}


def test_key_id_that_is_not_its_keys_is_named(passed: Decided, desk: Desk) -> None:
    document = json.loads(passed.trust.to_json())
    document["signers"][0]["public_key"] = SigningKey.generate().public.pem
    trust = desk.put("trust.json", json.dumps(document))
    bundle = desk.put("bundle.json", json.dumps(passed.bundle))
    code, out, _ = start(bundle, "--trust", trust)
    assert code == 1
    assert "FAIL  trust: key id of 'keep' is not that of its key" in out
    with pytest.raises(EvidenceError):
        load_trust_map(trust)


def test_statements_of_a_signer_without_the_grant_leave_the_decision_without_ground(
    passed: Decided, desk: Desk
) -> None:
    only = TrustMap(1, (), passed.trust.logs)
    only = only.with_signer("keep", passed.world.keep.key.public, ("decision",))
    verdict = desk.verify(passed.bundle, only)
    assert not verdict.facts
    assert verdict.failed() >= {"context", "gate"}
    assert "'keep' may not assert scan" in verdict.text("statement")


def test_decision_that_ignored_a_signer_without_the_grant_holds(
    world: World, desk: Desk
) -> None:
    key = SigningKey.generate()
    world.trust("packer", key, "bom")
    world.measure({kind: facts for kind, facts in GOOD.items() if kind != "scan"})
    world.log(seal(world.state("scan", GOOD["scan"]).to_bytes(), key), "scan")
    world.decide()
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.code == 0
    assert "scan_critical" not in verdict.facts
    assert "FAILED" in verdict.text("gate")


def test_decision_by_somebody_who_may_not_decide_is_named(world: World, desk: Desk) -> None:
    key = SigningKey.generate()
    world.trust("scanner", key, "scan")
    world.measure(GOOD)
    world.log(seal(world.decision().to_bytes(), key), "decision")
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"decider"}
    assert "'scanner' may not decide" in verdict.text("decider")
    assert "no decision that counts" in verdict.text("decision")


def test_later_decision_by_somebody_who_may_not_decide_is_named(
    world: World, desk: Desk
) -> None:
    key = SigningKey.generate()
    world.trust("scanner", key, "scan")
    world.measure(GOOD)
    world.decide()
    world.log(seal(world.decision().to_bytes(), key), "decision")
    verdict = desk.verify(world.export(), world.keep.trust, at=NOON + 3 * HOUR)
    assert verdict.failed() == {"decider"}
    assert "PASSED" in verdict.text("gate")


def test_bundle_without_a_decision_says_so(world: World, desk: Desk) -> None:
    world.measure(GOOD)
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.code == 0
    assert "holds no decision" in verdict.text("decision")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("conditions", lambda text: text.replace("scan_critical == 0", "scan_critical >= 0")),
        ("conditions", lambda text: text + "\n"),
        ("schema", lambda text: text.replace("scan_high?", "scan_high")),
        ("thresholds", lambda limits: limits | {"robust_share_min": 0.1}),
        ("thresholds", lambda limits: limits | {"new": 1.0}),
        ("thresholds", lambda limits: limits | {"robust_share_min": "0.5"}),
        ("thresholds", lambda limits: limits | {"robust_share_min": True}),
        ("thresholds", lambda limits: limits | {"robust_share_min": -1.0}),
        ("thresholds", lambda limits: limits | {"robust_share_min": 1e308}),
    ],
)
def test_changed_policy_is_named(
    name: str, change: Callable[[Any], Any], passed: Decided, desk: Desk
) -> None:
    bundle = passed.bundle
    bundle["policy"][name] = change(bundle["policy"][name])
    assert bundle["policy"] != passed.bundle["policy"]
    verdict = desk.verify(bundle, passed.trust)
    assert "policy" in verdict.failed()
    assert not verdict.text("gate")  # a policy nobody signed is not evaluated


@pytest.mark.parametrize("policy", [None, 1, [], {}, {"conditions": 1}])
def test_missing_policy_is_named(policy: object, passed: Decided, desk: Desk) -> None:
    verdict = desk.verify(passed.bundle | {"policy": policy}, passed.trust)
    assert verdict.failed() == {"context", "policy"}


def test_claim_of_passed_that_the_facts_do_not_allow_is_named(world: World, desk: Desk) -> None:
    world.measure(DANGEROUS)
    world.decide(verificationResult="PASSED", missing=[])
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"gate"}
    assert "the decision says PASSED, the gate says otherwise" in verdict.text("gate")


def test_claim_of_failed_that_the_facts_do_not_support_is_named(
    world: World, desk: Desk
) -> None:
    world.measure(GOOD)
    world.decide(verificationResult="FAILED")
    assert desk.verify(world.export(), world.keep.trust).failed() == {"gate"}


def test_claim_of_passed_with_a_context_to_match_is_named(world: World, desk: Desk) -> None:
    world.measure(DANGEROUS)
    context = world.decision().predicate["context"] | {"scan_critical": 0}
    world.decide(verificationResult="PASSED", context=context)
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"context", "gate"}
    assert verdict.text("context").endswith(": scan_critical")


@pytest.mark.parametrize("context", [{}, {"scan_critical": False}, {"thresholds": {}}])
def test_context_that_does_not_follow_is_named(
    context: dict[str, Any], world: World, desk: Desk
) -> None:
    world.measure(GOOD)
    right = world.decision().predicate["context"]
    world.decide(context=right | context if context else {})
    assert desk.verify(world.export(), world.keep.trust).failed() == {"context"}


def test_input_that_is_not_in_the_bundle_is_named(world: World, desk: Desk) -> None:
    world.measure(GOOD)
    world.decide(inputAttestations=[{"digest": {"sha256": "9e" * 32}}])
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() >= {"inputs"}
    assert "9e9e9e9e9e9e, which is not in the bundle" in verdict.text("inputs")


def test_input_left_out_of_the_bundle_is_named(passed: Decided, desk: Desk) -> None:
    bundle = passed.bundle
    del bundle["entries"][0]
    assert desk.verify(bundle, passed.trust).failed() >= {"inputs", "context"}


def test_decision_that_names_other_inputs_than_its_facts_rest_on_is_named(
    world: World, desk: Desk
) -> None:
    world.measure(GOOD)
    world.decide(inputAttestations=[])
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.failed() == {"context"}
    assert "names other statements" in verdict.text("context")


@pytest.mark.parametrize(
    "inputs", [5, {"a": 1}, ["x"], [{"digest": "x"}], [{}], [{"digest": {"sha256": 5}}]]
)
def test_malformed_inputs_are_named(inputs: object, world: World, desk: Desk) -> None:
    world.measure(GOOD)
    world.decide(inputAttestations=inputs)
    assert "inputs" in desk.verify(world.export(), world.keep.trust).failed()


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "fly"},
        {"action": 5},
        {"principal": None},
        {"principal": '\x00 "; forbid'},
        {"verificationResult": "PERHAPS"},
        {"policy": "none"},
        {"context": []},
    ],
)
def test_malformed_decision_is_named(changes: dict[str, Any], world: World, desk: Desk) -> None:
    world.measure(GOOD)
    world.decide(**changes)
    verdict = desk.verify(world.export(), world.keep.trust)
    holds = changes.get("principal") == '\x00 "; forbid'  # odd, and nothing wrong with it
    assert verdict.code == (0 if holds else 1)


@pytest.mark.parametrize(
    "conditions",
    [
        "",
        "not cedar",
        f"{PERMIT} when {{ true }}; forbid (principal, action, resource) when {{ true }};",
        f"{PERMIT};",
        f"{PERMIT} unless {{ false }};",
        "permit (principal == ?principal, action, resource) when { true };",
        f"{PERMIT} when {{ true }}; permit (principal == ?principal, action, resource);",
        'permit (principal == User::"alice", action, resource) when { true };',
        'permit (principal, action == Action::"train", resource) when { true };',
        f"{PERMIT} when {{ context.scan_critical == 0 }};",
        f"{PERMIT} when {{ {'(' * 5000}true{')' * 5000} }};",
        f"{PERMIT} when {{ {' && '.join(['true'] * 900)} }};",
        f"{PERMIT} when {{ {' && '.join(['true'] * 60000)} }};",
        f"{PERMIT} when {{ context has a{'.a' * 20000} }};",
        f"{PERMIT} when {{ context.a{'.a' * 20000} == ';' }};",
        f"// ;\r{PERMIT} when {{ {'(' * 5000}true{')' * 5000} }};",
        f'{PERMIT} when {{ "\\";" == "" || {"(" * 5000}true{")" * 5000} }};',
    ],
    ids=range(17),
)
def test_policy_that_is_no_gate_proves_no_decision(
    conditions: str, world: World, desk: Desk
) -> None:
    material = world.gates.material() | {"conditions": conditions}
    parts = {name: material[name] for name in ("conditions", "schema", "thresholds")}
    digest = {"sha256": hashlib.sha256(encode(parts)).hexdigest()}
    world.measure(GOOD)
    world.decide(policy={"uri": "urn:modelkeep:policy:prod", "digest": digest})
    bundle = world.export() | {"policy": material}
    verdict = desk.verify(bundle, world.keep.trust)
    assert verdict.failed() == {"gate"}


def test_anchor_longer_than_the_log_is_named(
    passed: Decided, desk: Desk, tmp_path: Path
) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(passed.world.keep.root, copied)
    with open_keep(copied, clock=passed.world.clock) as keep:
        keep.record([passed.world.state("scan", GOOD["scan"])])
        longer = keep.store.checkpoints()[-1]
    verdict = desk.verify(passed.bundle, passed.trust, anchor=longer)
    assert verdict.failed() == {"anchor"}
    assert "10 entries" in verdict.text("anchor")


def test_anchor_of_another_history_is_named(tmp_path: Path, desk: Desk) -> None:
    world = World(tmp_path)
    shutil.copytree(world.keep.root, tmp_path / "rewritten")
    world.measure(GOOD)
    anchors = world.keep.store.checkpoints()
    with open_keep(tmp_path / "rewritten", clock=world.clock) as keep:
        for kind in ("scan", "bom", "evasion"):  # the same log key signs another history
            keep.record([world.state(kind, GOOD[kind])])
        for anchor in [*keep.store.checkpoints(), anchors[-1]]:
            bundle = json.loads(json.dumps(export_bundle(keep, "5a" * 32, None, anchor)))
            verdict = desk.verify(bundle, world.keep.trust, anchor=anchor)
            assert verdict.failed() == ({"anchor"} if anchor == anchors[-1] else set())
        keep.record([world.state(kind, GOOD[kind]) for kind in GOOD])
        bundle = json.loads(json.dumps(export_bundle(keep, "5a" * 32, None, anchors[-1])))
    assert desk.verify(bundle, world.keep.trust, anchor=anchors[-1]).failed() == {"anchor"}


def test_anchor_that_the_bundle_cannot_be_compared_with_is_named(
    passed: Decided, desk: Desk
) -> None:
    bundle = passed.bundle
    bundle["consistency"] = []
    assert desk.verify(bundle, passed.trust, anchor=passed.anchor).failed() == {"anchor"}
    (proof,) = (item["proof"] for item in passed.bundle["consistency"] if item["size"] == 2)
    for wrong in ([], ["00" * 32] * 3, ["00" * 32, *proof], [*proof, "00" * 32], proof[1:]):
        bundle["consistency"] = [{"size": 2, "proof": wrong}]
        assert desk.verify(bundle, passed.trust, anchor=passed.anchor).failed() == {"anchor"}
    assert desk.verify(passed.bundle, passed.trust, anchor="what?").failed() == {"anchor"}
    newest = passed.bundle["checkpoint"]
    assert desk.verify(passed.bundle, passed.trust, anchor=newest).code == 0


def test_evidence_that_expired_later_is_named(passed: Decided, desk: Desk) -> None:
    in_time = desk.verify(passed.bundle, passed.trust, at=NOON + 30 * DAY - HOUR)
    assert in_time.code == 0
    late = desk.verify(passed.bundle, passed.trust, at=NOON + 31 * DAY)
    assert late.facts == GOOD["bom"]  # good for a year
    assert late.failed() == {"decision"}
    assert "not in force" in late.text("decision")
    assert "scan expired at 2026-12-22" in late.text("statement")
    early = desk.verify(passed.bundle, passed.trust, at=NOON - HOUR)
    assert not early.facts
    assert early.failed() == {"decision"}


def test_newest_statement_of_a_kind_counts(world: World, desk: Desk) -> None:
    world.measure(GOOD)
    world.decide()
    world.measure({"scan": DANGEROUS["scan"]})
    verdict = desk.verify(world.export(), world.keep.trust)
    assert verdict.code == 0  # the decision was right when it was made
    assert verdict.facts["scan_critical"] == 2


def test_old_statement_that_is_logged_again_changes_nothing(world: World, desk: Desk) -> None:
    world.measure(GOOD)
    old = world.keep.store.entries()[0].body
    world.clock.now += HOUR
    world.measure({"scan": DANGEROUS["scan"]})
    world.log(old, "scan")
    world.decide()
    verdict = desk.verify(world.export(), world.keep.trust, at=NOON + 4 * HOUR)
    assert verdict.code == 0
    assert verdict.facts["scan_critical"] == 2
    assert "FAILED" in verdict.text("gate")


def test_old_decision_that_is_logged_again_is_not_the_newest(world: World, desk: Desk) -> None:
    world.measure(GOOD)
    world.decide()
    old = world.keep.store.entries()[-1].body
    world.measure({"scan": DANGEROUS["scan"]})
    world.decide()
    world.log(old, "decision")
    verdict = desk.verify(world.export(), world.keep.trust, at=NOON + 4 * HOUR)
    assert verdict.code == 0
    assert "FAILED" in verdict.text("gate")
    data = json.dumps(world.export()).encode()
    ours = verify_bundle(data, world.keep.trust, NOON + 4 * HOUR).decision
    assert ours is not None
    assert ours.predicate["verificationResult"] == "FAILED"


def test_without_cedarpy_it_says_that_the_policy_is_not_evaluated(
    passed: Decided, desk: Desk
) -> None:
    desk.put("cedarpy.py", "raise ImportError('simulated')\n")
    bundle = desk.put("bundle.json", json.dumps(passed.bundle))
    trust = desk.put("trust.json", passed.trust.to_json())
    code, out, _ = start(
        *(bundle, "--trust", trust, "--at", "2026-11-22T14:00:00Z"),
        isolated=False,
        PYTHONPATH=str(desk.folder),
    )
    assert code == 0
    assert "note  gate: policy not re-evaluated: cedarpy is not installed" in out


def test_usage_errors_exit_with_64_and_help_with_0(desk: Desk) -> None:
    path = desk.put("x", "{}")
    assert start()[0] == 64
    assert start(path)[0] == 64
    assert start(path, "--trust", path, "--fast")[0] == 64
    assert start(path, "--trust", path, "--at", "yesterday")[0] == 64
    code, out, _ = start("--help")
    assert (code, "--anchor" in out) == (0, True)


def test_files_that_cannot_be_read_exit_with_2(passed: Decided, desk: Desk) -> None:
    bundle = desk.put("bundle.json", json.dumps(passed.bundle))
    trust = desk.put("trust.json", passed.trust.to_json())
    absent = desk.folder / "absent"
    for arguments in (
        (absent, "--trust", trust),
        (desk.folder, "--trust", trust),
        (bundle, "--trust", absent),
        (bundle, "--trust", bundle),
        (trust, "--trust", trust),
        (bundle, "--trust", trust, "--anchor", absent),
    ):
        code, out, _ = start(*arguments)
        assert (code, out[:13]) == (2, "FAIL  input: ")


@pytest.mark.parametrize(
    "garbage",
    [b"", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 200_000, b"9" * 5000, b'{"format": NaN}'],
    ids=range(8),
)
def test_garbage_exits_with_2(garbage: bytes, passed: Decided, desk: Desk) -> None:
    path = desk.put("garbage", garbage)
    trust = desk.put("trust.json", passed.trust.to_json())
    assert start(path, "--trust", trust, "--json")[0] == 2
    bundle = desk.put("bundle.json", json.dumps(passed.bundle))
    assert start(bundle, "--trust", path)[0] == 2
    with pytest.raises(EvidenceError):
        verify_bundle(garbage, passed.trust, NOON)


@pytest.mark.parametrize("number", ["Infinity", "1e999", "-1e999", "NaN"])
def test_index_that_is_no_number_is_refused_by_both(number: str, passed: Decided) -> None:
    text = json.dumps(passed.bundle).replace('"index": 1,', f'"index": {number},').encode()
    assert number.encode() in text
    with pytest.raises(VERIFY.BadError):
        VERIFY.verify(text, passed.trust.to_json(), None, NOON)
    with pytest.raises(EvidenceError):
        verify_bundle(text, passed.trust, NOON)


def load_verifier() -> ModuleType:
    """The file as a module, for thousands of inputs in one process."""
    spec = importlib.util.spec_from_file_location("verifier_under_test", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


VERIFY = load_verifier()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda leaf: st.lists(leaf, max_size=3) | st.dictionaries(st.text(max_size=8), leaf),
    max_leaves=6,
)


def paths(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Places in a JSON document."""
    inner = list(enumerate(value)) if isinstance(value, list) else []
    inner += list(value.items()) if isinstance(value, dict) else []
    return [here] + [path for key, item in inner for path in paths(item, (*here, key))]


def mutate(document: Any, path: tuple[Any, ...], value: object) -> bytes:  # noqa: ANN401
    """A document with another value at a place."""
    if not path:
        return json.dumps(value).encode()
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return json.dumps(changed).encode()


@given(data=st.data(), value=json_values)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_document_whatever_leads_to_a_trace(
    passed: Decided, data: st.DataObject, value: object
) -> None:
    bundle, trust = passed.kept_bundle, json.loads(passed.trust.to_json())
    if data.draw(st.booleans()):
        given_bundle, given_trust = json.dumps(bundle).encode(), b""
        given_trust = mutate(trust, data.draw(st.sampled_from(paths(trust))), value)
    else:
        given_bundle = mutate(bundle, data.draw(st.sampled_from(paths(bundle))), value)
        given_trust = passed.trust.to_json()
    with contextlib.suppress(VERIFY.BadError):
        VERIFY.verify(given_bundle, given_trust, passed.anchor.encode(), NOON + 2 * HOUR)


@given(garbage=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_anchor_whatever_leads_to_a_trace(passed: Decided, garbage: bytes) -> None:
    data = json.dumps(passed.kept_bundle).encode()
    report = VERIFY.verify(data, passed.trust.to_json(), garbage, NOON + 2 * HOUR)
    assert ("FAIL", "anchor") in [line[:2] for line in report.lines]


VITAL = ("envelope", "index", "proof", "checkpoint", "subject", "conditions", "schema")


@given(data=st.data(), value=json_values)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_change_to_what_matters_goes_unnoticed(
    passed: Decided, data: st.DataObject, value: object
) -> None:
    bundle = passed.kept_bundle
    vital = [path for path in paths(bundle) if set(path) & {*VITAL, "thresholds"}]
    vital = [path for path in vital if "consistency" not in path]
    path = data.draw(st.sampled_from(vital))
    changed = mutate(bundle, path, value)
    try:
        report = VERIFY.verify(changed, passed.trust.to_json(), None, NOON + 2 * HOUR)
    except VERIFY.BadError:
        return
    same = json.loads(changed) == bundle  # 50 for 50.0, say
    assert same == ("FAIL" not in {status for status, _, _ in report.lines})


@given(json_values)
def test_canonical_json_is_that_of_rfc8785(value: object) -> None:
    try:
        expected = encode(value)
    except EvidenceError:  # not finite, beyond 2**53, or half a surrogate pair
        return
    assert VERIFY.canonical(value).encode() == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03, "0.03"),
        (0.5, "0.5"),
        (50.0, "50"),
        (-0.0, "0"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (5e-324, "5e-324"),
        ({"\ufb33": [True, None], "\U0001f600": 1}, '{"\U0001f600":1,"\ufb33":[true,null]}'),
    ],
)
def test_canonical_json_of_known_values(value: object, text: str) -> None:
    assert VERIFY.canonical(value) == text


def test_table_of_predicates_and_facts_is_that_of_the_package() -> None:
    from modelkeep.evidence import TABLE  # noqa: PLC0415 - beside the other TABLE

    ours = {row.key: (row.uri, row.facts) for row in TABLE}
    theirs = {
        key: (uri, {fact: bool if fact in VERIFY.BOOLEAN else int for fact in facts})
        for key, (uri, facts) in VERIFY.TABLE.items()
    }
    assert theirs == ours


def test_it_imports_nothing_but_the_standard_library_cryptography_and_cedarpy() -> None:
    imported = set()
    for node in ast.walk(ast.parse(VERIFIER.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography", "cedarpy"}


def test_published_hash_is_that_of_the_file() -> None:
    published = VERIFIER.with_name(VERIFIER.name + ".sha256").read_text(encoding="ascii")
    found = hashlib.sha256(VERIFIER.read_bytes()).hexdigest()
    assert published == f"{found}  {VERIFIER.name}\n"


@pytest.mark.parametrize(("log", "entries", "counts"), [("", 0, True), ("own", 0, False)])
def test_key_that_ended_counts_before_its_end_and_not_behind_it_in_the_log(
    log: str, entries: int, counts: object
) -> None:
    end = VERIFY.Ending(VERIFY.moment("2026-11-22T12:00:00Z"), log, entries)
    before = VERIFY.moment("2026-11-22T11:59:59Z")
    assert end.covers(before, "own", 0) is counts
    assert not end.covers(VERIFY.moment("2026-11-22T12:00:00Z"), "own", 0)
