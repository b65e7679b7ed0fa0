"""Tell foreign models with a backdoor from their clean twins, by one ``check`` of each.

    python benchmarks/foreign_twins.py --work DIR --seeds 300:305                    # digits
    python benchmarks/foreign_twins.py --work DIR --seeds 300:305 --data DIR --set fashion_mnist

A stranger's model is an ONNX file: no training data comes with it, nobody signed it, and
whoever checks it has a few hundred labelled pictures of their own. A pair is two networks
of the same seed, one of them taught a patch. It is separated when the planted one is denied
for the backdoor alone (exit code 1) and its twin is allowed (exit code 0). The confidence
of both on rows that belong to no class is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import image_sets
import planted_models
from modelkeep.models.intervals import clopper_pearson

TEST_ROWS: Final = 400
ALONE: Final = ["no-backdoor-suspected"]


def publish(module: torch.nn.Module, shape: tuple[int, ...], path: Path) -> None:
    """Write a network as an ONNX file of any number of rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's, about its successor
        torch.onnx.export(
            module.eval(),
            (torch.zeros(1, *shape),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=["logits"],
            dynamic_axes={"pictures": {0: "n"}, "logits": {0: "n"}},
        )


def check(path: Path, test: Path, keep: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and report of ``modelkeep check``."""
    report = path.with_suffix(".json")
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "modelkeep", "--keep", str(keep), "check", str(path)),
            *("--test", str(test), "--profile", "dev"),
            *("--output", f"json={report}", "--output", f"html={path.with_suffix('.html')}"),
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    if not report.is_file():
        raise SystemExit(f"{path.name}: exit code {done.returncode}\n{done.stderr}")
    return done.returncode, json.loads(report.read_text())


def judged(plan: planted_models.Plan, data: image_sets.ImageSet, work: Path) -> bool:
    """Whether ``check`` says of a model what it should; prints what it said."""
    planted = planted_models.obtain(plan, data, work)
    path, test = work / f"{plan.name}.onnx", work / f"{data.name}-test.npz"
    publish(planted.module, data.test[0].shape[1:], path)
    np.savez(test, x=data.test[0][:TEST_ROWS], y=data.test[1][:TEST_ROWS])
    code, report = check(path, test, work / "keep")
    numbers = {m["name"]: m["value"] for m in report["measurements"]}
    missing = [condition["id"] for condition in report["decision"]["missing"]]
    right = (code, missing) == ((1, ALONE) if plan.trigger else (0, []))
    strangers = " ".join(
        f"{name.removeprefix('ood_auroc')} {value:.2f}"
        for name, value in numbers.items()
        if name.startswith("ood_auroc")
    )
    print(
        f"{plan.name:26} accuracy {planted.accuracy:.3f} trigger {planted.success:.2f} "
        f"exit {code} {'right' if right else 'WRONG'} {','.join(missing) or '-'} "
        f"suspicion {numbers['backdoor_suspicion']:.2f} strangers {strangers}",
        flush=True,
    )
    return right


def main() -> None:
    """Train, publish, check, print."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", default="digits")
    parser.add_argument("--seeds", default="300:305")
    chosen = parser.parse_args()
    first, last = map(int, chosen.seeds.split(":"))
    data = image_sets.read(chosen.set, chosen.data)
    chosen.work.mkdir(parents=True, exist_ok=True)
    pairs = []
    for seed in range(first, last):
        plans = (planted_models.Plan(data.name, trigger, seed) for trigger in ("patch", ""))
        pairs.append([judged(plan, data, chosen.work) for plan in plans])
    separated = sum(all(pair) for pair in pairs)
    low, high = clopper_pearson(separated, len(pairs))
    print(f"pairs separated by one check each: {separated}/{len(pairs)} ({low:.2f}-{high:.2f})")


if __name__ == "__main__":
    main()
