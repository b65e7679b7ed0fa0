"""An endpoint as a model: three schemes, a budget that holds, and an end that is said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import model_samples as samples
from endpoint_server import ROWS, TRUTH, Server, answers, served
from modelkeep.assess import BUILT_IN, assess_model
from modelkeep.core import InputError
from modelkeep.models.remote import EndpointLostError, RemoteModel, Terms
from modelkeep.models.remote_schemes import scheme_of


@contextmanager
def model(state: Server, path: str = "/score", **terms: Any) -> Iterator[RemoteModel]:  # noqa: ANN401
    found = RemoteModel(
        f"{state.base}{path}", Terms(timeout=5, **terms), sleep=lambda _seconds: None
    )
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize(
    ("path", "scheme", "asked"),
    [
        ("/v2/models/m", "open inference", "/v2/models/m/infer"),
        ("/invocations", "mlflow", "/invocations"),
        ("/score", "json", "/score"),
    ],
)
def test_each_scheme_is_spoken(path: str, scheme: str, asked: str) -> None:
    with served() as state, model(state, path, batch=15) as found:
        assert found.predict(ROWS) == pytest.approx(answers(ROWS), abs=1e-5)
        assert scheme_of(f"{state.base}{path}") == scheme
        assert found.classes == ("0", "1")
        assert [request["path"] for request in state.requests] == [asked] * 3
        assert state.rows == found.sent == 40


def test_a_budget_is_never_exceeded_and_nothing_is_sent_beyond_it() -> None:
    with served() as state, model(state, queries=50) as found:
        found.predict(ROWS)
        with pytest.raises(EndpointLostError, match="budget of 50 queries, of which 40"):
            found.predict(ROWS)
        assert state.rows == 40
    with served(statuses=[503] * 9) as state, model(state, queries=100, retries=9) as found:
        with pytest.raises(EndpointLostError, match="budget of 100"):
            found.predict(ROWS)
        assert len(state.requests) == 2, "what is sent again counts again"


def test_a_busy_server_is_asked_again_and_a_refusal_is_not() -> None:
    with served(statuses=[503, 429]) as state, model(state) as found:
        assert len(found.predict(ROWS)) == 40
        assert len(state.requests) == 3
    with served(statuses=[404] * 9) as state, model(state) as found:
        with pytest.raises(InputError, match="says 404"):
            found.predict(ROWS)
        assert len(state.requests) == 1
    with served(statuses=[503] * 9) as state, model(state, retries=2) as found:
        with pytest.raises(EndpointLostError, match="says 503"):
            found.predict(ROWS)
        assert len(state.requests) == 3


def test_a_redirect_is_not_followed() -> None:
    with served(statuses=[302]) as state, model(state) as found:  # noqa: SIM117 - one line each
        with pytest.raises(InputError, match="says 302"):
            found.predict(ROWS)


def test_an_endpoint_that_dies_midway_leaves_what_was_measured() -> None:
    data = samples.table(ROWS, TRUTH)
    with served(dies_after=600) as state, model(state, retries=1) as found:
        result = assess_model(samples.context(found, data, data, epsilon_linf=0.2), BUILT_IN)
    names = [m.name for m in result.all_measurements()]
    assert "test_accuracy" in names
    assert "clean_accuracy" in names
    stopped = [m.why for m in result.not_checked if m.why.startswith("stopped")]
    assert stopped
    assert all("after" in why and "What was measured" in why for why in stopped)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[1, 2",
        b'{"predictions": [[], []]}',
        b"[1" + b"0" * 400 + b"]",
        b'{"predictions": [[1, 2]]}',
        b'"text"',
        b"[" * 100_000,
    ],
)
def test_answers_without_scores_are_named(body: bytes) -> None:
    with served(garbled=body) as state, model(state) as found:  # noqa: SIM117 - one line each
        with pytest.raises(InputError, match=r"scores|answers"):
            found.predict(ROWS)


def test_a_token_goes_to_this_machine_or_over_https_only() -> None:
    with served() as state, model(state, token="secret") as found:
        found.predict(ROWS[:1])
        assert state.authorization == "Bearer secret"
    with pytest.raises(InputError, match="in the clear"):
        RemoteModel("http://models.example/score", Terms(token="secret"))
    assert "secret" not in repr(Terms(token="secret"))


def test_requests_are_spaced() -> None:
    waited: list[float] = []
    with served() as state:
        found = RemoteModel(
            f"{state.base}/score", Terms(batch=10, rate=2.0), sleep=waited.append
        )
        found.predict(ROWS)
        found.close()
    assert len(waited) == 3
    assert all(0.3 < seconds <= 0.5 for seconds in waited)


@pytest.mark.parametrize("address", ["", "ftp://host/x", "host/v2", "http://", "http://h:x/"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="no http address"):
        RemoteModel(address)


def test_a_server_that_asks_for_rest_gets_it_or_is_left_alone() -> None:
    waited: list[float] = []
    with served(statuses=[429], headers={"Retry-After": "7"}) as state:
        found = RemoteModel(f"{state.base}/score", Terms(timeout=5), sleep=waited.append)
        assert len(found.predict(ROWS)) == 40
        assert waited == [7.0]
        found.close()
    with served(statuses=[429] * 9, headers={"Retry-After": "3600"}) as state:
        with model(state) as found:
            with pytest.raises(EndpointLostError, match="left alone for 3600 s"):
                found.predict(ROWS)
            with pytest.raises(EndpointLostError, match="left alone"):
                found.predict(ROWS)
        assert len(state.requests) == 1, "what is lost is not asked again"


def test_a_server_that_hangs_is_lost_in_time() -> None:
    began = time.monotonic()
    with served(hangs_after=0) as state:
        found = RemoteModel(f"{state.base}/score", Terms(timeout=0.2, retries=1))
        with pytest.raises(EndpointLostError, match=r"no whole answer within 0\.2 s"):
            found.predict(ROWS)
        found.close()
    assert time.monotonic() - began < 3


def test_a_step_has_a_share_of_what_is_left_and_no_more() -> None:
    with served() as state, model(state, queries=100) as found:
        found.allot(0.5)
        assert found.left == 50
        found.predict(ROWS)
        with pytest.raises(EndpointLostError, match="share of this step, of which 40"):
            found.predict(ROWS)
        found.allot(1)
        assert found.left == 60
        found.predict(ROWS)
        assert state.rows == 80


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://user:hunter2@127.0.0.1/x", "names a user"),
        ("http://hunter2@127.0.0.1:x/x", "names a user"),
        ("http://127.0.0.1/x?key=hunter2", "query"),
        ("http://127.0.0.1/x#hunter2", "query or a fragment"),
    ],
)
def test_an_address_that_holds_a_secret_is_refused_without_repeating_it(
    address: str, why: str
) -> None:
    with pytest.raises(InputError, match=why) as refused:
        RemoteModel(address)
    assert "hunter2" not in str(refused.value) + refused.value.hint


def test_one_score_a_row_is_read_the_same_way_every_time() -> None:
    with served(garbled=b'{"predictions": [-3.0, 0.5]}') as state, model(state) as found:
        first = found.predict(ROWS[:2])
        state.garbled = b'{"predictions": [0.2, 0.5]}'
        assert found.predict(ROWS[:2])[1] == pytest.approx(first[1]), "a logit stays one"
    with served(garbled=b'{"predictions": [0.2, 0.5]}') as state, model(state) as found:
        found.predict(ROWS[:2])
        state.garbled = b'{"predictions": [-3.0, 0.5]}'
        with pytest.raises(InputError, match="looked like probabilities at first"):
            found.predict(ROWS[:2])
