"""Notebooks: cells become one program, shell lines and markup are put aside."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.notebook import Notebook, looks_like, read
from notebook_samples import code, markdown, notebook
from samples import VALID, budget


def reading_of(raw: bytes) -> Reading:
    reading = Reading()
    read(MemorySource(raw), budget(), reading)
    return reading


def test_a_notebook_is_recognised_by_its_content() -> None:
    raw = notebook(code("x = 1"))
    assert looks_like(MemorySource(raw))
    assert "notebook" in sniff(MemorySource(raw), "data.bin")
    for other in (*VALID.values(), b'{"cells": 1}', b"{", b"[]", b'{"nbformat": 4}'):
        assert not looks_like(MemorySource(other))


def test_cells_are_one_program() -> None:
    reading = reading_of(notebook(code("import os"), markdown("text"), code("os.getcwd()")))
    (cells,) = reading.parts
    assert (cells.member, cells.known) == ("cells", "python cells")
    assert cells.open().read(0, 99) == b"import os\nos.getcwd()"


def test_shell_lines_are_put_aside_and_their_place_is_kept() -> None:
    text = "if x:\n    !pip install y\n%matplotlib inline\nout = !ls -l\n%pip install z\nx?"
    reading = reading_of(
        notebook(code(text), code("%%bash\necho a\necho b"), code("%%html\n<p>"))
    )
    assert isinstance(reading.document, Notebook)
    assert reading.document.shell == (
        (0, "pip install y"),
        (0, "ls -l"),
        (0, "pip install z"),
        (1, "echo a\necho b"),
    )
    assert reading.parts[0].open().read(0, 99).startswith(b"if x:\n    pass\npass\npass\npass")


@pytest.mark.parametrize("source", ["a\nb", ["a\n", "b"]])
def test_a_source_is_a_text_or_a_list_of_lines(source: object) -> None:
    raw = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": source}]})
    assert reading_of(raw.encode()).parts[0].open().read(0, 9) == b"a\nb"


def test_version_3_keeps_cells_in_worksheets() -> None:
    cell = {"cell_type": "code", "input": "import os"}
    raw = json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}).encode()
    assert looks_like(MemorySource(raw))
    assert reading_of(raw).parts[0].open().read(0, 9) == b"import os"


def test_cells_given_twice_are_both_read() -> None:
    cell = '[{"cell_type": "code", "source": "%s"}]'
    raw = f'{{"nbformat": 4, "cells": {cell % "a"}, "cells": {cell % "b"}}}'
    assert reading_of(raw.encode()).parts[0].open().read(0, 9) == b"b\na"


@pytest.mark.parametrize("raw", [b"[]", b"{", b'{"cells": [}'])
def test_what_is_no_notebook_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedArtifactError):
        reading_of(raw)


def test_every_beginning_is_malformed() -> None:
    raw = notebook(code("!ls"), markdown("x"))
    for length in range(len(raw.rstrip())):
        with pytest.raises(MalformedArtifactError):
            reading_of(raw[:length])


leaf = st.none() | st.integers() | st.text(max_size=20)
tree = st.recursive(leaf, lambda inner: st.lists(inner, max_size=4), max_leaves=6)
cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown"]) | leaf, "source": tree, "outputs": tree}
)


@settings(max_examples=80, deadline=None)
@given(st.lists(cells | leaf, max_size=4) | tree)
def test_any_cells_are_read(value: object) -> None:
    reading_of(json.dumps({"nbformat": 4, "cells": value}).encode())
