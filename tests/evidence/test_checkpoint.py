"""Signed checkpoints: the C2SP form, and every way in which one is not to be believed."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import EvidenceError
from modelkeep.evidence.checkpoint import (
    Checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)

KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ROOT = hashlib.sha256(b"root").digest()
CHECKPOINT = Checkpoint("modelkeep/test", 7, ROOT)
VKEY = verifier_key("modelkeep/test", KEY.public_key())
NOTE = sign_checkpoint(CHECKPOINT, KEY)
# Key pair of the example in the documentation of Go's sumdb/note.
GO_PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_verifier_key_is_the_one_published_with_the_note_format() -> None:
    seed = base64.b64decode(GO_PRIVATE)[1:]
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    assert verifier_key("PeterNeumann", key.public_key()) == GO_VKEY
    checkpoint = Checkpoint("PeterNeumann", 1, ROOT)
    assert verify_checkpoint(sign_checkpoint(checkpoint, key), GO_VKEY) == checkpoint


def test_note_is_three_lines_a_blank_one_and_a_signature() -> None:
    origin, size, root, blank, signature, end = NOTE.split("\n")
    assert (origin, size, blank, end) == ("modelkeep/test", "7", "", "")
    assert base64.b64decode(root) == ROOT
    dash, name, blob = signature.split(" ")
    assert (dash, name) == ("\u2014", "modelkeep/test")
    raw = base64.b64decode(blob)
    assert raw[:4].hex() == VKEY.split("+")[1]
    KEY.public_key().verify(raw[4:], f"{origin}\n{size}\n{root}\n".encode())


def test_note_is_read_back_and_verified() -> None:
    assert parse_checkpoint(NOTE) == CHECKPOINT
    assert verify_checkpoint(NOTE, VKEY) == CHECKPOINT


def test_signatures_of_witnesses_beside_the_logs_own_do_no_harm() -> None:
    head, _, own = NOTE.partition("\n\n")
    witness = "\u2014 witness.example/w1 " + base64.b64encode(b"0" * 68).decode()
    assert verify_checkpoint(f"{head}\n\n{witness}\n{own}", VKEY) == CHECKPOINT


def test_note_by_another_key_under_the_same_origin_is_refused() -> None:
    with pytest.raises(EvidenceError, match="not signed by the trusted log key"):
        verify_checkpoint(sign_checkpoint(CHECKPOINT, OTHER), VKEY)


def test_forged_signature_under_the_right_key_hash_is_refused() -> None:
    head, _, signature = NOTE.partition("\n\n")
    blob = bytes.fromhex(VKEY.split("+")[1]) + OTHER.sign(CHECKPOINT.text().encode())
    line = " ".join([*signature.split(" ")[:2], base64.b64encode(blob).decode()])
    with pytest.raises(EvidenceError, match="not signed by the trusted log key"):
        verify_checkpoint(f"{head}\n\n{line}\n", VKEY)


def test_signature_under_another_key_hash_is_not_the_logs() -> None:
    head, _, signature = NOTE.partition("\n\n")
    dash, name, blob = signature.split(" ")
    raw = b"\0\0\0\0" + base64.b64decode(blob)[4:]
    line = f"{dash} {name} {base64.b64encode(raw).decode()}"
    with pytest.raises(EvidenceError, match="not signed by the trusted log key"):
        verify_checkpoint(f"{head}\n\n{line}\n", VKEY)


def test_note_of_another_log_is_refused_by_name() -> None:
    note = sign_checkpoint(Checkpoint("elsewhere", 7, ROOT), KEY)
    with pytest.raises(EvidenceError, match=r"'elsewhere', not 'modelkeep/test'"):
        verify_checkpoint(note, VKEY)


def test_unsigned_note_is_refused() -> None:
    with pytest.raises(EvidenceError):
        verify_checkpoint(CHECKPOINT.text(), VKEY)


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_changing_any_character_never_yields_another_checkpoint(at: int, new: str) -> None:
    changed = NOTE[:at] + new + NOTE[at + 1 :]
    try:
        accepted = verify_checkpoint(changed, VKEY)
    except EvidenceError:
        return
    assert accepted == CHECKPOINT
    assert changed == NOTE or at > NOTE.index("\n\n")  # padding bits of the signature


@pytest.mark.parametrize(
    "note",
    [
        "",
        "modelkeep/test\n",
        "modelkeep/test\n7\n",
        "modelkeep/test\nseven\nAAAA\n\n",
        f"modelkeep/test\n07\n{base64.b64encode(ROOT).decode()}\n\n",
        f"modelkeep/test\n-7\n{base64.b64encode(ROOT).decode()}\n\n",
        f"modelkeep/test\n\u0667\n{base64.b64encode(ROOT).decode()}\n\n",
        f"modelkeep/test\n{'9' * 5000}\n{base64.b64encode(ROOT).decode()}\n\n",
        "modelkeep/test\n7\nAAAA\n\n",
        "modelkeep/test\n7\n\ud800\n\n",
    ],
)
def test_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(EvidenceError, match="not a log checkpoint"):
        parse_checkpoint(note)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "modelkeep/test",
        VKEY + "\u00e9",
        VKEY[:-4],
        VKEY.replace("modelkeep/test", "modelkeep/tost"),
        VKEY.replace("+AQ", "+Ag"),  # the same key for another algorithm
    ],
)
def test_verifier_key_that_does_not_fit_itself_is_refused(vkey: str) -> None:
    with pytest.raises(EvidenceError, match="log verifier key"):
        verify_checkpoint(NOTE, vkey)
