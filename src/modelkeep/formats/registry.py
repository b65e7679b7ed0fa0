"""Every format there is; one file each, third parties add theirs as ``modelkeep.formats``.

The order is the order of likelihood: a file that passes for several formats is
named after the first, and read as all of them.
"""

from __future__ import annotations

import functools
from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.formats import (
    catboost_model,
    compressed,
    hdf5,
    json_text,
    lightgbm_text,
    msgpack_document,
    npy,
    onnx_model,
    pickle_stream,
    rds,
    safetensors,
    tar_archive,
    ubjson,
    xml_text,
    yaml_text,
    zip_archive,
)
from modelkeep.formats.interface import Format

BUILT_IN: Final = (
    lightgbm_text.FORMAT,
    catboost_model.FORMAT,
    npy.FORMAT,
    safetensors.FORMAT,
    ubjson.FORMAT,
    json_text.FORMAT,
    hdf5.FORMAT,
    yaml_text.FORMAT,
    xml_text.FORMAT,
    onnx_model.FORMAT,
    rds.FORMAT,
    msgpack_document.FORMAT,
    pickle_stream.FORMAT,
    zip_archive.FORMAT,
    tar_archive.FORMAT,
    *compressed.FORMATS,
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
