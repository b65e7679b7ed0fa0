"""The edge of the process: exit codes, streams, and nothing unexpected on either."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import pytest

import check_samples as samples
from check_samples import said
from modelkeep import __version__, pipeline
from modelkeep.cli.main import cli

BLOCKER = """
import sys
from importlib.abc import MetaPathFinder

class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from modelkeep.cli.main import run
sys.exit(run(sys.argv[2:]))
"""


def commands(group: click.Group = cli, *path: str) -> list[tuple[str, ...]]:
    """Every command and group by its words."""
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, *path, name)
    return found


COMMANDS = commands()


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


# Help


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_on_stdout(words: tuple[str, ...]) -> None:
    got = said(*words, "--help")
    assert (got.code, got.err) == (0, "")
    assert got.out.startswith(f"Usage: modelkeep {' '.join(words)} ")
    assert said(*words, "-h") == got


@pytest.mark.parametrize("words", [()] + [words for words in COMMANDS if len(words) == 1])
def test_help_of_every_command_shows_examples(words: tuple[str, ...]) -> None:
    if words not in {("config",), ("doctor",)}:  # nothing to choose, nothing to show
        assert "Examples:\n" in said(*words, "--help").out


def examples() -> list[str]:
    lines = [
        line.strip()
        for words in [(), *COMMANDS]
        for line in said(*words, "--help").out.replace("\\\n", "").splitlines()
        if line.strip().startswith("modelkeep ")
    ]
    return sorted(set(lines))


def test_every_example_is_a_command_that_exists() -> None:
    found = examples()
    assert len(found) > 20
    for line in found:
        words = shlex.split(line.partition(" > ")[0])[1:]
        assert said(*words, "--help").code == 0, line


def test_version_is_printed() -> None:
    got = said("--version")
    assert (got.code, got.err) == (0, "")
    assert __version__ in got.out


# Exit codes


def test_codes_of_pass_fail_and_inconclusive() -> None:
    Path("bomb.pkl").write_bytes(samples.BOMB)
    Path("cut.pkl").write_bytes(samples.PLAIN_PICKLE[:-2])
    codes = [said("scan", name).code for name in ("model.onnx", "bomb.pkl", "cut.pkl")]
    assert codes == [0, 1, 2]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fly"],
        ["scan"],
        ["check"],
        ["check", "a", "b"],
        ["scan", "--fly", "model.onnx"],
        ["--fly", "scan", "model.onnx"],
        ["check", "model.onnx", "--profile", "fly"],
        ["check", "model.onnx", "--action", "fly"],
        ["check", "model.onnx", "--epsilon", "wide"],
        ["check", "model.onnx", "--seed", "1.5"],
        ["scan", "model.onnx", "--fail-on", "terrible"],
        ["scan", "model.onnx", "--min-severity", "terrible"],
        ["scan", "model.onnx", "--format"],
        ["gate", "model.onnx"],
        ["gate", "model.onnx", "--action", "load", "--profile", "report"],
        ["explain", "XXX999"],
        ["trust", "fly"],
        ["evidence"],
        ["config", "--format", "html"],
    ],
    ids=" ".join,
)
def test_usage_errors_are_64_on_stderr(words: list[str]) -> None:
    pipeline.init_keep(Path(".modelkeep").absolute(), "dev").close()
    got = said(*words)
    assert got.code == 64
    assert (got.out, bool(got.err)) == ("", True)


@pytest.mark.parametrize(
    "setting",
    [
        "--epsilon=nan",
        "--epsilon=inf",
        "--epsilon=-0.1",
        "--seed=-1",
        "MODELKEEP_MAX_ROWS=0",
        "MODELKEEP_MAX_ROWS=-3",
        "MODELKEEP_MAX_ROWS=many",
        "MODELKEEP_THRESHOLDS_ROBUST_SHARE_MIN=nan",
        "MODELKEEP_THRESHOLDS_ROBUST_SHARE_MIN=inf",
        "MODELKEEP_THRESHOLDS_ROBUST_SHARE_MIN=1e300",
        "MODELKEEP_THRESHOLDS_ROBUST_SHARE_MIN=-1",
        "MODELKEEP_PROFILE=fly",
        "MODELKEEP_ACTION=fly",
        "MODELKEEP_FAIL_ON=fly",
        "MODELKEEP_BUDGET=fly",
    ],
)
def test_setting_that_makes_no_sense_is_a_usage_error(
    desk: samples.Sample, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    options = [setting] if setting.startswith("--") else []
    if not options:
        monkeypatch.setenv(*setting.split("="))
    got = said("check", desk.model, *desk.options, *options)
    assert got.code == 64, got.err
    assert "internal error" not in got.err


@pytest.mark.parametrize(
    "words",
    [
        ["scan", "gone.onnx"],
        ["check", "gone.onnx"],
        ["sign", "gone.onnx"],
        ["check", "model.onnx", "--data", "gone.npz"],
        ["verify", "model.onnx"],
        ["gate", "model.onnx", "--action", "load"],
        ["evidence", "list"],
        ["evidence", "verify"],
        ["evidence", "verify", "gone.json", "--trust", "gone.json"],
        ["trust", "list"],
        ["trust", "add", "ci", "gone.pub"],
        ["--keep", "model.onnx/below", "check", "model.onnx"],
        ["--keep", "model.onnx/below", "init"],
    ],
    ids=" ".join,
)
def test_what_could_not_be_done_is_2_with_an_error_and_a_hint(words: list[str]) -> None:
    got = said(*words)
    assert (got.code, got.out) == (2, "")
    assert "error: " in got.err
    assert "hint: " in got.err
    assert "internal error" not in got.err


def boom(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("boom")


def test_internal_error_is_2_and_says_so_without_a_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "scan", boom)
    got = said("scan", "model.onnx")
    assert (got.code, got.out) == (2, "")
    assert "internal error: RuntimeError: boom" in got.err
    assert "run again with -v" in got.err
    assert "Traceback" not in got.err


@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_trace_of_an_error_is_shown_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    monkeypatch.setattr(pipeline, "scan", boom)
    got = said(flag, "scan", "model.onnx")
    assert (got.code, got.out) == (2, "")
    assert "Traceback" in got.err
    assert "Traceback" in said(flag, "check", "gone.onnx").err


def test_interrupt_is_130() -> None:
    """The command waits in a pipe that nobody writes to, so it is known to be at work."""
    os.mkfifo("bundle.json")
    Path("trust.json").write_text("{}")
    with (
        samples.start("evidence", "verify", "bundle.json", "--trust", "trust.json") as process,
        Path("bundle.json").open("wb"),
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == b""
    assert err.decode().strip() == "interrupted"


def test_reader_that_went_away_is_2_without_a_trace() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "modelkeep", "scan", "model.onnx"],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2, "1 would say that policy said no"


# Streams


def test_results_go_to_stdout_and_talk_to_stderr() -> None:
    got = said("check", "model.onnx")
    assert got.code == 0
    assert got.out.startswith("PASS  model.onnx")
    assert got.err.startswith("made a keep at ")
    assert "made a keep" not in got.out


def test_quiet_says_nothing_but_errors_on_stderr() -> None:
    got = said("-q", "check", "model.onnx", "--output", "json=report.json")
    assert (got.code, got.err) == (0, "")
    assert Path("report.json").is_file()
    assert "error: " in said("-q", "check", "gone.onnx").err


def test_process_speaks_no_escape_codes_where_nobody_watches() -> None:
    hostile = Path("a\x1b]0;owned\x07\x1b[31m.pkl")
    hostile.write_bytes(samples.BOMB)
    got = samples.spoken("scan", hostile, FORCE_COLOR="1", TERM="xterm-256color")
    assert got.code == 1
    assert "posix.system" in got.out
    assert "\x1b" not in got.out + got.err
    assert "\x07" not in got.out + got.err


def test_process_checks_signs_and_decides(desk: samples.Sample) -> None:
    assert samples.spoken("sign", "model.onnx").code == 0
    got = samples.spoken("check", "model.onnx", *desk.options, "--profile", "prod")
    assert (got.code, got.err) == (0, "")
    assert got.out.startswith("PASS  model.onnx  (prod profile, deploy)")
    assert "\x1b" not in got.out
    samples.flip(desk.model)
    gate = samples.spoken("gate", "model.onnx", "--action", "deploy", "--format", "json")
    assert (gate.code, json.loads(gate.out)["verdict"]) == (1, "fail")


# Without the optional libraries


@pytest.mark.parametrize(("data", "code"), [(samples.PLAIN_PICKLE, 0), (samples.BOMB, 1)])
def test_scan_needs_no_framework(data: bytes, code: int) -> None:
    Path("m.pkl").write_bytes(data)
    blocked = "numpy,torch,onnx,onnxruntime,sklearn,scipy,safetensors,pyarrow"
    got = samples.spoken(blocked, "scan", "m.pkl", "model.onnx", script=BLOCKER)
    assert got.code == code, got.err
    assert "m.pkl" in got.out or code == 0


@pytest.mark.parametrize(
    ("blocked", "extra"),
    [("numpy,torch,onnxruntime", "assess"), ("onnxruntime", "assess")],
)
def test_check_without_its_libraries_says_skipped_and_how_to_install_them(
    desk: samples.Sample, blocked: str, extra: str
) -> None:
    got = samples.spoken(
        blocked, "check", desk.model, *desk.options, "--format", "json", script=BLOCKER
    )
    assert got.code == 0, got.err
    (missed,) = json.loads(got.out)["not_checked"]
    assert missed["what"] == "assessment"
    assert missed["why"].startswith("SKIPPED: ")
    assert f"pip install 'modelkeep[{extra}]'" in missed["why"]


def test_weights_without_torch_are_skipped_with_the_extra_that_brings_it(
    desk: samples.Sample,
) -> None:
    weights = samples.write_weights(desk.folder)
    options = ["--code", "code", "--factory", "sample_nets:build", "--format", "json"]
    got = samples.spoken("torch", "check", weights, *desk.options, *options, script=BLOCKER)
    assert got.code == 0, got.err
    (missed,) = json.loads(got.out)["not_checked"]
    assert missed["why"].startswith("SKIPPED: ")
    assert "pip install 'modelkeep[train]'" in missed["why"]
