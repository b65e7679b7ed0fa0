"""``modelkeep convert``: weights out of a pickle carrier, without executing it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from modelkeep.core import InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.models.converting import convert_checkpoint
from modelkeep.pipeline.accessing import require_access_here
from modelkeep.sources import open_artifact, sealed_copy


def convert(model: str | Path, target: str | Path, **flags: Value | None) -> int:
    """Convert a torch checkpoint of a state dict; returns how many tensors there are.

    The checkpoint is read from a private copy, so both passes see the same bytes.

    Args:
        model: ``.pt``, ``.pth`` or ``.bin``, as ``torch.save`` writes it.
        target: the ``.safetensors`` file to be; nothing may be there.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: another format, more than a state dict, or something at the target.
        MalformedArtifactError: it cannot be read to its end.
        AccessRefusedError: roles were given here, and none lets who runs this read it.
    """
    place = Path(target)
    if place.suffix != ".safetensors":
        raise InputError(f"{place}: only .safetensors is written")
    if place.exists() or place.is_symlink():
        raise InputError(f"{place}: is there already", "Name a place that is free.")
    artifact = open_artifact(model)
    if artifact.is_directory:
        raise InputError(f"{artifact.path}: a directory; name its checkpoint")
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with sealed_copy(artifact) as copy:
            subject = Subject("model", artifact.name, copy.manifest.digest)
            require_access_here(flags, "read_weights", subject)
            count = convert_checkpoint(copy.named, draft)
        os.rename(draft, place)  # noqa: PTH104 - never over an existing directory
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return count
