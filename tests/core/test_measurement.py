"""Measurements: a number or an error, never something in between."""

from __future__ import annotations

import math

import msgspec
import pytest

from modelkeep.core import Measurement, ModelkeepError, ThreatModel

NOT_NUMBERS = [math.nan, math.inf, -math.inf]
LINF = ThreatModel("evasion", "white box", "changes every feature", "linf", 0.03)


def measurement(
    value: float = 0.5, low: float = 0.4, high: float = 0.6, **more: object
) -> Measurement:
    return Measurement("robust_accuracy", value, low, high, "fraction", 100, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["value", "low", "high"])
@pytest.mark.parametrize("number", NOT_NUMBERS)
def test_what_is_not_finite_is_refused_by_name(field: str, number: float) -> None:
    with pytest.raises(ModelkeepError, match="robust_accuracy is not finite"):
        measurement(**{field: number})


@pytest.mark.parametrize("number", NOT_NUMBERS)
def test_a_curve_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ModelkeepError, match="finite"):
        measurement(curve=((0.0, 1.0), (0.1, number)))


@pytest.mark.parametrize("number", NOT_NUMBERS)
def test_an_attacker_whose_radius_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ModelkeepError, match="finite"):
        ThreatModel("evasion", "white box", "changes every feature", "linf", number)


def test_a_measurement_comes_back_from_json_as_it_was() -> None:
    whole = measurement(attacker=LINF, budget={"passes": 1200}, seed=7, curve=((0.0, 1.0),))
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Measurement) == whole


def test_a_number_read_from_json_is_checked_too() -> None:
    text = msgspec.json.encode(measurement()).replace(b"0.5", b"null")
    with pytest.raises((msgspec.ValidationError, ModelkeepError)):
        msgspec.json.decode(text, type=Measurement)
