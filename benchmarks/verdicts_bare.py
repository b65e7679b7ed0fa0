"""Scan the development corpus with two interpreters: verdicts must not depend on what is there.

The corpus is written once. Each interpreter, one of an environment with nothing but
``modelkeep`` and one with every framework, then scans every sample in one process and
answers with the verdict and the findings of each file, which are compared. Nothing is ever
loaded, and the interpreters need no more than ``pip install .`` gives.

Printed: what is installed, verdicts, samples, differing ones. Exit status: 0 if there is no
difference, 1 otherwise.

    python benchmarks/verdicts_bare.py BARE/bin/python FULL/bin/python

Without interpreters, this one is asked twice, the first time with the frameworks hidden.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from corpus import benign, build

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = ("numpy", "torch", "sklearn", "joblib", "onnx", "h5py", "safetensors", "skops")

# Runs in the other interpreter: what is installed, then one line of results per path of stdin.
SCAN = """
import importlib.util, json, os, sys
if os.environ.get("HIDE"):
    for name in FRAMEWORKS:
        sys.modules[name] = None  # importing it now raises ImportError
def installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:  # what is hidden has no spec
        return False
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.sources import open_artifact
print(json.dumps([name for name in FRAMEWORKS if installed(name)]))
for line in sys.stdin:
    result = scan_artifact(open_artifact(line.rstrip()), BUILT_IN, workers=0)
    print(json.dumps([
        [file.path, file.format, file.verdict.value, file.reason]
        + sorted([f.rule.id, f.severity.value, f.message] for f in file.findings)
        for file in result.files
    ]), flush=True)
"""


def answers(interpreter: str, paths: list[Path], *, hide: bool = False) -> list[str]:
    """What an interpreter has installed, then its result for each path."""
    environment = {"PYTHONPATH": str(ROOT / "src"), **({"HIDE": "1"} if hide else {})}
    run = subprocess.run(
        [interpreter, "-c", f"FRAMEWORKS = {FRAMEWORKS!r}\n{SCAN}"],
        input="".join(f"{path}\n" for path in paths),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = run.stdout.splitlines()
    if run.returncode or len(lines) != len(paths) + 1:
        raise SystemExit(f"{interpreter}: {len(lines)} lines; {run.stderr[-2000:]}")
    return lines


def verdicts(results: list[str]) -> Iterator[str]:
    """The verdict of every file."""
    for line in results:
        yield from (file[2] for file in json.loads(line))


def main() -> int:
    """Compare; returns 1 if a result differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("interpreters", nargs="*", metavar="PYTHON", help="two, or none")
    parser.add_argument("--groups", nargs="*", default=[""], help="beginnings of their names")
    given = parser.parse_args()
    if len(given.interpreters) not in {0, 2}:
        parser.error("give two interpreters, or none")
    bare, full = given.interpreters or (sys.executable, sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        every = (*build.samples().values(), *benign.samples().values())
        chosen = [sample for sample in every if sample.group.startswith(tuple(given.groups))]
        paths = [sample.write(Path(folder)) for sample in chosen]
        first = answers(bare, paths, hide=not given.interpreters)
        second = answers(full, paths)
    for installed, *results in (first, second):
        print("installed:", ", ".join(json.loads(installed)) or "none of the frameworks")
        print("files:", dict(collections.Counter(verdicts(results))))
    pairs = zip(chosen, first[1:], second[1:], strict=True)
    differing = [(sample, one, two) for sample, one, two in pairs if one != two]
    for sample, one, two in differing:
        print(f"{sample.id}\n  {one}\n  {two}")
    print(f"{len(chosen)} samples, {len(differing)} with another result")
    return int(bool(differing) or not chosen)


if __name__ == "__main__":
    sys.exit(main())
