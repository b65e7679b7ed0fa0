"""Every format there is; one file each, third parties add theirs as ``modelkeep.formats``.

The order is the order of likelihood: a file that passes for several formats is
named after the first, and read as all of them.
"""

from __future__ import annotations

import functools
from typing import Final

from modelkeep.core.plugins import with_plugins
from modelkeep.formats import (
    caffe_model,
    caffe_text,
    catboost_model,
    compressed,
    coreml,
    elf,
    executorch,
    gguf,
    hdf5,
    jinja_text,
    json_text,
    keras_metadata,
    lightgbm_text,
    llamafile,
    macho,
    marshal_data,
    msgpack_document,
    notebook,
    npy,
    onnx_model,
    paddle_program,
    pe,
    pickle_stream,
    picture,
    pyc,
    python_cells,
    python_source,
    rds,
    requirements,
    safetensors,
    script_text,
    seven_zip,
    startup_path,
    tar_archive,
    tensorflow_checkpoint,
    tensorflow_graph,
    tensorflow_meta_graph,
    tensorflow_saved_model,
    tensorflow_text_graph,
    tensorrt_engine,
    tflite,
    tfrecord,
    toml_text,
    triton_config,
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
    notebook.FORMAT,
    json_text.FORMAT,
    hdf5.FORMAT,
    yaml_text.FORMAT,
    xml_text.FORMAT,
    jinja_text.FORMAT,
    gguf.FORMAT,
    llamafile.FORMAT,
    onnx_model.FORMAT,
    rds.FORMAT,
    msgpack_document.FORMAT,
    tflite.FORMAT,
    tensorflow_saved_model.FORMAT,
    tensorflow_meta_graph.FORMAT,
    tensorflow_graph.FORMAT,
    tensorflow_text_graph.FORMAT,
    keras_metadata.FORMAT,
    tensorflow_checkpoint.FORMAT,
    tfrecord.FORMAT,
    coreml.FORMAT,
    paddle_program.FORMAT,
    caffe_model.FORMAT,
    caffe_text.FORMAT,
    triton_config.FORMAT,
    executorch.FORMAT,
    tensorrt_engine.FORMAT,
    elf.FORMAT,
    pe.FORMAT,
    macho.FORMAT,
    pickle_stream.FORMAT,
    zip_archive.FORMAT,
    tar_archive.FORMAT,
    seven_zip.FORMAT,
    *compressed.FORMATS,
    picture.FORMAT,
    pyc.FORMAT,
    marshal_data.FORMAT,
    python_source.FORMAT,
    python_cells.FORMAT,
    script_text.FORMAT,
    requirements.FORMAT,
    toml_text.FORMAT,
    startup_path.FORMAT,
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
