"""Every format there is; one file each, third parties add theirs as ``modelkeep.formats``.

The order is the order of likelihood: a file that passes for several formats is
named after the first, and read as all of them.
"""

from __future__ import annotations

import functools
from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.formats import (
    compressed,
    json_text,
    npy,
    onnx_model,
    pickle_stream,
    picture,
    safetensors,
    seven_zip,
    tar_archive,
    ubjson,
    zip_archive,
)
from modelkeep.formats.interface import Format

BUILT_IN: Final = (
    npy.FORMAT,
    safetensors.FORMAT,
    ubjson.FORMAT,
    json_text.FORMAT,
    onnx_model.FORMAT,
    pickle_stream.FORMAT,
    zip_archive.FORMAT,
    tar_archive.FORMAT,
    seven_zip.FORMAT,
    *compressed.FORMATS,
    picture.FORMAT,
)


@functools.cache
def formats() -> dict[str, Format]:
    """The built-in formats and those of installed plug-ins, by name.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses a name.
    """
    every = with_plugins(BUILT_IN, "modelkeep.formats", Format, lambda found: found.name)
    return {found.name: found for found in every}


@functools.cache
def candidates(first: int) -> tuple[Format, ...]:
    """Formats a file can have whose first byte is ``first``."""
    return tuple(f for f in formats().values() if not f.first or first in f.first)
