from __future__ import annotations

import pytest

from modelkeep.core import InputError
from modelkeep.harden.private import Mechanism, accounting, calibrate_noise, epsilon_of


def test_a_run_of_the_notes_is_accounted_as_there() -> None:
    spent = epsilon_of([Mechanism(1.08, 0.05, 100)], 1e-5)
    assert spent.first == pytest.approx(2.993, abs=0.005)
    assert abs(spent.first - spent.second) < 0.01 * spent.first
    assert spent.epsilon == max(spent.first, spent.second)


def test_runs_add_up_to_more_than_each_and_less_than_the_sum() -> None:
    one, two = Mechanism(1.5, 0.1, 50), Mechanism(2.0, 0.2, 40)
    alone = [epsilon_of([each], 1e-5).epsilon for each in (one, two)]
    assert max(alone) < epsilon_of([one, two], 1e-5).epsilon < sum(alone)


def test_nothing_run_costs_nothing() -> None:
    assert epsilon_of([], 1e-5).epsilon == 0


@pytest.mark.parametrize(("rate", "steps"), [(0.1, 60), (1.0, 10)])
def test_calibrated_noise_reaches_epsilon_and_hardly_less(rate: float, steps: int) -> None:
    noise = calibrate_noise(2.0, 1e-5, rate, steps)
    assert 1.95 < epsilon_of([Mechanism(noise, rate, steps)], 1e-5).epsilon <= 2.0


def test_accountants_that_differ_claim_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounting, "_by_random_variables", lambda *_: 3.1)
    with pytest.raises(InputError, match="nothing can be claimed"):
        epsilon_of([Mechanism(1.08, 0.05, 100)], 1e-5)


@pytest.mark.parametrize(
    "given",
    [(0.0, 0.1, 5), (1.0, 0.0, 5), (1.0, 1.1, 5), (1.0, 0.1, 0), (float("nan"), 0.1, 5)],
)
def test_a_mechanism_out_of_range_is_refused(given: tuple[float, float, int]) -> None:
    with pytest.raises(InputError, match="a mechanism with noise"):
        Mechanism(*given)


def test_an_epsilon_or_delta_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="is no privacy budget"):
        calibrate_noise(-1, 1e-5, 0.1, 10)
    with pytest.raises(InputError, match="is no probability"):
        epsilon_of([Mechanism(1, 0.1, 1)], 0)
    with pytest.raises(InputError, match="no noise up to"):
        calibrate_noise(0.001, 1e-9, 1.0, 1000)
