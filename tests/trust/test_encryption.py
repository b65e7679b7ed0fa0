"""Encryption at rest: whole, in part, for whom it is meant, and never changed unnoticed."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import EvidenceError, InputError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.trust import DecryptedSource, Identity, decrypt, encrypt, read_header, rewrap

CHUNK = 64 << 10
OWN, OTHER = Identity.generate(), Identity(ec.generate_private_key(ec.SECP256R1()))
DATA = random.Random(1).randbytes(5 * CHUNK + 1234)


class Counting:
    """Notes what is read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        found = self.data[offset : offset + length]
        self.reads.append((offset, len(found)))
        return found


def sealed(data: bytes = DATA, *who: Identity) -> bytes:
    sink = io.BytesIO()
    people = [identity.recipient for identity in who or (OWN,)]
    encrypt(MemorySource(data), sink, people, chunk=CHUNK)
    return sink.getvalue()


def opened(data: bytes, identity: Identity = OWN) -> bytes:
    sink = io.BytesIO()
    decrypt(MemorySource(data), sink, identity)
    return sink.getvalue()


SEALED = sealed()
BEGIN = read_header(MemorySource(SEALED))[1]


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 1234]
)
def test_what_was_encrypted_comes_back_for_every_recipient(size: int) -> None:
    data = sealed(DATA[:size], OWN, OTHER)
    assert opened(data, OWN) == opened(data, OTHER) == DATA[:size]


def test_plain_bytes_are_nowhere_in_it_and_no_two_are_alike() -> None:
    assert DATA[:64] not in SEALED
    assert sealed()[BEGIN:] != SEALED[BEGIN:]


@settings(max_examples=40, deadline=None)
@given(st.integers(-10, len(DATA) + 10), st.integers(-5, 3 * CHUNK))
def test_any_part_is_what_it_was(offset: int, length: int) -> None:
    source = DecryptedSource(MemorySource(SEALED), OWN)
    expected = DATA[offset : offset + length] if offset >= 0 and length > 0 else b""
    assert source.read(offset, length) == expected


def test_read_at_a_random_offset_touches_one_chunk() -> None:
    counting = Counting(SEALED)
    source = DecryptedSource(counting, OWN)
    for offset in random.Random(2).sample(range(source.size - 100), 50):
        counting.reads.clear()
        near = offset - offset % CHUNK
        length = min(100, near + CHUNK - offset)
        assert source.read(offset, length) == DATA[offset : offset + length]
        ((place, count),) = counting.reads
        assert count <= CHUNK + 16
        assert place == BEGIN + offset // CHUNK * (CHUNK + 16)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    data = bytearray(SEALED)
    data[place] ^= change
    with pytest.raises(ModelkeepError):
        opened(bytes(data))


def test_every_byte_of_the_header_counts() -> None:
    small = sealed(b"x")
    for place in range(len(small)):
        data = bytearray(small)
        data[place] ^= 1
        with pytest.raises(ModelkeepError):
            opened(bytes(data))


def test_chunks_cut_off_added_swapped_or_from_another_file_are_noticed() -> None:
    whole = CHUNK + 16
    body = SEALED[BEGIN:]
    parts = [body[at : at + whole] for at in range(0, len(body), whole)]
    head = SEALED[:BEGIN]
    for changed in (parts[:-1], [*parts, parts[0]]):
        with pytest.raises(MalformedArtifactError, match="longer or shorter"):
            opened(head + b"".join(changed))
    swapped = [parts[1], parts[0], *parts[2:]]
    with pytest.raises(EvidenceError, match="chunk 0"):
        opened(head + b"".join(swapped))
    other = sealed()
    begin = read_header(MemorySource(other))[1]
    mixed = other[begin : begin + whole] + b"".join(parts[1:])
    with pytest.raises(EvidenceError, match="chunk 0"):
        opened(head + mixed)


def test_somebody_else_reads_nothing() -> None:
    with pytest.raises(InputError, match="not encrypted for this key"):
        opened(SEALED, OTHER)
    with pytest.raises(InputError, match="nobody"):
        encrypt(MemorySource(b""), io.BytesIO(), [])
    for junk in (b"", b"modelkeep", SEALED[:30], b"\0" * 100):
        with pytest.raises(MalformedArtifactError):
            opened(junk)


def test_new_recipients_need_no_new_encryption() -> None:
    sink = io.BytesIO()
    rewrap(MemorySource(SEALED), sink, OWN, [OTHER.recipient])
    moved = sink.getvalue()
    begin = read_header(MemorySource(moved))[1]
    assert moved[begin:] == SEALED[BEGIN:]
    assert opened(moved, OTHER) == DATA
    with pytest.raises(InputError, match="not encrypted for this key"):
        opened(moved, OWN)
    with pytest.raises(InputError, match="nobody"):
        rewrap(MemorySource(SEALED), io.BytesIO(), OWN, [])


def test_recipient_cannot_be_added_without_a_key() -> None:
    """A header with a recipient more, made by somebody who holds no key."""
    header, _ = read_header(MemorySource(SEALED))
    other = sealed(DATA, OTHER)
    theirs, _ = read_header(MemorySource(other))
    import msgspec  # noqa: PLC0415 - only this test builds a header by hand

    forged = msgspec.structs.replace(
        header, recipients=(*header.recipients, *theirs.recipients)
    )
    text = msgspec.json.encode(forged)
    start = SEALED[:22] + len(text).to_bytes(4, "big")
    with pytest.raises(EvidenceError, match="header was changed"):
        opened(start + text + SEALED[BEGIN:])


def test_source_that_changes_meanwhile_is_refused() -> None:
    class Changing:
        size, turn = 10, 0

        def read(self, offset: int, length: int) -> bytes:
            self.turn += 1
            return bytes([self.turn]) * min(length, self.size - offset)

    with pytest.raises(EvidenceError, match="changed while it was encrypted"):
        encrypt(Changing(), io.BytesIO(), [OWN.recipient])


@pytest.mark.parametrize("chunk", [0, 1, CHUNK - 1, (1 << 20) + 1])
def test_chunk_sizes_out_of_range_are_refused(chunk: int) -> None:
    with pytest.raises(InputError, match="chunks are"):
        encrypt(MemorySource(b"x"), io.BytesIO(), [OWN.recipient], chunk=chunk)


def test_keys_are_saved_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    OWN.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError):
        OTHER.save(path)
