"""Python fragments of a document, such as the cells of a notebook.

Fragments may be unfinished or in another language; what parses is read, the rest is
no damage of the document that holds them. The format is never sniffed.

Sources: IPython documentation.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.python_source import LONGEST, PythonSource, parse, recover


def looks_like(source: Source) -> bool:
    """Never: only the reader of a document knows its fragments."""
    del source
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``PythonSource`` of whatever could be parsed."""
    if source.size > LONGEST:
        raise LimitExceededError(f"Python fragments of {source.size} bytes")
    text = source.read(0, source.size).decode("utf-8", "replace")
    budget.tick()
    try:
        tree = parse(text)
    except MalformedArtifactError:
        tree = recover(text)
    reading.document = PythonSource(text, tree)


FORMAT: Final = Format("python cells", looks_like, read)
