"""A model card in the layout of the Hugging Face hub: what its author claims.

The front matter of ``README.md`` names licence, base models, data sets and, under
``model-index``, numbers. Nobody checks them: a claim is worth something once it is compared
with what was measured on the same bytes. The YAML is read as parser events and constructs
nothing.

Sources: the hub's documentation of model card metadata and of ``model-index``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from modelkeep.core import MalformedArtifactError, Measurement, Rule
from modelkeep.formats.yaml_text import parse_yaml

RULE: Final = Rule(
    id="CRD001",
    name="card-contradicted",
    summary="The model card claims a number that the measurement contradicts.",
    remedy="Write the measured number into the card: `modelkeep card MODEL --write README.md`.",
    topic="supply.no_aibom",
    tags=("CWE-345",),
)
CARD_RULES: Final = (RULE,)
CARD_NAME: Final = "README.md"
_FRONT: Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE
)
_MOST_BYTES: Final = 4 << 20
_MEASURED_AS: Final = {"accuracy": "test_accuracy", "acc": "test_accuracy"}
_PERCENT: Final = 100.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One number of a card.

    Attributes:
        metric: its type, in lower case with underscores.
        value: as stated; ``None`` if that is no finite number.
        dataset: what it is said to be measured on; may be empty.
    """

    metric: str
    value: float | None
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a card states; empty where it states nothing."""

    licences: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    task: str = ""
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A claim beside the measurement of the same thing.

    ``state`` is ``agrees`` (within the interval), ``above``, ``below``, or ``unmeasured``.
    """

    claim: Claim
    measurement: Measurement | None
    state: Literal["agrees", "above", "below", "unmeasured"]


def read_card(raw: bytes) -> ModelCard:
    """Read a card; one without front matter states nothing.

    Raises:
        MalformedArtifactError: too large, or its front matter is no YAML map.
    """
    if len(raw) > _MOST_BYTES:
        raise MalformedArtifactError(f"a model card of more than {_MOST_BYTES >> 20} MiB")
    front = _FRONT.match(raw)
    if front is None:
        return ModelCard()
    value = parse_yaml(front[1]).value
    if not value:
        return ModelCard()
    if not isinstance(value, dict):
        raise MalformedArtifactError("the front matter of the model card is no map")
    return ModelCard(
        _texts(value.get("license")),
        _texts(value.get("base_model")),
        _texts(value.get("datasets")),
        next(iter(_texts(value.get("pipeline_tag"))), ""),
        tuple(_claims(value.get("model-index"))),
    )


def compare_claims(
    card: ModelCard, measurements: Sequence[Measurement]
) -> tuple[Comparison, ...]:
    """Each claim beside the measurement of its name.

    A claim between 1 and 100 about something measured as a fraction is a percentage.
    """
    by_name = {measurement.name: measurement for measurement in measurements}
    return tuple(_compare(claim, by_name) for claim in card.claims)


def _compare(claim: Claim, by_name: dict[str, Measurement]) -> Comparison:
    measured = by_name.get(_MEASURED_AS.get(claim.metric, claim.metric))
    if measured is None or claim.value is None:
        return Comparison(claim, measured, "unmeasured")
    value = claim.value
    if measured.unit in ("fraction", "auc") and 1.0 < value <= _PERCENT:
        value /= _PERCENT
    if value > measured.high:
        return Comparison(claim, measured, "above")
    return Comparison(claim, measured, "below" if value < measured.low else "agrees")


def _texts(value: object) -> tuple[str, ...]:
    """A text, or the texts of a list."""
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str) and item)


def _maps(value: object) -> Iterator[dict[str, object]]:
    items: Iterable[object] = value if isinstance(value, list) else [value]
    return (item for item in items if isinstance(item, dict))


def _claims(index: object) -> Iterator[Claim]:
    for model in _maps(index):
        for result in _maps(model.get("results")):
            dataset = next(_maps(result.get("dataset")), {})
            name = dataset.get("name")
            for metric in _maps(result.get("metrics")):
                kind = metric.get("type") or metric.get("name")
                if isinstance(kind, str):
                    spelled = re.sub(r"[\s-]+", "_", kind.strip().lower())
                    shown = name if isinstance(name, str) else ""
                    yield Claim(spelled, _number(metric.get("value")), shown)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
