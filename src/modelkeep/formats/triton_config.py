"""The configuration of a model in a Triton repository (``config.pbtxt``).

Source: triton-inference-server, ``model_config.proto``.
"""

from __future__ import annotations

from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf_text import FIRST, Message, parse, top_keys

_FIELDS: Final = {
    **dict.fromkeys(("backend", "platform", "default_model_filename", "runtime"), ":"),
    **dict.fromkeys(("max_batch_size",), ":"),
    **dict.fromkeys(
        """
        input output instance_group ensemble_scheduling dynamic_batching sequence_batching
        parameters model_warmup optimization version_policy cc_model_filenames
        model_operations model_repository_agents model_transaction_policy response_cache
        """.split(),
        "{[:<",
    ),
}


def looks_like(source: Source) -> bool:
    """Whether two of the fields of such a configuration are the outermost ones."""
    keys = top_keys(source)
    known = [key for key, mark in keys.items() if mark in _FIELDS.get(key, "")]
    names = {"backend", "platform"} & set(known)
    return (len(known) >= 2 or (bool(names) and len(keys) <= 2)) and "layer" not in keys


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is the ``Message``."""
    message = Message()
    reading.document = message
    parse(source, budget, message)


FORMAT: Final = Format("triton config", looks_like, read, first=FIRST)
