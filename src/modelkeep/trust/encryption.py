"""Bytes at rest, encrypted in chunks that are read one by one.

A file has a header and chunks of AES-256-GCM in the STREAM construction: the nonce of a
chunk is a random prefix, its number, and a mark on the last one, so none can be left out,
moved or repeated. The header's fixed part, which names the digest and length of what was
encrypted, is authenticated with every chunk. The data key is random, and wrapped for each
recipient apart; changing recipients rewrites the header and no chunk. The list of
recipients is authenticated under the data key.

It protects what lies on a disk from who reads the disk. Whoever holds a recipient's key, or
reads the memory of a process that does, has the bytes.

Sources: Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance" (CRYPTO 2015; STREAM); RFC 5869 (HKDF); RFC 3394 (key wrap).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from modelkeep.core import EvidenceError, InputError, MalformedArtifactError
from modelkeep.evidence import encode
from modelkeep.trust.recipients import Identity, Recipient, Wrapped, unwrap, wrap

MAGIC: Final = b"modelkeep-encrypted-1\n"
CHUNK: Final = 256 << 10  # bytes of plain text in a chunk
SMALLEST, LARGEST = 64 << 10, 1 << 20
_TAG: Final = 16
_LENGTH: Final = struct.Struct(">I")
_LARGEST_HEADER: Final = 1 << 20
_MOST: Final = 1 << 32  # chunks under one nonce prefix
Progress = Callable[[int], None]


class Readable(Protocol):
    """Random access to bytes."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What never changes about an encrypted file; authenticated with every chunk.

    Attributes:
        size: length of the plain bytes.
        sha256: their digest, hex.
        chunk: plain bytes in a chunk.
        nonce: prefix of the chunks' nonces, hex.
    """

    size: int
    sha256: str
    chunk: int
    nonce: str


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header: the fixed part, the wrapped data keys, and a code over both."""

    fixed: Fixed
    recipients: tuple[Wrapped, ...]
    mac: str


@dataclass(frozen=True, slots=True)
class _Keys:
    """The data key and what is derived from it."""

    data: bytes
    chunks: AESGCM
    header: bytes

    @classmethod
    def of(cls, data: bytes) -> _Keys:
        return cls(data, AESGCM(_derive(data, b"chunks")), _derive(data, b"header"))


def _derive(data: bytes, what: bytes) -> bytes:
    label = b"modelkeep encrypted 1 " + what
    return HKDF(hashes.SHA256(), 32, salt=None, info=label).derive(data)


def encrypt(
    source: Readable,
    sink: IO[bytes],
    recipients: Sequence[Recipient],
    *,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> Fixed:
    """Encrypt bytes for recipients; reads the source twice.

    Args:
        source: what is encrypted; it must not change meanwhile.
        sink: receives header and chunks.
        recipients: who can decrypt it, at least one.
        chunk: plain bytes in a chunk, 64 KiB to 1 MiB.
        progress: called with the number of bytes just encrypted.

    Raises:
        InputError: nobody to encrypt for, a chunk size out of range, or too large a source.
        EvidenceError: the source changed between the two reads.
    """
    if not recipients:
        raise InputError("nobody to encrypt for", "Name a recipient: --to KEY.pub")
    if not SMALLEST <= chunk <= LARGEST or source.size > _MOST * chunk:
        raise InputError(f"chunks are {SMALLEST} to {LARGEST} bytes, not {chunk}")
    digest = hashlib.sha256()
    for offset in range(0, source.size, chunk):
        digest.update(source.read(offset, chunk))
    keys = _Keys.of(secrets.token_bytes(32))
    fixed = Fixed(source.size, digest.hexdigest(), chunk, secrets.token_hex(7))
    sink.write(_header(fixed, keys, recipients))
    again = hashlib.sha256()
    bound = encode(msgspec.to_builtins(fixed))
    for number in range(_count(fixed)):
        plain = source.read(number * chunk, chunk)
        again.update(plain)
        sink.write(keys.chunks.encrypt(_nonce(fixed, number), plain, bound))
        if progress is not None:
            progress(len(plain))
    if again.digest() != digest.digest():
        raise EvidenceError("the source changed while it was encrypted")
    return fixed


def _count(fixed: Fixed) -> int:
    """Chunks of a file; an empty one has one empty chunk, so that its end is marked."""
    return max(1, -(-fixed.size // fixed.chunk))


def _nonce(fixed: Fixed, number: int) -> bytes:
    last = number == _count(fixed) - 1
    return bytes.fromhex(fixed.nonce) + _LENGTH.pack(number) + bytes([last])


def _header(fixed: Fixed, keys: _Keys, recipients: Sequence[Recipient]) -> bytes:
    wrapped = tuple(wrap(keys.data, recipient) for recipient in recipients)
    text = encode(msgspec.to_builtins(Header(fixed, wrapped, _mac(fixed, wrapped, keys))))
    return MAGIC + _LENGTH.pack(len(text)) + text


def _mac(fixed: Fixed, wrapped: tuple[Wrapped, ...], keys: _Keys) -> str:
    said = encode(msgspec.to_builtins((fixed, wrapped)))
    return hmac.new(keys.header, said, hashlib.sha256).hexdigest()


def read_header(source: Readable) -> tuple[Header, int]:
    """The header of an encrypted file and where its chunks begin; nothing is verified.

    Raises:
        MalformedArtifactError: not an encrypted file, or cut off.
    """
    start = source.read(0, len(MAGIC) + _LENGTH.size)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + _LENGTH.size:
        raise MalformedArtifactError("not encrypted by modelkeep, or cut off")
    (length,) = _LENGTH.unpack(start[len(MAGIC) :])
    if length > _LARGEST_HEADER:
        raise MalformedArtifactError("a header of this size is not believed")
    try:
        header = msgspec.json.decode(source.read(len(start), length), type=Header)
        prefix = bytes.fromhex(header.fixed.nonce)
    except (msgspec.DecodeError, ValueError) as error:
        raise MalformedArtifactError(f"the header cannot be read: {error}") from error
    fixed = header.fixed
    if not SMALLEST <= fixed.chunk <= LARGEST or fixed.size < 0 or len(prefix) != 7:  # noqa: PLR2004
        raise MalformedArtifactError("the header states sizes that cannot be")
    begin = len(start) + length
    if source.size != begin + fixed.size + _TAG * _count(fixed):
        raise MalformedArtifactError("the file is longer or shorter than its header says")
    return header, begin


class DecryptedSource:
    """Random access to the plain bytes of an encrypted file; a chunk is read at a time."""

    def __init__(self, source: Readable, identity: Identity) -> None:
        self._source = source
        header, self._begin = read_header(source)
        self._keys = _open(header, identity)
        self.header = header
        self._bound = encode(msgspec.to_builtins(header.fixed))

    @property
    def size(self) -> int:
        """Length of the plain bytes."""
        return self.header.fixed.size

    @property
    def sha256(self) -> str:
        """Digest of the plain bytes, as authenticated."""
        return self.header.fixed.sha256

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` plain bytes from ``offset``; touches only the chunks they lie in.

        Raises:
            EvidenceError: a chunk was changed.
        """
        fixed = self.header.fixed
        end = min(offset + max(0, length), fixed.size)
        if not 0 <= offset < end:
            return b""
        first, last = offset // fixed.chunk, (end - 1) // fixed.chunk
        parts = [self._chunk(number) for number in range(first, last + 1)]
        start = offset - first * fixed.chunk
        return b"".join(parts)[start : start + end - offset]

    def _chunk(self, number: int) -> bytes:
        fixed = self.header.fixed
        place = self._begin + number * (fixed.chunk + _TAG)
        plain = min(fixed.chunk, fixed.size - number * fixed.chunk)
        sealed = self._source.read(place, plain + _TAG)
        try:
            return self._keys.chunks.decrypt(_nonce(fixed, number), sealed, self._bound)
        except InvalidTag as error:
            raise EvidenceError(f"chunk {number} (offset {place}) was changed") from error

    def header_for(self, recipients: Sequence[Recipient]) -> bytes:
        """A new header for other recipients; the chunks stay as they are."""
        if not recipients:
            raise InputError("nobody to encrypt for", "Name a recipient: --to KEY.pub")
        return _header(self.header.fixed, self._keys, recipients)


def _open(header: Header, identity: Identity) -> _Keys:
    for wrapped in header.recipients:
        data = unwrap(wrapped, identity)
        if data is None:
            continue
        keys = _Keys.of(data)
        if not hmac.compare_digest(_mac(header.fixed, header.recipients, keys), header.mac):
            raise EvidenceError("the header was changed")
        return keys
    raise InputError(
        "not encrypted for this key", "Give the private key of one of its recipients."
    )


def decrypt(
    source: Readable, sink: IO[bytes], identity: Identity, progress: Progress | None = None
) -> DecryptedSource:
    """Decrypt everything; what was written must not be used if this raises.

    Raises:
        InputError: not encrypted for this key.
        MalformedArtifactError: not an encrypted file, or cut off.
        EvidenceError: header or chunk changed, or the digest is not the one stated.
    """
    opened = DecryptedSource(source, identity)
    digest = hashlib.sha256()
    step = opened.header.fixed.chunk
    if opened.size == 0:
        opened._chunk(0)  # noqa: SLF001 - the empty chunk marks the end
    for offset in range(0, opened.size, step):
        plain = opened.read(offset, step)
        digest.update(plain)
        sink.write(plain)
        if progress is not None:
            progress(len(plain))
    if digest.hexdigest() != opened.sha256:
        raise EvidenceError("what was decrypted does not have the digest that was stated")
    return opened


def rewrap(
    source: Readable, sink: IO[bytes], identity: Identity, recipients: Sequence[Recipient]
) -> None:
    """Copy an encrypted file with other recipients; no chunk is encrypted again.

    Who could read it before and kept a copy still can: only the file written here is closed
    to them.

    Raises:
        InputError: not encrypted for this key, or nobody to encrypt for.
        EvidenceError: the header was changed.
    """
    opened = DecryptedSource(source, identity)
    sink.write(opened.header_for(recipients))
    _, begin = read_header(source)
    for offset in range(begin, source.size, LARGEST):
        sink.write(source.read(offset, LARGEST))
