"""TFRecord: a row of records, each with its length and checksums; event logs are too.

The checksum of the first length is what tells such a file from numbers. A record is data
for a program that knows what it is, and nothing loads it as more.

Source: TensorFlow, "TFRecord and tf.train.Example" (masked CRC-32C).
"""

from __future__ import annotations

import struct
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source

_POLYNOMIAL: Final = 0x82F63B78
_LONGEST: Final = 1 << 31  # a first record that the end of the file cuts short counts too


def looks_like(source: Source) -> bool:
    """Whether the first twelve bytes are a length and its checksum."""
    head = source.read(0, 12)
    if len(head) < 12 or int.from_bytes(head[:8], "little") > max(source.size, _LONGEST):
        return False
    return masked_crc(head[:8]) == int.from_bytes(head[8:], "little")


def masked_crc(data: bytes) -> int:
    """CRC-32C of a few bytes, rotated and shifted as the format wants it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """There is no document; the records must fill the file."""
    del reading
    at = 0
    while at < source.size:
        budget.operations(1)
        head = source.read(at, 12)
        if len(head) < 12:
            raise MalformedArtifactError(f"TFRecord at {at:#x} has no whole header")
        (length,) = struct.unpack_from("<Q", head)
        at += 12 + length + 4
    if at > source.size:
        raise MalformedArtifactError("the last TFRecord ends behind the file")


FORMAT: Final = Format("tfrecord", looks_like, read)
