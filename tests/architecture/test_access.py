"""No job opens a model or data set without asking who may: told from the calls it makes.

The calls of every job are followed through the files of ``pipeline``. What opens bytes must
lead to the one function that asks, but for jobs that hand out nothing of what they read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from modelkeep import pipeline

FOLDER = Path(pipeline.__file__).parent
OPENERS = {
    "open_artifact", "open_address", "open_content", "load_dataset", "load_texts",
    "load_model", "sealed_copy",
}  # fmt: skip
ASKS = {"require_access"}
# Jobs that read bytes and hand out none of them, nor what they hold.
BYTES_STAY = {
    "scan": "says what is dangerous in a file; needs no keep and records nothing",
    "find_vulnerabilities": "names packages of lock files; needs no keep and records nothing",
    "verify": "hashes, and compares with what was signed",
    "gate": "hashes, and says what the evidence allows",
    "list_evidence": "hashes, to find what the log says",
    "lineage": "hashes, to find where to begin",
    "give_role": "hashes, to find the subject of a role",
    "explain_access": "hashes, to find the subject of the question",
    "examine": "the static half of other jobs",
    "write_baseline": "a scan",
}

Graph = dict[tuple[str, str], set[str]]


def read_calls(texts: dict[str, str]) -> tuple[Graph, dict[str, dict[str, str]]]:
    """Names used by each function of each file, and where imported ones come from."""
    calls: Graph = {}
    homes: dict[str, dict[str, str]] = {}
    for module, text in texts.items():
        homes[module] = {}
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                origin = node.module.rpartition(".")[2]
                homes[module] |= {a.asname or a.name: origin for a in node.names}
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                calls[module, node.name] = used
    return calls, homes


def reached(start: tuple[str, str], texts: dict[str, str]) -> set[str]:
    """Every name that a function leads to."""
    calls, homes = read_calls(texts)
    seen, waiting, names = set(), [start], set[str]()
    while waiting:
        place = waiting.pop()
        if place in seen or place not in calls:
            continue
        seen.add(place)
        for name in calls[place]:
            names.add(name)
            own = (place[0], name)
            waiting.append(own if own in calls else (homes[place[0]].get(name, ""), name))
    return names


def jobs() -> Iterable[tuple[str, str]]:
    for home, names in pipeline._HOMES.items():
        yield from ((home, name) for name in names)


TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}


@pytest.mark.parametrize("job", list(jobs()), ids=lambda job: job[1])
def test_job_that_opens_bytes_asks_who_may(job: tuple[str, str]) -> None:
    names = reached(job, TEXTS)
    opens, asks = bool(names & OPENERS), bool(names & ASKS)
    if job[1] in BYTES_STAY:
        assert not asks, "it asks: take it off the list"
    else:
        assert asks or not opens, "it opens bytes and never comes to `require_access`"


def test_gateway_asks_wherever_it_opens_a_model() -> None:
    folder = FOLDER.parent / "gateway"
    texts = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    calls, _ = read_calls(texts)
    opening = {place for place, used in calls.items() if used & (OPENERS | {"open_session"})}
    assert opening == {("served", "_local"), ("served", "_claimed"), ("served", "_calibration")}
    assert all(calls[place] & ASKS for place in opening)


def test_list_of_jobs_that_hand_out_nothing_names_jobs_that_there_are() -> None:
    assert BYTES_STAY.keys() <= {name for _, name in jobs()}


@pytest.mark.parametrize(
    ("body", "guilty"),
    [
        ("return open_artifact(path)", True),
        ("return _opened(path)", True),
        ("require_access(workspace, 'read_weights', path)\n    return _opened(path)", False),
        ("return path", False),
    ],
)
def test_new_job_that_does_not_ask_is_found(body: str, *, guilty: bool) -> None:
    text = (
        "from modelkeep.pipeline.accessing import require_access\n"
        "from modelkeep.sources import open_artifact\n"
        f"def handed_out(path):\n    {body}\n"
        "def _opened(path):\n    return open_artifact(path)\n"
    )
    names = reached(("new", "handed_out"), TEXTS | {"new": text})
    assert (bool(names & OPENERS) and not names & ASKS) is guilty


def test_nobody_writes_an_answer_of_access_but_the_function_that_asks() -> None:
    makers = {name for name, text in TEXTS.items() if '"access-use",' in text}
    assert makers == {"accessing"}
