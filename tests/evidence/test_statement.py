"""Statements and envelopes: what was signed is what is read, or nothing is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from evidence_samples import NOON, model, statement
from modelkeep.core import EvidenceError
from modelkeep.evidence import (
    SigningKey,
    encode,
    parse_envelope,
    parse_statement,
    seal,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.statement import PAYLOAD_TYPE

KEYS = {kind: SigningKey.generate(kind) for kind in ("p256", "ed25519")}
OTHER = SigningKey.generate()
PAYLOAD = statement(scan_critical=3).to_bytes()
BODIES = {kind: seal(PAYLOAD, key) for kind, key in KEYS.items()}
each_kind = pytest.mark.parametrize("kind", KEYS)
Change = Callable[[dict[str, Any]], object]


def changed(change: Change, body: bytes = BODIES["p256"]) -> bytes:
    """The envelope with its JSON edited."""
    data = json.loads(body)
    change(data)
    return encode(data)


@each_kind
def test_signed_statement_is_read_back_as_it_was_made(kind: str) -> None:
    payload, keyid = verify_envelope(BODIES[kind], (OTHER.public, KEYS[kind].public))
    assert keyid == KEYS[kind].public.keyid
    read = parse_statement(payload)
    assert read == statement(scan_critical=3)
    assert read.subjects == (model(),)
    assert (read.issued, read.facts()) == (NOON, {"scan_critical": 3})


def test_statement_is_canonical_in_toto_v1_with_both_digests() -> None:
    data = json.loads(PAYLOAD)
    assert encode(data) == PAYLOAD
    assert data["_type"] == "https://in-toto.io/Statement/v1"
    (subject,) = data["subject"]
    assert subject["digest"] == {
        "sha256": model().digest.sha256,
        "blake3": model().digest.blake3,
    }


def test_identity_is_of_the_bytes_not_of_the_meaning() -> None:
    spaced = json.dumps(json.loads(BODIES["p256"]), indent=1).encode()
    keys = (KEYS["p256"].public,)
    assert verify_envelope(spaced, keys) == verify_envelope(BODIES["p256"], keys)
    assert statement_id(spaced) != statement_id(BODIES["p256"])


@each_kind
def test_tampered_payload_is_refused(kind: str) -> None:
    payload = PAYLOAD.replace(b'"scan_critical":3', b'"scan_critical":0')
    assert payload != PAYLOAD
    text = base64.b64encode(payload).decode()
    body = changed(lambda data: data.update(payload=text), BODIES[kind])
    with pytest.raises(EvidenceError, match=f"{KEYS[kind].public.keyid[:12]} does not verify"):
        verify_envelope(body, (KEYS[kind].public,))


@each_kind
def test_signature_of_another_payload_is_refused(kind: str) -> None:
    other = json.loads(seal(statement(scan_critical=0).to_bytes(), KEYS[kind]))
    body = changed(lambda data: data.update(signatures=other["signatures"]), BODIES[kind])
    with pytest.raises(EvidenceError, match="does not verify"):
        verify_envelope(body, (KEYS[kind].public,))


def test_signature_under_the_name_of_a_trusted_key_is_refused() -> None:
    body = changed(
        lambda data: data["signatures"][0].update(keyid=KEYS["ed25519"].public.keyid)
    )
    with pytest.raises(EvidenceError, match="does not verify"):
        verify_envelope(body, tuple(key.public for key in KEYS.values()))


def test_unknown_signer_is_refused_by_name() -> None:
    signer = KEYS["p256"].public.keyid[:12]
    with pytest.raises(EvidenceError, match=f"signed by {signer}, whom the trust map does not"):
        verify_envelope(BODIES["p256"], (OTHER.public,))
    with pytest.raises(EvidenceError, match=signer):
        verify_envelope(BODIES["p256"], ())


def test_unsigned_envelope_is_refused() -> None:
    body = changed(lambda data: data.update(signatures=[]))
    with pytest.raises(EvidenceError, match="signed by nobody"):
        verify_envelope(body, (KEYS["p256"].public,))


def test_a_second_signer_does_not_take_the_first_ones_place() -> None:
    envelope = parse_envelope(BODIES["p256"])
    envelope.sign(OTHER.signer())
    body = encode(envelope.to_dict())
    for key in (KEYS["p256"], OTHER):
        assert verify_envelope(body, (key.public,)) == (PAYLOAD, key.public.keyid)


@pytest.mark.parametrize("kind", ["application/json", "", PAYLOAD_TYPE + " "])
def test_payload_signed_as_another_type_is_refused(kind: str) -> None:
    envelope = Envelope(PAYLOAD, kind, {})
    envelope.sign(OTHER.signer())
    with pytest.raises(EvidenceError, match="is not in-toto"):
        verify_envelope(encode(envelope.to_dict()), (OTHER.public,))


@given(st.sampled_from(sorted(KEYS)), st.integers(0), st.integers(1, 255))
def test_no_changed_byte_of_an_envelope_yields_another_payload(
    kind: str, at: int, flip: int
) -> None:
    body = bytearray(BODIES[kind])
    body[at % len(body)] ^= flip
    try:
        accepted = verify_envelope(bytes(body), tuple(key.public for key in KEYS.values()))
    except EvidenceError:
        return
    assert accepted == (PAYLOAD, KEYS[kind].public.keyid)


GARBAGE: dict[str, Change] = {
    "payload is a number": lambda data: data.update(payload=5),
    "payload is not base64": lambda data: data.update(payload="*"),
    "no payload": lambda data: data.pop("payload"),
    "payload type is a number": lambda data: data.update(payloadType=5),
    "payload type is null": lambda data: data.update(payloadType=None),
    "signatures is a number": lambda data: data.update(signatures=5),
    "signature is text": lambda data: data.update(signatures=["x"]),
    "signature without key id": lambda data: data["signatures"][0].pop("keyid"),
    "key id is a number": lambda data: data["signatures"][0].update(keyid=5),
    "key id is null": lambda data: data["signatures"][0].update(keyid=None),
    "key id is a list": lambda data: data["signatures"][0].update(keyid=[]),
    "signature is null": lambda data: data["signatures"][0].update(sig=None),
    "signature is empty": lambda data: data["signatures"][0].update(sig=""),
    "signed twice by one key": lambda data: data["signatures"].append(data["signatures"][0]),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_envelope_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(EvidenceError):
        verify_envelope(changed(GARBAGE[name]), (KEYS["p256"].public,))


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"5", b"null", b"[" * 100_000, b'{"payload":']
)
def test_garbage_is_no_envelope_and_no_statement(body: bytes) -> None:
    with pytest.raises(EvidenceError, match="not a DSSE envelope"):
        parse_envelope(body)
    with pytest.raises(EvidenceError, match="not an in-toto statement"):
        parse_statement(body)


MALFORMED: dict[str, Change] = {
    "another type": lambda data: data.update(_type="https://in-toto.io/Statement/v0.1"),
    "no subject": lambda data: data.update(subject=[]),
    "subject is null": lambda data: data.update(subject=None),
    "subject is text": lambda data: data.update(subject=["x"]),
    "no sha256": lambda data: data["subject"][0]["digest"].pop("sha256"),
    "sha256 is a number": lambda data: data["subject"][0]["digest"].update(sha256=5),
    "name is a number": lambda data: data["subject"][0].update(name=5),
    "annotations are text": lambda data: data["subject"][0].update(annotations="x"),
    "kind is unknown": lambda data: data["subject"][0].update(annotations={"kind": "cat"}),
    "predicate is a list": lambda data: data.update(predicate=[]),
    "no predicate": lambda data: data.pop("predicate"),
    "predicate type is null": lambda data: data.update(predicateType=None),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_statement_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(EvidenceError, match="in-toto statement"):
        parse_statement(changed(MALFORMED[name], PAYLOAD))


@pytest.mark.parametrize("field", ["issued", "expires"])
@pytest.mark.parametrize("value", [None, 5, "", "soon", "2026-11-22"])
def test_statement_whose_times_are_not_times_is_refused_when_asked(
    field: str, value: object
) -> None:
    data = json.loads(PAYLOAD)
    data["predicate"][field] = value
    read = parse_statement(encode(data))
    with pytest.raises(EvidenceError, match="not a UTC time"):
        getattr(read, field)


@pytest.mark.parametrize("claimed", [{"scan_critical": True}, {"scan_critical": "0"}, {"x": 1}])
def test_fact_outside_the_table_is_refused_on_reading_too(claimed: dict[str, object]) -> None:
    data = json.loads(PAYLOAD)
    data["predicate"]["facts"] = claimed
    with pytest.raises(EvidenceError, match="may not assert"):
        parse_statement(encode(data)).facts()


def test_foreign_predicate_asserts_no_facts() -> None:
    data = json.loads(PAYLOAD) | {"predicateType": "https://example.org/x/v1"}
    assert parse_statement(encode(data)).facts() == {}
