"""keras_metadata.pb: its configurations are handed out as JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import PLAIN_GRAPH, saved_model
from modelkeep.core import LimitExceededError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.keras_metadata import looks_like, read
from samples import VALID, block, budget, damage, number, prefixes, read_streams


def keras_object(metadata: str, identifier: str = "_tf_keras_layer") -> bytes:
    """A node of SavedMetadata."""
    return block(
        1, number(2, 3) + block(3, "root.layer") + block(4, identifier) + block(5, metadata)
    )


WHOLE = keras_object('{"class_name": "Dense"}', "_tf_keras_model") + keras_object(
    '{"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}'
)


def test_every_configuration_is_a_json_stream() -> None:
    streams = read_streams(WHOLE, name="keras_metadata.pb")
    assert [s.format for s in streams] == ["json", "json", "keras metadata"]


def test_a_model_of_unknown_identifiers_is_recognised_by_its_root() -> None:
    data = block(1, block(3, "root") + block(4, "x") + block(5, "{}"))
    assert sniff(MemorySource(data)) == ("keras metadata",)


@pytest.mark.parametrize("data", [*VALID.values(), PLAIN_GRAPH, saved_model(PLAIN_GRAPH)])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_objects_are_counted() -> None:
    with pytest.raises(LimitExceededError):
        read(MemorySource(WHOLE), budget(entries=1), Reading())


_EDITS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(
    st.binary(max_size=200)
    | st.sampled_from(prefixes(WHOLE))
    | st.builds(damage, st.just(WHOLE), _EDITS)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
