"""Damage small valid files of every format and scan each: no crash, no hang, no blind spot.

Every reader is given what an attacker can write: flipped bits, spliced bytes, pieces cut
off or repeated, lengths at their extremes. Printed are crashes (anything raised that is not
a ``ModelkeepError``), files that took over five seconds of CPU time, the memory used, and
whether a malicious import that the standard library's ``pickletools`` still sees in a
damaged pickle is still reported. Nothing is ever loaded.

The samples are written by a child process, so that the figures are those of the readers
and not of the libraries that wrote the samples.

Exit status: 0 if all held, 1 if anything crashed, hung, outgrew 500 MB, or was missed
where a loader would still have got to it.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import importlib
import io
import json
import os
import pickle  # noqa: TID251 - attack samples are written, never loaded
import pickletools
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import types
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from modelkeep.core import ModelkeepError
from modelkeep.scan import BUILT_IN, ScanResult, scan_artifact
from modelkeep.sources import open_artifact

HANG_SECONDS = 5.0
MEMORY_LIMIT_MB = 500.0
MALICIOUS = "malicious-"
NEWEST = pickle.HIGHEST_PROTOCOL
IMPORT = (os.system.__module__, "system")


class Bomb:
    """Would run ``true`` in a shell if it were ever unpickled; it never is."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("true",)


# Samples


def _archive(method: int, members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def _block(number: int, body: bytes) -> bytes:
    return bytes([number << 3 | 2, len(body)]) + body


def _plain_samples() -> Iterator[tuple[str, bytes]]:
    plain = {"weights": [1, 2.5, None, True], "name": "café", "raw": b"\0\xff", "big": 1 << 70}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        clean, bomb = pickle.dumps(plain, protocol), pickle.dumps({"w": Bomb()}, protocol)
        yield f"pickle-{protocol}", clean
        yield f"{MALICIOUS}{protocol}", bomb
        yield f"{MALICIOUS}second-{protocol}", clean + bomb
    members = {"m/data.pkl": pickle.dumps(plain, 2), "m/data/0": bytes(64), "m/version": b"3\n"}
    yield "zip-stored", _archive(zipfile.ZIP_STORED, members)
    yield "zip-deflated", _archive(zipfile.ZIP_DEFLATED, members)
    yield "zip-bzip2", _archive(zipfile.ZIP_BZIP2, members)
    yield (
        "zip-in-zip",
        _archive(zipfile.ZIP_STORED, {"a": _archive(zipfile.ZIP_STORED, members)}),
    )
    tensors = {
        "a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "b": {"dtype": "U8", "shape": [8], "data_offsets": [16, 24]},
        "__metadata__": {"format": "pt"},
    }
    header = json.dumps(tensors).encode()
    yield "safetensors", struct.pack("<Q", len(header)) + header + bytes(24)
    yield "json", json.dumps({**tensors, "deep": [[[{"x": 'a"b'}]]]}).encode()
    key = b"U\1a"
    yield (
        "ubjson",
        (
            b"{L" + struct.pack(">q", 7) + b"learner{" + key + b"T" + key + b"SU\3abc"
            b"" + key + b"[$d#U\2" + bytes(8) + key + b"[#i\2U\1Z}}"
        ),
    )
    node = _block(1, b"x") + _block(2, b"y") + _block(4, b"Custom") + _block(7, b"my.ops")
    pair = _block(1, b"location") + _block(2, b"../weights.bin")
    graph = _block(1, node) + _block(2, b"g") + _block(5, _block(8, b"w") + _block(13, pair))
    yield "onnx", b"\x08\x08" + _block(7, graph) + _block(8, b"\x10\x12")


def _numpy_samples(np: types.ModuleType) -> Iterator[tuple[str, bytes]]:
    arrays = {
        "floats": np.arange(6, dtype="<f4").reshape(2, 3),
        "fields": np.zeros(2, dtype=[("a", "<i4"), ("b", "<f8", (2,))]),
        "objects": np.array([{"a": 1}], dtype=object),
    }
    for name, array in arrays.items():
        np.save(out := io.BytesIO(), array, allow_pickle=True)
        yield f"npy-{name}", out.getvalue()
    np.savez_compressed(out := io.BytesIO(), **arrays)
    yield "npz", out.getvalue()


def _torch_samples(torch: types.ModuleType) -> Iterator[tuple[str, bytes]]:
    for new in (True, False):
        state = {"w": torch.ones(4), "b": torch.zeros(2, dtype=torch.float16)}
        torch.save(state, out := io.BytesIO(), _use_new_zipfile_serialization=new)
        yield f"torch-{'zip' if new else 'old'}", out.getvalue()


def _onnx_samples(onnx: types.ModuleType) -> Iterator[tuple[str, bytes]]:
    make = onnx.helper
    branch = make.make_graph([make.make_node("Foo", [], ["y"], domain="my.ops")], "b", [], [])
    nodes = [make.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)]
    weight = make.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    graph = make.make_graph(nodes, "g", [], [], initializer=[weight])
    yield "onnx-library", make.make_model(graph).SerializeToString()


def _safetensors_samples(library: types.ModuleType) -> Iterator[tuple[str, bytes]]:
    np = importlib.import_module("numpy")
    arrays = {"w": np.ones(2, "f4"), "v": np.zeros((2, 3), "f2")}
    yield "safetensors-library", library.save(arrays, {"format": "np"})


OPTIONAL = {
    "numpy": _numpy_samples,
    "torch": _torch_samples,
    "onnx": _onnx_samples,
    "safetensors.numpy": _safetensors_samples,
}


def write_samples(folder: Path) -> None:
    """Write every sample that the installed libraries allow."""
    written = dict(_plain_samples())
    for name, make in OPTIONAL.items():
        with contextlib.suppress(ImportError):
            written |= dict(make(importlib.import_module(name)))
    for name, data in written.items():
        (folder / name).write_bytes(data)


# Damage

_LENGTHS = [
    struct.pack(form, value)
    for form, values in (
        ("<B", (0, 0x7F, 0xFF)),
        ("<H", (0, 0x7FFF, 0xFFFF)),
        ("<I", (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)),
        (">I", (0x7FFFFFFF, 0x80000000)),
        ("<Q", (0, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)),
        (">q", (-1, 1 << 40, (1 << 63) - 1)),
    )
    for value in values
]
_TOKENS = [
    *(
        b"[]",
        b"{}",
        b"null",
        b"-1",
        b"1e999",
        b"9" * 5000,
        b'"',
        b"\\",
        b"\xc2\xb2",
        b"'object'",
    ),
    *(b"00\n", b"0x1\n", b"(e", b"(u", b"0", b".", b"\x93", b"PK\1\2", b"PK\3\4", b"PK\5\6"),
]


def damage(rng: random.Random, data: bytes, donors: list[bytes]) -> bytes:
    """One to three random changes."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(out) + 1)
        width = rng.randint(1, 32)
        match rng.randrange(8):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + rng.randint(0, 8)] = rng.randbytes(rng.randint(0, 8))
            case 2:
                donor = rng.choice(donors)
                start = rng.randrange(len(donor))
                out[at : at + rng.choice((0, width))] = donor[start : start + width]
            case 3:
                del out[at : at + rng.choice((width, len(out)))]
            case 4:
                out[at:at] = out[at : at + width] * rng.randint(1, 8)
            case 5:
                extreme = rng.choice(_LENGTHS)
                out[at : at + len(extreme)] = extreme
            case 6:
                out[at : at + rng.choice((0, 2))] = rng.choice(_TOKENS)
            case 7:
                out += rng.choice(donors)
    return bytes(out)


# What another reader still sees


def visible_import(data: bytes) -> int | None:
    """Offset of the malicious import as ``pickletools`` reads the bytes, or ``None``."""
    texts: list[object] = []
    with contextlib.suppress(ValueError, OverflowError):
        for opcode, arg, position in pickletools.genops(data):
            if opcode.name in {"GLOBAL", "INST"} and arg == " ".join(IMPORT):
                return position
            if opcode.name == "STACK_GLOBAL" and tuple(texts[-2:]) == IMPORT:
                return position
            if opcode.name.endswith(("UNICODE", "UNICODE8")):
                texts.append(arg)
    return None


def loader_reaches(data: bytes, position: int) -> bool:
    """Whether stack and memo hold until the import, as ``pickletools.dis`` checks them.

    ``dis`` prints an opcode before it refuses it, so the refused one is the last line.
    """
    with contextlib.suppress(ValueError, OverflowError):
        for opcode, arg, at in pickletools.genops(data):
            if opcode.name == "PROTO" and (at or 0) < position and (arg or 0) > NEWEST:
                return False
    out = io.StringIO()
    try:
        pickletools.dis(data, out)
    except (ValueError, OverflowError, IndexError):
        lines = out.getvalue().splitlines()[:-1]
    else:
        lines = out.getvalue().splitlines()
    return any(line.startswith(f"{position:5d}:") for line in lines)


def reports_import(result: ScanResult) -> bool:
    """Whether PKL001 names the malicious import."""
    return any(
        finding.rule.id == "PKL001" and finding.evidence["import"].endswith(".system")
        for finding in result.findings
    )


# The run


class HangError(Exception):
    """A file took longer than it may."""


@dataclass
class Figures:
    """What the run counted."""

    count: int = 0
    verdicts: collections.Counter[str] = field(default_factory=collections.Counter)
    refused: int = 0
    crashes: collections.Counter[str] = field(default_factory=collections.Counter)
    hangs: int = 0
    slowest: tuple[float, str] = (0.0, "")
    visible: int = 0
    missed: int = 0
    missed_reachable: collections.Counter[str] = field(default_factory=collections.Counter)
    examples: dict[str, bytes] = field(default_factory=dict)


def _interrupt(_signal: int, _frame: types.FrameType | None) -> None:
    raise HangError


def _crash_site(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (
        f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    )
    return f"{type(error).__name__} at {where}: {str(error)[:80]}"


def _consume(result: ScanResult) -> None:
    """Use findings as a report would: a text that cannot be encoded shows here."""
    for finding in result.findings:
        _ = finding.fingerprint, str(finding.location), finding.message.encode()


def try_one(path: Path, name: str, data: bytes, figures: Figures) -> None:
    """Scan one damaged file and count what came of it."""
    path.write_bytes(data)
    result = None
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
    try:
        result = scan_artifact(open_artifact(path), BUILT_IN)
        _consume(result)
    except HangError:
        figures.hangs += 1
        figures.examples.setdefault(f"hang in {name}", data)
    except ModelkeepError:
        figures.refused += 1
    except Exception as error:  # noqa: BLE001 - counting these is what the run is for
        site = _crash_site(error)
        figures.crashes[site] += 1
        figures.examples.setdefault(site, data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    spent = time.process_time() - start
    figures.count += 1
    figures.slowest = max(figures.slowest, (spent, name))
    if result is not None:
        figures.verdicts[str(result.files[0].verdict)] += 1
    if name.startswith(MALICIOUS):
        _judge_import(name, data, result, figures)


def _judge_import(name: str, data: bytes, result: ScanResult | None, figures: Figures) -> None:
    """Compare with an independent reader; a second pickle is looked for behind the first."""
    stop = _end_of_first(data) if "second" in name else None
    rest = data if stop is None else data[stop + 1 :]
    position = visible_import(rest)
    if position is None:
        return
    figures.visible += 1
    if result is not None and reports_import(result):
        return
    figures.missed += 1
    if loader_reaches(rest, position) and (stop is None or loader_reaches(data, stop)):
        seen = f"{result.files[0].format}, {result.files[0].verdict}" if result else "crashed"
        figures.missed_reachable[f"{name} read as {seen}"] += 1
        figures.examples.setdefault(f"missed in {name} read as {seen}", data)


def _end_of_first(data: bytes) -> int | None:
    """Offset of the first pickle's STOP."""
    with contextlib.suppress(ValueError, OverflowError):
        for opcode, _, position in pickletools.genops(data):
            if opcode.name == "STOP":
                return position
    return None


def peak_mb() -> float:
    """The most memory this process has held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def run(samples: dict[str, bytes], count: int, seed: int, folder: Path) -> Figures:
    """Scan ``count`` damaged files, the same ones for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    figures = Figures()
    names, donors = sorted(samples), [samples[name] for name in sorted(samples)]
    signal.signal(signal.SIGPROF, _interrupt)
    for number in range(count):
        name = names[number % len(names)]
        try_one(folder / "mutant.bin", name, damage(rng, samples[name], donors), figures)
        if sys.stderr.isatty() and number % 100 == 0:
            print(f"\r{number} of {count}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    return figures


def show(figures: Figures, before: float, after: float) -> None:
    """Print the figures."""
    seconds, slowest = figures.slowest
    print(f"mutants                 {figures.count}")
    print(f"verdicts                {dict(sorted(figures.verdicts.items()))}")
    print(f"refused by an error     {figures.refused}")
    print(f"crashes                 {figures.crashes.total()}")
    for site, times in figures.crashes.most_common():
        print(f"  {times:5d} {site}")
    print(f"hangs over {HANG_SECONDS:g} s          {figures.hangs}")
    print(f"slowest file            {seconds:.3f} s CPU ({slowest})")
    print(f"peak memory             {after:.0f} MB, grown by {after - before:.0f} MB")
    print(f"malicious imports       {figures.visible} still visible to pickletools")
    print(f"  missed by PKL001      {figures.missed}")
    print(f"  a loader gets to      {figures.missed_reachable.total()} of the missed")
    for what, times in figures.missed_reachable.most_common():
        print(f"  {times:5d} {what}")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="damaged files to scan")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    parser.add_argument("--keep", type=Path, help="directory for one file of each problem")
    parser.add_argument("--write-samples", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write_samples:
        write_samples(options.write_samples)
        return 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "samples").mkdir()
        child = [sys.executable, __file__, "--write-samples", str(folder / "samples")]
        subprocess.run(child, check=True)
        samples = {path.name: path.read_bytes() for path in (folder / "samples").iterdir()}
        before = peak_mb()
        figures = run(samples, options.count, options.seed, folder)
    after = peak_mb()
    show(figures, before, after)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number, (what, data) in enumerate(figures.examples.items()):
            (options.keep / f"{number}.bin").write_bytes(data)
            (options.keep / f"{number}.txt").write_text(what + "\n")
    bad = figures.crashes or figures.hangs or figures.missed_reachable
    return int(bool(bad) or after > MEMORY_LIMIT_MB)


if __name__ == "__main__":
    raise SystemExit(main())
