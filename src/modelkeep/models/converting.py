"""From a torch checkpoint to safetensors, without executing the checkpoint's pickle.

Source: safetensors format specification (length, JSON header, numbers).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import IO, Any, Final

from modelkeep.core import InputError
from modelkeep.models.torch_state import tensors

_CHUNK: Final = 4 << 20
_ALIGN: Final = 8


def convert_checkpoint(source: Path, target: Path) -> int:
    """Write the tensors of a checkpoint as safetensors; returns how many.

    Raises:
        InputError: no checkpoint of a state dict, or it cannot be written.
        MalformedArtifactError: it cannot be read to its end.
    """
    header: dict[str, Any] = {}
    at = 0
    for name, tensor, _ in tensors(source):
        end = at + tensor.count * tensor.width
        header[name] = {
            "dtype": tensor.kind,
            "shape": list(tensor.shape),
            "data_offsets": [at, end],
        }
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGN)
    try:
        with target.open("xb") as sink:
            sink.write(struct.pack("<Q", len(text)) + text)
            for name, tensor, storage in tensors(source):
                storage.seek(tensor.offset * tensor.width)
                _copy(storage, sink, tensor.count * tensor.width, name)
    except OSError as error:
        raise InputError(f"{target}: {error.strerror}") from error
    return len(header)


def _copy(source: IO[bytes], sink: IO[bytes], count: int, name: str) -> None:
    while count > 0:
        part = source.read(min(count, _CHUNK))
        if not part:
            raise InputError(f"{name}: its storage is cut off")
        sink.write(part)
        count -= len(part)
