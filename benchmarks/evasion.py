"""Robust accuracy and passes: reference AutoAttack against Modelkeep's white-box engine.

    python benchmarks/evasion.py --setup DIR
    python benchmarks/evasion.py --data DIR --peers DIR --work DIR [--only NAME ...] [--n 1000]

``--data`` holds ``fashion_mnist.npz`` (or the files of Debian's ``dataset-fashion-mnist``, or
nothing where that package is installed) and ``cifar10_jpeg.parquet``. Networks are trained
once into ``--work``, with the reference's results beside them, so that a second run is cheap.
Cases: a standard and an adversarially trained CNN, L-infinity 0.1, first test points; a
residual network, the same; a CNN on CIFAR-10, L2 0.5, first 500 test points. The engine's
schedule was chosen on none of these points and on none of these networks.

A pass is one image going forward or one going backward, counted by hooks on the network.
CPU time is that of the attack alone, one thread, and of no use if the machine is busy.
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import hashlib
import json
import subprocess
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import save_file

import evasion_nets
import image_sets
from modelkeep.assess import Context, Recipe, Threat
from modelkeep.assess.radius import space_of
from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.white_box import counting_passes, search
from modelkeep.core import Digest, Subject
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

HERE: Final = Path(__file__).resolve().parent
PEER: Final = ("torch==2.13.0", "pyautoattack==0.2.0", "safetensors==0.8.0", "numpy==2.4.6")
DEBIAN: Final = Path("/usr/share/datasets/fashion-mnist")
PARTS: Final = ("apgd-ce", "apgd-t")  # what of AutoAttack standard follows gradients to targets
BUDGETS: Final = ("quick", "standard", "thorough")
Arrays = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A network and how it is attacked."""

    name: str
    architecture: str
    data: Callable[[Path], tuple[Arrays, Arrays]]
    threat: Threat
    epochs: int
    hardening: dict[str, int]  # empty: standard training only
    points: int = 1000


def idx(path: Path) -> np.ndarray:
    """An array in the IDX format of MNIST and its kin."""
    data = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def fashion(folder: Path) -> tuple[Arrays, Arrays]:
    """Training and test images of Fashion-MNIST in [0, 1] with their classes."""
    packed = folder / "fashion_mnist.npz"
    if packed.is_file():
        with np.load(packed) as arrays:  # noqa: TID251 - pickles are refused by default
            found = [arrays[f"{what}_{part}"] for part in ("train", "test") for what in "xy"]
    else:
        place = folder if any(folder.glob("*-ubyte.gz")) else DEBIAN
        found = [
            idx(place / f"{part}-{what}-ubyte.gz")
            for part in ("train", "t10k")
            for what in ("images-idx3", "labels-idx1")
        ]
    images = [a[:, None].astype(np.float32) / 255 for a in found[::2]]
    labels = [a.astype(np.int64) for a in found[1::2]]
    return (images[0], labels[0]), (images[1], labels[1])


def cifar(folder: Path) -> tuple[Arrays, Arrays]:
    """CIFAR-10 in the table's order."""
    return image_sets.from_table(folder / "cifar10_jpeg.parquet")


LINF: Final = Threat("linf", 0.1)
CASES: Final = (
    Case("standard", "small", fashion, LINF, 5, {}),
    Case("hardened", "small", fashion, LINF, 5, {"epochs": 2, "rows": 60_000}),
    Case("residual", "residual", fashion, LINF, 1, {"epochs": 2, "rows": 30_000}),
    Case(
        "cifar-l2", "coloured", cifar, Threat("l2", 0.5), 4, {"epochs": 3, "rows": 20_000}, 500
    ),
)


def weights_of(case: Case, work: Path, train: Arrays, seed: int = 0) -> Path:
    """The case's network on disk, trained if it is not there."""
    path = work / f"{case.name}-{seed}.safetensors"
    if not path.is_file():
        images, labels = torch.from_numpy(train[0]), torch.from_numpy(train[1])
        torch.manual_seed(seed)
        module = evasion_nets.ARCHITECTURES[case.architecture]()
        start = time.process_time()
        evasion_nets.train(module, images, labels, epochs=case.epochs, seed=seed)
        if case.hardening:
            most = case.hardening["rows"]
            evasion_nets.train_adversarially(
                module,
                images[:most],
                labels[:most],
                norm=case.threat.norm,
                radius=case.threat.radius,
                steps=4,
                epochs=case.hardening["epochs"],
                seed=seed,
            )
        print(f"  trained in {time.process_time() - start:.0f} CPU s")
        save_file(module.state_dict(), path)
    return path


def reference(
    case: Case, python: Path, work: Path, weights: Path, points: Path
) -> dict[str, Any]:
    """What AutoAttack standard finds, from the cache if it ran on the same bytes before."""
    read = weights.read_bytes() + points.read_bytes() + str(case.threat).encode()
    cached = work / f"autoattack-{hashlib.sha256(read).hexdigest()[:16]}.json"
    if not cached.is_file():
        script = str(HERE / "evasion_peer.py")
        threat = [case.threat.norm, str(case.threat.radius)]
        command = [str(python), script, case.architecture, str(weights), str(points), *threat]
        subprocess.run([*command, str(cached)], check=True)
    found: dict[str, Any] = json.loads(cached.read_text())
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Ours:
    """What the engine found on some points."""

    standing: np.ndarray
    passes: int
    cpu: float


def ours(case: Case, weights: Path, points: Arrays, budget: str, seed: int) -> Ours:
    """Attack with the product's engine; every point is judged again by the network alone."""
    module = evasion_nets.load(case.architecture, weights)
    model, (rows, truth) = TorchModel(module), points
    data = Dataset(
        Subject("dataset", "points", Digest("", "")), rows, truth.astype(str), (), "image"
    )
    context = Context(
        model,
        None,
        data,
        Recipe("none", lambda *_: lambda rows: rows),
        given_threat=case.threat,
        budget=budget,  # type: ignore[arg-type] - one of BUDGETS
        seed=seed,
    )
    space, radius = space_of(None, data), case.threat.radius
    start = time.process_time()
    with counting_passes(module) as passes:
        standing = model.predict(rows).argmax(axis=1) == truth
        left = np.flatnonzero(standing)
        low, high = space.box(rows[left], radius)
        problem = Problem(
            rows[left], truth[left], low, high, seed, threat=case.threat, scale=space.scale
        )
        changed, _ = search(context, problem)
    used = time.process_time() - start
    wrong = model.predict(changed).argmax(axis=1) != truth[left]
    wrong &= space.contains(rows[left], changed, case.threat)
    standing[left[wrong]] = False
    return Ours(standing, passes.forward + passes.backward, used)


def passes_of(parts: list[dict[str, Any]]) -> int:
    """Forward and backward passes of some parts."""
    return sum(part["forward"] + part.get("backward", 0) for part in parts)


def run(case: Case, options: argparse.Namespace) -> None:
    """One case: the reference, ours at every budget, and the ratios."""
    n = min(options.n, case.points)
    train, (images, labels) = case.data(options.data)
    weights = weights_of(case, options.work, train)
    rows, truth = images[:n], labels[:n]
    points = options.work / f"{case.name}-points-{n}.npz"
    if not points.is_file():
        np.savez(points, x=rows, y=truth)
    print(f"\n{case.name}: {case.architecture} network, {case.threat}, first {n} test points")
    python = options.peers / "pyautoattack" / "bin" / "python"
    peer = reference(case, python, options.work, weights, points)
    for part in peer["parts"]:
        print(line(part["name"], part["standing"] / n, passes_of([part]), part.get("cpu", 0.0)))
    whole = passes_of(peer["parts"])
    white = passes_of([part for part in peer["parts"] if part["name"] in PARTS])
    cpu = sum(part.get("cpu", 0.0) for part in peer["parts"])
    last = np.isin(np.arange(n), peer["standing"])
    print(line("AutoAttack", last.mean(), whole, cpu))
    for budget in options.budgets:
        found = ours(case, weights, (rows, truth), budget, options.seed)
        print(line(budget, found.standing.mean(), found.passes, found.cpu))
        missed, more = (found.standing & ~last).sum(), (~found.standing & last).sum()
        print(
            f"             {100 * (found.standing.mean() - last.mean()):+.2f} points "
            f"(misses {missed}, breaks {more} more); {whole / found.passes:.1f} x fewer passes "
            f"than AutoAttack, {white / found.passes:.1f} x than its white-box part; "
            f"{cpu / found.cpu:.1f} x less CPU"
        )


def line(name: str, share: float, passes: int, cpu: float) -> str:
    """Robust accuracy and what it took."""
    return f"  {name:10s} {100 * share:6.2f} %  {passes:9d} passes {cpu:7.1f} CPU s"


def setup(folder: Path) -> None:
    """Make the peer's environment."""
    place = folder / "pyautoattack"
    venv.create(place, with_pip=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q"]
    subprocess.run([*pip, *PEER], check=True)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", type=Path, help="make the peer's environment here")
    parser.add_argument("--data", type=Path, default=DEBIAN, help="where the data sets are")
    parser.add_argument("--peers", type=Path, help="where the peer's environment is")
    parser.add_argument("--work", type=Path, help="networks and the peer's results go here")
    parser.add_argument("--only", nargs="+", default=[case.name for case in CASES])
    parser.add_argument("--budgets", nargs="+", choices=BUDGETS, default=list(BUDGETS))
    parser.add_argument("--n", type=int, default=1000, help="most test points")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.setup:
        setup(options.setup)
        return 0
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        if case.name in options.only:
            run(case, options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
