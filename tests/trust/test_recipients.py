"""Keys that are encrypted for: which are, and that only their holder unwraps."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from modelkeep.core import InputError
from modelkeep.evidence import SigningKey
from modelkeep.trust import Identity, load_identity, load_recipient
from modelkeep.trust.recipients import unwrap, wrap

KINDS = {
    "x25519": Identity.generate(),
    "p256": Identity(ec.generate_private_key(ec.SECP256R1())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_key_is_read_back_and_unwraps_what_was_wrapped_for_it(
    kind: str, tmp_path: Path
) -> None:
    identity = KINDS[kind]
    identity.save(tmp_path / "key.pem")
    (tmp_path / "key.pub").write_text(identity.recipient.pem)
    recipient = load_recipient(tmp_path / "key.pub")
    wrapped = wrap(b"k" * 32, recipient)
    assert unwrap(wrapped, load_identity(tmp_path / "key.pem")) == b"k" * 32
    assert unwrap(wrapped, Identity.generate()) is None
    assert wrap(b"k" * 32, recipient) != wrapped


@pytest.mark.parametrize("part", ["sender", "key"])
def test_damaged_wrapping_is_refused(part: str) -> None:
    identity, other = KINDS["x25519"], KINDS["p256"]
    wrapped = wrap(b"k" * 32, identity.recipient)
    for value in ("", "AAAA", "?", getattr(wrap(b"k" * 32, other.recipient), part)):
        with pytest.raises(InputError, match="damaged"):
            unwrap(msgspec.structs.replace(wrapped, **{part: value}), identity)


def test_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    key = SigningKey.generate("ed25519")
    key.save(tmp_path / "ed.pem")
    (tmp_path / "ed.pub").write_text(key.public.pem)
    (tmp_path / "junk").write_text("junk")
    for name in ("ed.pub", "junk", "gone"):
        with pytest.raises(InputError):
            load_recipient(tmp_path / name)
    for name in ("ed.pem", "junk", "gone"):
        with pytest.raises(InputError):
            load_identity(tmp_path / name)
