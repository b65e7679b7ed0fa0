"""Extraction: linear models are solved, other ones copied in part, every row is counted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess.extraction import ATTACK
from modelkeep.assess.interface import by_name
from modelkeep.core import InputError, Measurement, NotChecked
from modelkeep.models import Column, Dataset, RemoteModel, Terms

FEATURES = 8
WEIGHTS = np.random.default_rng(0).normal(size=(FEATURES, 3))


def linear(rows: np.ndarray) -> np.ndarray:
    return samples.softmax(rows.astype(float) @ WEIGHTS)


def stepped(rows: np.ndarray) -> np.ndarray:
    """Nothing linear about it."""
    return samples.softmax(4.0 * np.sign(np.sin(2 * rows[:, :3].astype(float))))


def drawn(n: int = 400) -> Dataset:
    rows = samples.normal(n, FEATURES, seed=3)
    return samples.table(rows, list(linear(rows).argmax(axis=1)))


class Counting:
    def __init__(self, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        self.answer, self.sent = answer, 0

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        self.sent += len(rows)
        return self.answer(rows)


def ran(
    answer: Callable[[np.ndarray], np.ndarray], data: Dataset | None = None, **more: object
) -> tuple[Measurement, ...]:
    model = samples.Answering(answer, classes=("0", "1", "2"))
    context = samples.context(model, None, data or drawn(), **more)
    found = tuple(ATTACK.run(context))
    assert all(isinstance(outcome, Measurement) for outcome in found)
    return found


def number(measured: tuple[Measurement, ...], name: str) -> Measurement:
    found = by_name(measured, f"extraction_{name}")
    assert found is not None, [m.name for m in measured]
    return found


def test_a_linear_model_is_solved_at_d_plus_one_and_not_from_rounded_answers() -> None:
    measured = ran(linear)
    solved = number(measured, "fidelity_equations_scores")
    assert solved.value == 1.0
    assert solved.budget["queries"] == FEATURES + 1
    assert number(measured, "fidelity_equations_rounded").value < 1.0
    gaps = [
        float(number(measured, f"fidelity_equations_{policy}").note.rpartition(" ")[2])
        for policy in ("scores", "rounded")
    ]
    assert gaps[0] < 1e-6
    assert gaps[1] > 1e-3
    (risk,) = ATTACK.risks(measured)
    assert "9 answers" in risk.title
    facts = ATTACK.facts(measured)
    assert facts["extraction_queries"] == FEATURES + 1
    assert facts["extraction_fidelity_low_ppm"] == int(solved.low * 1_000_000)


def test_another_model_is_not_solved_but_copied_in_part() -> None:
    measured = ran(stepped)
    assert number(measured, "fidelity_equations_scores").value < 0.9
    assert list(ATTACK.risks(measured)) == []
    copied = number(measured, "fidelity_natural_100_scores")
    assert 0.34 < copied.value < 1.0
    assert copied.low < copied.value < copied.high


def test_fidelity_is_to_the_model_and_accuracy_to_the_truth() -> None:
    data = drawn()
    wrong = Dataset(data.subject, data.rows, np.roll(data.labels, 7), data.columns)
    measured = ran(linear, wrong)
    assert number(measured, "fidelity_equations_scores").value == 1.0
    assert number(measured, "accuracy_equations_scores").value < 0.6


def test_every_row_sent_is_counted() -> None:
    answer = Counting(linear)
    measured = ran(answer)
    judging = measured[0].budget["judging_queries"]
    assert answer.sent == judging + (FEATURES + 1) + 100


def test_standard_fills_the_table_and_spends_what_it_says() -> None:
    measured = ran(linear, budget="standard")
    names = {m.name.removeprefix("extraction_fidelity_") for m in measured}
    for budget in (100, 200):
        for policy in ("scores", "rounded", "top1", "label"):
            assert f"natural_{budget}_{policy}" in names
    for strategy in ("made_up", "active", "jacobian"):
        for policy in ("scores", "label"):
            found = number(measured, f"fidelity_{strategy}_100_{policy}")
            assert found.budget["queries"] == 100
    more, less = (
        number(measured, f"fidelity_natural_200_{policy}") for policy in ("scores", "label")
    )
    assert more.value >= less.value - 0.05


@pytest.mark.slow
def test_thorough_fills_the_whole_table_of_every_strategy() -> None:
    measured = ran(linear, budget="thorough")
    for strategy, budgets in (("natural", (100, 200)), ("made_up", (100,)), ("active", (100,))):
        for budget in budgets:
            for policy in ("scores", "rounded", "top1", "label"):
                found = number(measured, f"fidelity_{strategy}_{budget}_{policy}")
                assert found.budget["queries"] == budget


def test_it_is_repeated_by_its_seed() -> None:
    assert ran(linear) == ran(linear)


def test_logits_are_refused_where_probabilities_were_promised() -> None:
    with pytest.raises(InputError, match="no probabilities"):
        ran(lambda rows: rows.astype(float) @ WEIGHTS)


def test_categories_are_asked_as_categories() -> None:
    rows = samples.normal(200, 2, seed=1)
    rows[:, 1] = np.arange(200) % 3
    columns = Column("x"), Column("kind", ("a", "b", "c"))
    data = samples.table(rows, list(np.arange(200) % 3), *columns)

    def by_kind(asked: np.ndarray) -> np.ndarray:
        place = np.array(["abc".index(str(kind)) for kind in asked[:, 1]])
        return 0.05 + 0.85 * np.eye(3)[place]

    measured = ran(by_kind, data, budget="standard")
    assert by_name(measured, "extraction_fidelity_equations_scores") is None
    assert number(measured, "fidelity_natural_100_label").value > 0.9


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "--test"),
        (drawn(39), "fewer than 40"),
        (
            Dataset(
                samples.ANY_SUBJECT, np.array(["a"] * 50), np.array(["0"] * 50), kind="text"
            ),
            "text",
        ),
    ],
)
def test_it_needs_enough_rows_of_numbers(data: Dataset | None, why: str) -> None:
    model = samples.Answering(linear)
    assert why in (ATTACK.why_not(samples.context(model, None, data)) or "")


def test_without_torch_equations_are_solved_and_the_rest_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("modelkeep.assess.extraction.extraction.find_spec", lambda _name: None)
    model = samples.Answering(linear, classes=("0", "1", "2"))
    found = list(ATTACK.run(samples.context(model, None, drawn())))
    assert isinstance(found[0], Measurement)
    assert isinstance(found[-1], NotChecked)
    assert "modelkeep[train]" in found[-1].why


class _Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        rows = np.array(asked["instances"])
        text = json.dumps({"predictions": linear(rows).tolist()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/score"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.net
def test_a_running_endpoint_is_solved_within_its_budget(address: str) -> None:
    model = RemoteModel(address, Terms(queries=309), classes=("0", "1", "2"))
    measured = tuple(ATTACK.run(samples.context(model, None, drawn())))
    assert model.sent == 200 + FEATURES + 1 + 100 == 309
    found = by_name(
        tuple(m for m in measured if isinstance(m, Measurement)),
        "extraction_fidelity_equations_scores",
    )
    assert found is not None
    assert found.value == 1.0
    model.close()


@pytest.mark.net
@pytest.mark.parametrize("queries", [0, 39, 40, 250])
def test_a_small_budget_is_planned_for_and_nothing_is_sent_beyond_it(
    address: str, queries: int
) -> None:
    model = RemoteModel(address, Terms(queries=queries), classes=("0", "1", "2"))
    outcomes = ATTACK.run(samples.context(model, None, drawn()))
    if queries < 40:
        with pytest.raises(InputError, match="copying takes at least 40"):
            list(outcomes)
    else:
        found = list(outcomes)
        unsolved = [m.what for m in found if isinstance(m, NotChecked)]
        assert unsolved == (["extraction by equations"] if queries < 50 else [])
        assert any(isinstance(m, Measurement) and "natural" in m.name for m in found)
    assert model.sent <= queries
    model.close()
