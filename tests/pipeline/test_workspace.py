"""What every job opens first: settings that exist, a keep that is whole."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, ModelkeepError, UsageError
from modelkeep.core.settings import resolve
from modelkeep.evidence import audit_log, exists, open_keep
from modelkeep.pipeline.workspace import (
    load_decided_policy,
    open_workspace,
    require_file,
)
from modelkeep.policy import FILES, packaged_policy

KEEP = Path(".modelkeep")


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


def test_unknown_setting_is_refused_before_anything_is_made() -> None:
    with pytest.raises(UsageError, match="'epsilon'"):
        pipeline.check("model.onnx", epsilon=0.1)
    assert not exists(KEEP)


def test_unknown_key_of_the_file_is_refused() -> None:
    Path("modelkeep.toml").write_text("[thresholds]\nrobust_shar_min = 0.1\n")
    with pytest.raises(UsageError, match="robust_shar_min"), open_workspace({}, make=True):
        pass
    assert not exists(KEEP)


def test_keep_is_made_only_where_it_was_asked_for() -> None:
    with pytest.raises(InputError, match="no keep here") as caught, open_workspace({}):
        pass
    assert caught.value.hint == "Run `modelkeep init`."
    assert not exists(KEEP)
    told: list[str] = []
    with open_workspace({}, pipeline.Listener(tell=told.append), make=True) as workspace:
        assert workspace.keep.profile == "dev"
    assert len(told) == 1


def test_keep_is_found_upward() -> None:
    pipeline.init_keep(KEEP.absolute(), "prod").close()
    Path("a/b").mkdir(parents=True)
    os.chdir("a/b")
    with open_workspace({}) as workspace:
        assert (workspace.keep.profile, workspace.keep.root.name) == ("prod", ".modelkeep")
    assert not exists(KEEP)


def test_named_keep_wins_over_the_one_upward() -> None:
    pipeline.init_keep(KEEP.absolute(), "prod").close()
    pipeline.init_keep(Path("other"), "dev").close()
    assert pipeline.keep_path(resolve({"keep": "other"})) == Path("other")
    with open_workspace({"keep": "other"}) as workspace:
        assert workspace.keep.profile == "dev"


def test_profile_of_the_call_wins_over_that_of_the_keep() -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    with open_workspace({"profile": "prod"}) as workspace:
        assert workspace.keep.profile == workspace.gates.profile == "prod"
        assert "signed-by-trusted" in workspace.gates.text


def test_fresh_keep_holds_the_policy_files_to_be_edited() -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    for profile, name in FILES.items():
        assert (KEEP / "policies" / name).read_text() == packaged_policy(profile)


def test_keep_is_made_once() -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    with pytest.raises(InputError, match="already"):
        pipeline.init_keep(KEEP.absolute(), "dev")


def test_place_where_no_keep_can_be_is_refused() -> None:
    for place in ("model.onnx", "model.onnx/below"):
        with pytest.raises(InputError, match=r"model\.onnx"):
            pipeline.check("model.onnx", keep=place)


@pytest.mark.parametrize(
    "name", ["keep.json", "trust.json", "keys/log.pem", "keys/signing.pem"]
)
@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe\x00"])
def test_damaged_keep_is_refused_by_name(name: str, data: bytes) -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    (KEEP / name).write_bytes(data)
    with pytest.raises(ModelkeepError, match=name.rsplit("/", 1)[-1]):
        pipeline.check("model.onnx")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"permit ("])
def test_damaged_policy_is_refused_by_name(data: bytes) -> None:
    pipeline.init_keep(KEEP.absolute(), "dev").close()
    (KEEP / "policies" / "dev.cedar").write_bytes(data)
    with pytest.raises(InputError, match=r"dev\.cedar"):
        pipeline.check("model.onnx")


def test_policy_of_a_past_decision_is_read_back_or_refused() -> None:
    report = pipeline.check("model.onnx")
    assert report.decision is not None
    digest = report.decision.policy
    with open_keep(KEEP) as keep:
        kept = load_decided_policy(keep, digest)
        assert kept is not None
        assert kept["digest"] == digest
        assert load_decided_policy(keep, "0" * 64) is None
        path = keep.policies / "decided" / f"{digest}.json"
        path.write_text(json.dumps(kept | {"digest": "0" * 64}))
        with pytest.raises(EvidenceError, match="not the policy it is named after"):
            load_decided_policy(keep, digest)
        path.write_text("{")
        with pytest.raises(EvidenceError, match="cannot be read"):
            load_decided_policy(keep, digest)


def test_required_file_is_there_or_refused() -> None:
    assert require_file(None, "test data") is None
    assert require_file("model.onnx", "test data") == Path("model.onnx")
    with pytest.raises(InputError, match="no such test data"):
        require_file("gone", "test data")


WATCH = """
import sys
from pathlib import Path
from modelkeep import pipeline

def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith((".modelkeep/policies/dev.cedar",
                                                       ".modelkeep/policies/prod.cedar")):
        if "w" in str(arguments[1]) and Path(".modelkeep/keep.json").exists():
            print("half made")

sys.addaudithook(watch)
pipeline.init_keep(Path(".modelkeep").absolute(), "dev").close()
print("made")
"""


def test_keep_is_complete_from_the_moment_that_others_can_see_it() -> None:
    assert samples.spoken(script=WATCH).out.split("\n")[:-1] == ["made"]


def race(rounds: int, racers: int) -> Counter[str]:
    """Start checks of one model at once, in processes that all have to make the keep."""
    read, write = os.pipe()
    for number in range(rounds):
        gate, opener = os.pipe()
        children = []
        for _ in range(racers):
            child = os.fork()
            if not child:
                os.close(opener)
                os.read(gate, 1)  # returns for all at once, when the parent closes its end
                os.write(write, f"{_check(Path(str(number)) / 'keep')}\n".encode())
                os._exit(0)
            children.append(child)
        os.close(opener)
        for child in children:
            os.waitpid(child, 0)
        os.close(gate)
    os.close(write)
    with os.fdopen(read) as lines:
        return Counter(lines.read().split("\n")[:-1])


def _check(keep: Path) -> str:
    try:
        return f"exit {pipeline.check('model.onnx', keep=str(keep)).exit_code}"
    except BaseException as error:  # noqa: BLE001 - a child tells its parent everything
        return f"{type(error).__name__}: {error}".replace("\n", " ")


def test_processes_that_make_the_keep_at_once_all_succeed() -> None:
    assert race(rounds=12, racers=3) == {"exit 0": 36}
    for number in range(12):
        with open_keep(Path(str(number)) / "keep") as keep:
            assert audit_log(keep) == []
            assert keep.store.size() == 15
