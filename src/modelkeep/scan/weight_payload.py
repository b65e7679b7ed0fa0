"""A file hides in the numbers of a tensor: in its bytes, or in their lowest bits.

Changing the last bits of weights does not change what a model answers, so a program
can travel in them and be put together by a small loader elsewhere. Whole tensors of bytes
serve as well. Trained weights have noise there; a rule can recognise a file by its first bytes
or by running text where noise should be.

Before: a tensor whose lowest bits spell ``#!/bin/sh`` or an ELF header.
After: the weights rounded once (``astype("bfloat16")``), which destroys what was hidden.

Sources: Wang et al., "EvilModel 2.0" (2021); MITRE ATLAS AML.T0018; CWE-506.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.tensors import Numbers, tensors
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="WGT002",
    name="weights-hide-a-file",
    summary="The numbers of a tensor are, or hide, a file of another kind.",
    remedy="Do not use the file; round the weights once if you must keep the model.",
    topic="artifact.malicious_code",
    tags=("CWE-506",),
)
_TENSORS: Final = 256
_VALUES: Final = 4096  # numbers of a tensor whose low bits are looked at
_TEXT: Final = 64  # printable bytes in a row that noise does not bring forth
_MAGIC: Final = {
    b"\x7fELF": "an ELF program",
    b"MZ\x90\0": "a Windows program",
    b"PK\x03\x04": "a zip archive",
    b"#!/": "a script",
    b"\xca\xfe\xba\xbe": "a Java or Mach-O program",
    b"\xcf\xfa\xed\xfe": "a Mach-O program",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"%PDF-": "a PDF document",
}
_BYTES: Final = "the bytes"
_PRINTABLE: Final = frozenset(range(32, 127)) | {9, 10, 13}


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per tensor in which something else is recognised."""
    for count, tensor in enumerate(tensors(context.document, context.source.size)):
        if count >= _TENSORS:
            return
        for where, data in _views(context, tensor):
            what = _recognise(data, text=where != _BYTES)
            if what is not None:
                yield context.finding(
                    RULE,
                    Severity.HIGH,
                    f"{where} of tensor {tensor.name!r} are {what}",
                    offset=tensor.start,
                    confidence=Confidence.MEDIUM,
                    evidence={"tensor": tensor.name, "where": where},
                )
                break


def _views(context: Context, tensor: Numbers) -> Iterator[tuple[str, bytes]]:
    data = context.source.read(tensor.start, min(tensor.size, _VALUES * tensor.width))
    yield _BYTES, data[:256]
    if tensor.kind not in "fb" or len(data) < 64 * tensor.width:
        return
    low = data[0 if tensor.little else tensor.width - 1 :: tensor.width]
    yield "the lowest bytes", low[:256]
    bits = "".join("1" if byte & 1 else "0" for byte in low)
    whole = len(bits) // 8 * 8
    if whole:
        forward = int(bits[:whole], 2).to_bytes(whole // 8, "big")
        yield "the lowest bits", forward
        yield "the lowest bits (reversed)", bytes(int(f"{b:08b}"[::-1], 2) for b in forward)


def _recognise(data: bytes, *, text: bool) -> str | None:
    """What the bytes are; tensors of bytes may be text, low bits of numbers may not."""
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    head = data[:_TEXT]
    if text and len(head) == _TEXT and _PRINTABLE.issuperset(head) and len(set(head)) > 8:  # noqa: PLR2004
        return "running text"
    return None


DETECTOR: Final = Detector(RULE, frozenset({"safetensors", "npy"}), run)
