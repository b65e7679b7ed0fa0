"""Model cards: what they state, and how a claim compares with a measurement."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import check_samples as samples
from modelkeep.core import MalformedArtifactError
from modelkeep.trust.model_card import Claim, ModelCard, compare_claims, read_card

CARD = """\
---
license: apache-2.0
base_model:
- org/base
- org/other
datasets: [imdb]
pipeline_tag: text-classification
model-index:
- name: classifier
  results:
  - task: {type: text-classification}
    dataset: {name: IMDB, type: imdb}
    metrics:
    - type: accuracy
      value: 93.1
    - type: Robust Accuracy
      value: 0.75
    - type: f1
      value: high
---
# Classifier
"""


def test_everything_a_card_states_is_read() -> None:
    assert read_card(CARD.encode()) == ModelCard(
        ("apache-2.0",),
        ("org/base", "org/other"),
        ("imdb",),
        "text-classification",
        (
            Claim("accuracy", 93.1, "IMDB"),
            Claim("robust_accuracy", 0.75, "IMDB"),
            Claim("f1", None, "IMDB"),
        ),
    )


@pytest.mark.parametrize("text", ["", "# Title\n", "---\nlicense: mit\n", "---\n---\n"])
def test_card_without_front_matter_states_nothing(text: str) -> None:
    assert read_card(text.encode()) == ModelCard()


@pytest.mark.parametrize(
    "text", ["---\n- a\n---\n", "---\na: [\n---\n", "---\na: b: c\n---\n"], ids=str
)
def test_front_matter_that_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(MalformedArtifactError):
        read_card(text.encode())


def test_odd_shapes_state_nothing_and_construct_nothing(tmp_path: Path) -> None:
    made = tmp_path / "made"
    odd = f"""---
license: !!python/object/apply:os.mkdir ["{made}"]
base_model: {{a: b}}
datasets: 3
model-index: [1, {{results: x}}, {{results: [{{metrics: [{{value: 1}}, 2]}}]}}]
---
"""
    card = read_card(odd.encode())
    assert not made.exists()
    assert (card.base_models, card.datasets, card.claims) == ((), (), ())


@pytest.mark.parametrize(
    ("claimed", "state"),
    [
        (0.75, "agrees"),
        (0.7, "agrees"),
        (0.8, "agrees"),
        (75.0, "agrees"),
        (0.81, "above"),
        (81.0, "above"),
        (0.69, "below"),
        (1.0, "above"),
    ],
)
def test_claim_is_compared_with_the_interval(claimed: float, state: str) -> None:
    card = ModelCard(claims=(Claim("robust_accuracy", claimed),))
    (compared,) = compare_claims(card, [samples.measurement()])  # 0.75, from 0.7 to 0.8
    assert compared.state == state


def test_names_of_the_hub_are_those_of_the_measurements() -> None:
    card = ModelCard(claims=(Claim("accuracy", 0.75), Claim("bleu", 0.3), Claim("acc", None)))
    compared = compare_claims(card, [samples.measurement("test_accuracy")])
    assert [one.state for one in compared] == ["agrees", "unmeasured", "unmeasured"]


@given(st.binary(max_size=120))
def test_no_bytes_break_it(raw: bytes) -> None:
    try:
        read_card(b"---\n" + raw + b"\n---\n")
    except MalformedArtifactError:
        return
