"""The gate in front of loaders: what is asked, what is handed over, and what gets past it."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import check_samples as samples
import modelkeep
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.evidence import SigningKey
from modelkeep.pipeline.loading import RefusedError

taken_before = pickle.load


@pytest.fixture(autouse=True)
def _checked(desk: samples.Sample) -> None:
    """Every test has a keep in which the sample was scanned."""
    pipeline.init_keep(desk.folder / ".modelkeep", "dev").close()
    pipeline.check(desk.model)


@pytest.fixture
def plain() -> Path:
    """A pickle that was scanned, of numbers only."""
    path = Path("plain.pkl")
    path.write_bytes(samples.PLAIN_PICKLE)
    pipeline.check(path)
    return path


def test_model_that_was_checked_is_loaded_and_answers(desk: samples.Sample) -> None:
    loaded = modelkeep.load(desk.model)
    rows = np.zeros((3, samples.FEATURES), dtype=np.float32)
    assert loaded.model.predict(rows).shape == (3, 2)


def test_what_was_not_checked_is_refused_with_what_is_missing() -> None:
    Path("new.pkl").write_bytes(samples.PLAIN_PICKLE)
    with pytest.raises(RefusedError, match="scan-clean") as caught:
        modelkeep.load("new.pkl")
    assert caught.value.decision is not None
    assert not caught.value.decision.allowed
    with pytest.raises(UsageError, match="only reports"):
        modelkeep.load("model.onnx", profile="report")


def test_broken_signature_is_refused_before_the_gate_is_asked(desk: samples.Sample) -> None:
    pipeline.sign(desk.model)
    modelkeep.load(desk.model)
    data = desk.model.read_bytes()
    desk.model.write_bytes(data + b"\0")
    with pytest.raises(EvidenceError, match="changed since it was signed"):
        modelkeep.load(desk.model)


def test_key_revoked_after_the_check_is_refused_at_the_next_load(desk: samples.Sample) -> None:
    key = SigningKey.generate()
    key.save(Path("ci.pem"))
    Path("ci.pub").write_text(key.public.pem)
    pipeline.add_trust("ci", "ci.pub", ("model-signature",))
    pipeline.sign(desk.model, key="ci.pem")
    (Path(".modelkeep") / "policies" / "dev.cedar").write_text(
        '@id("signed") @says("no") @mend("sign") permit (principal, action, resource)\n'
        "when { context has signature_trusted && context.signature_trusted };\n"
    )
    modelkeep.load(desk.model)
    since = "2020-01-01T00:00:00Z"
    pipeline.revoke_trust("ci", reason="lost", since=since)
    with pytest.raises(RefusedError, match="signed"):
        modelkeep.load(desk.model)


def test_revoked_version_is_refused_and_a_broken_glass_does_not_help(
    desk: samples.Sample,
) -> None:
    pipeline.register(desk.model, "credit")
    with pytest.raises(RefusedError, match="out-of-quarantine"):
        modelkeep.load(desk.model)
    pipeline.break_glass("credit", "deployed", why="fire", until=samples.soon())
    modelkeep.load(desk.model)
    pipeline.move_version("credit", "revoked", reason="backdoor")
    with pytest.raises(RefusedError, match="not-revoked"):
        modelkeep.load(desk.model)


def test_admitted_copy_cannot_be_written(desk: samples.Sample) -> None:
    with pipeline.admit(desk.model) as admitted:
        before = admitted.path().read_bytes()
        desk.model.write_bytes(b"evil")
        assert admitted.path().read_bytes() == before
        descriptor = os.open(admitted.path(), os.O_RDWR)
        with pytest.raises(PermissionError):
            os.write(descriptor, b"x")
        with pytest.raises(PermissionError):
            os.truncate(descriptor, 1)
        os.close(descriptor)


def race(desk: samples.Sample, rounds: int) -> tuple[int, int]:
    """Exchange the model all the time while it is loaded; returns admitted and refused."""
    good = desk.model.read_bytes()
    evil = good[:-1] + bytes([good[-1] ^ 1])
    ended = threading.Event()

    def swap() -> None:
        turn = 0
        while not ended.is_set():
            turn += 1
            Path("next").write_bytes(evil if turn % 2 else good)
            Path("next").replace(desk.model)
            time.sleep(0.0003)  # the loads shall have some of the processor

    thread = threading.Thread(target=swap)
    thread.start()
    admitted = refused = 0
    try:
        for _ in range(rounds):
            try:
                with pipeline.admit(desk.model) as found:
                    assert found.path().read_bytes() == good
                    admitted += 1
            except RefusedError:
                refused += 1
    finally:
        ended.set()
        thread.join()
    return admitted, refused


def test_swap_between_check_and_load_loads_what_was_checked(desk: samples.Sample) -> None:
    admitted, refused = race(desk, 30)
    assert admitted + refused == 30


@pytest.mark.slow
def test_thousand_races_load_what_was_checked(desk: samples.Sample) -> None:
    admitted, refused = race(desk, 1000)
    assert admitted + refused == 1000
    assert admitted
    assert refused


def test_guarded_pickle_load_asks_and_originals_come_back(plain: Path) -> None:
    original = pickle.load
    Path("new.pkl").write_bytes(pickle.dumps([1, 2, 3]))
    with modelkeep.guard():
        assert pickle.load is not original
        with plain.open("rb") as file:
            assert pickle.load(file) == {"w": 1}
        with (
            Path("new.pkl").open("rb") as file,
            pytest.raises(RefusedError, match="scan-clean"),
        ):
            pickle.load(file)
        with pytest.raises(RefusedError, match="scan-clean"):
            pickle.load(io.BytesIO(pickle.dumps({"v": 2})))
        assert pickle.load(io.BytesIO(samples.PLAIN_PICKLE)) == {"w": 1}
    assert pickle.load is original


def test_what_follows_a_pickle_counts_and_a_pipe_is_refused() -> None:
    two = samples.PLAIN_PICKLE + pickle.dumps([7])
    Path("two.pkl").write_bytes(two)
    with modelkeep.guard(), Path("two.pkl").open("rb") as file, pytest.raises(RefusedError):
        pickle.load(file)
    read, write = os.pipe()
    os.close(write)
    refused = pytest.raises(RefusedError, match="cannot be read twice")
    with modelkeep.guard(), os.fdopen(read, "rb") as pipe, refused:
        pickle.load(pipe)


class Thing:
    """Something with a name to look up."""


def test_caller_who_took_the_original_is_caught_where_it_unpickles() -> None:
    data = pickle.dumps(Thing())
    with modelkeep.guard():
        for load in (taken_before, lambda file: pickle.loads(file.read())):
            with pytest.raises(EvidenceError, match="unpickled outside of an admitted load"):
                load(io.BytesIO(data))
        found: list[BaseException] = []

        def elsewhere() -> None:
            try:
                taken_before(io.BytesIO(data))
            except EvidenceError as error:
                found.append(error)

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert found
    with modelkeep.guard(permit=[__name__]):
        assert isinstance(pickle.loads(data), Thing)
    assert isinstance(pickle.loads(data), Thing)


def test_guarded_onnx_session_asks_for_paths_and_bytes(desk: samples.Sample) -> None:
    import onnxruntime  # noqa: PLC0415 - hooked whether imported before or not

    evil = Path("evil.onnx")
    evil.write_bytes(desk.model.read_bytes())
    with modelkeep.guard():
        onnxruntime.InferenceSession(desk.model)
        onnxruntime.InferenceSession(desk.model.read_bytes())
        onnxruntime.InferenceSession(path_or_bytes=str(evil))  # the same bytes
        evil.write_bytes(desk.model.read_bytes() + b"\x00")
        with pytest.raises(RefusedError):
            onnxruntime.InferenceSession(str(evil))
        with pytest.raises(RefusedError):
            onnxruntime.InferenceSession(evil.read_bytes())
        with pytest.raises(InputError, match="nothing here"):
            onnxruntime.InferenceSession("gone.onnx")


@pytest.mark.slow
def test_guarded_torch_joblib_safetensors_and_xgboost_ask() -> None:
    joblib = pytest.importorskip("joblib")
    torch = pytest.importorskip("torch")
    xgboost = pytest.importorskip("xgboost")
    from safetensors import numpy as reader  # noqa: PLC0415

    reader.save_file({"w": np.ones(3, dtype=np.float32)}, "a.safetensors")
    torch.save({"w": torch.ones(3)}, "a.pt")
    joblib.dump([1, 2], "a.joblib")
    rows, labels = np.eye(4), np.array([0, 1, 0, 1])
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(rows, labels), 1)
    booster.save_model("a.ubj")

    def reader_load(path: str) -> object:
        return reader.load_file(path)  # looked up when called, as users do

    def joblib_load(path: str) -> object:
        return joblib.load(path)

    loaders = {
        "a.safetensors": reader_load,
        "a.pt": lambda path: torch.load(path, weights_only=True),
        "a.joblib": joblib_load,
        "a.ubj": lambda path: xgboost.Booster(model_file=path),
    }
    with modelkeep.guard():
        for name, load in loaders.items():
            with pytest.raises(RefusedError, match="scan-clean"):
                load(name)
    for name in loaders:
        pipeline.check(name)
    with modelkeep.guard():
        for name, load in loaders.items():
            assert load(name) is not None


def test_library_that_is_imported_later_is_guarded() -> None:
    program = (
        "import modelkeep, sys\n"
        "with modelkeep.guard():\n"
        "    assert 'joblib' not in sys.modules\n"
        "    import joblib\n"
        "    try:\n"
        "        joblib.load('new.joblib')\n"
        "    except modelkeep.ModelkeepError as error:\n"
        "        print(error.message)\n"
    )
    joblib = pytest.importorskip("joblib")
    joblib.dump([1], "new.joblib")
    place = str(Path(modelkeep.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": place},
    )
    assert "the gate does not let it be loaded" in done.stdout, done.stderr


def test_file_of_a_signed_directory_is_admitted_with_all_of_it() -> None:
    folder = samples.directory_of(Path("model"), a__json=b"{}", b__json=b"[1]")
    pipeline.check(folder)
    pipeline.sign(folder)
    with pipeline.admit(folder / "a.json") as admitted:
        assert admitted.path().read_bytes() == b"{}"
        assert len(admitted.copy.manifest.files) == 2
    (folder / "b.json").write_bytes(b"[2]")
    refused = pytest.raises(RefusedError, match=r"b\.json: changed")
    with refused, pipeline.admit(folder / "a.json"):
        pass


def test_guard_without_a_keep_says_so_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no keep"), modelkeep.guard(keep=str(tmp_path / "x")):
        pass
