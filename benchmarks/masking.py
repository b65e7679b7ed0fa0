"""Ten ways to hide a gradient and twenty honest models: who is flagged, and at what cost.

    python benchmarks/masking.py [--set digits] [--data DIR] [--radius 0.1]

Every masker wraps an honest network of its own; honest ones differ in architecture, seed,
length and kind of training (a third adversarially, a third weakly). Passes are counted by hooks
on the module: one image forward, or one backward. AutoAttack standard took 6,160 passes a
point on the model of the notes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, interpolate

import image_sets
from modelkeep.assess.masking import judge, make_probe
from modelkeep.assess.masking.masking import POINTS
from modelkeep.assess.masking.steps import Box, Problem

AUTOATTACK: Final = 6160  # passes per point
ROWS: Final = 4000
Answer = Callable[[torch.Tensor], torch.Tensor]


class Wrapped(nn.Module):
    """A network between two steps."""

    def __init__(self, body: nn.Module, before: Answer | None, after: Answer | None) -> None:
        super().__init__()
        self.body = body
        self.before, self.after = before, after

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Logits, more or less."""
        ready = self.before(rows) if self.before is not None else rows
        logits: torch.Tensor = self.body(ready)
        return self.after(logits) if self.after is not None else logits


def _resized(rows: torch.Tensor) -> torch.Tensor:
    side = rows.shape[-1]
    small = int(torch.randint(side - max(2, side // 6), side, (1,)))
    left, top = torch.randint(0, side - small + 1, (2,)).tolist()
    shrunk = interpolate(rows, size=(small, small), mode="bilinear", align_corners=False)
    return nn.functional.pad(shrunk, (left, side - small - left, top, side - small - top))


def _cosines(size: int) -> torch.Tensor:
    place = torch.arange(size)
    basis = torch.cos(torch.pi * (place[None] + 0.5) * place[:, None] / size)
    basis[0] /= 2**0.5
    return basis * (2 / size) ** 0.5


def _jpeg_like(rows: torch.Tensor) -> torch.Tensor:
    basis = _cosines(rows.shape[-1])
    waves = basis @ rows @ basis.T
    return (basis.T @ (torch.round(waves * 4) / 4) @ basis).clamp(0, 1)


def _outside(rows: torch.Tensor) -> torch.Tensor:
    """A step in NumPy: the graph ends here."""
    return torch.from_numpy(np.clip(rows.detach().numpy() * 1.02 - 0.01, 0, 1))


def _hard(logits: torch.Tensor) -> torch.Tensor:
    return nn.functional.one_hot(logits.argmax(1), logits.shape[1]).float()


MASKERS: Final[dict[str, tuple[Answer | None, Answer | None]]] = {
    "logit scaling x300": (None, lambda z: 300 * z),
    "quantised to 4 bits": (lambda x: torch.floor(x * 15.999) / 15, None),
    "rounded to 3 levels": (lambda x: torch.round(x * 2) / 2, None),
    "step outside torch": (_outside, None),
    "random resizing": (_resized, None),
    "random noise": (lambda x: x + 0.1 * torch.randn_like(x), None),
    "argmax head": (None, _hard),
    "saturating softmax": (None, lambda z: torch.softmax(20 * z, 1)),
    "JPEG-like": (_jpeg_like, None),
}
DISTILLED: Final = "distilled at T=100"


def network(kind: str, shape: tuple[int, ...]) -> nn.Module:
    """One of four architectures."""
    channels, side = shape[0], shape[-1]
    pixels, half = channels * side * side, -(-side // 2)
    if kind == "linear":
        return nn.Sequential(nn.Flatten(), nn.Linear(pixels, 10))
    if kind == "deep":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
            nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10),
        )  # fmt: skip
    if kind == "smooth":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(pixels, 128), nn.Tanh(), nn.Linear(128, 10)
        )
    return nn.Sequential(
        nn.Conv2d(channels, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 24, 3, 1, 1), nn.ReLU(),
        nn.Flatten(), nn.Linear(24 * half * half, 10),
    )  # fmt: skip


def fitted(
    module: nn.Module,
    rows: tuple[torch.Tensor, torch.Tensor],
    *,
    epochs: int,
    seed: int,
    radius: float = 0.0,
    temperature: float = 1.0,
) -> nn.Module:
    """Train; one step of the sign of the gradient first where a radius is given.

    Targets may be classes or probabilities (distillation).
    """
    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(module.parameters(), 3e-3 if temperature == 1 else 1e-2)
    inputs, targets = rows
    for _ in range(epochs):
        for chosen in torch.randperm(len(inputs), generator=rng).split(64):
            batch = inputs[chosen]
            if radius:
                start = batch + radius * (2 * torch.rand(batch.shape, generator=rng) - 1)
                live = start.requires_grad_(True)
                loss = cross_entropy(module(live), targets[chosen])
                (slope,) = torch.autograd.grad(loss, live)
                moved = live.detach() + 1.25 * radius * slope.sign()
                batch = batch + (moved - batch).clamp(-radius, radius)
                batch = batch.clamp(0, 1)
            optimizer.zero_grad()
            cross_entropy(module(batch) / temperature, targets[chosen]).backward()
            optimizer.step()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    return module.eval()


class Passes:
    """Counts images going through a module, forward and backward, by hooks."""

    def __init__(self, module: nn.Module) -> None:
        self.count = 0
        module.register_forward_hook(self._forward)

    def _forward(self, _module: nn.Module, _given: object, out: torch.Tensor) -> None:
        self.count += len(out)
        if out.requires_grad:
            out.register_hook(self._backward)

    def _backward(self, gradient: torch.Tensor) -> None:
        self.count += len(gradient)


def judged(
    module: nn.Module, test: tuple[np.ndarray, np.ndarray], radius: float
) -> tuple[tuple[str, ...], float]:
    """What fired, and passes per point."""
    rows, truth = (torch.from_numpy(part[:400]) for part in test)
    with torch.no_grad():
        standing = torch.nonzero(module(rows).argmax(1) == truth).flatten()[:POINTS]
    rows, truth = rows[standing], truth[standing]
    near = Box((rows - radius).clamp(0, 1), (rows + radius).clamp(0, 1))
    whole = Box(torch.zeros_like(rows), torch.ones_like(rows))
    passes = Passes(module)
    probe = make_probe(Problem(module, rows, truth, near, 0), whole)
    return judge(probe), passes.count / max(1, len(rows))


def masked(data: image_sets.ImageSet, seed: int) -> dict[str, nn.Module]:
    """The ten maskers, each around a network of its own."""
    rows = tuple(torch.from_numpy(part[:ROWS]) for part in data.train)
    shape = tuple(rows[0].shape[1:])
    found = {}
    for index, (name, (before, after)) in enumerate(MASKERS.items()):
        torch.manual_seed(seed + index)
        body = fitted(network("convolution", shape), rows, epochs=8, seed=seed + index)
        found[name] = Wrapped(body, before, after)
    torch.manual_seed(seed + 50)
    teacher = fitted(
        network("convolution", shape), rows, epochs=30, seed=seed, temperature=100.0
    )
    with torch.no_grad():
        soft = torch.softmax(teacher(rows[0]) / 100, 1)
    torch.manual_seed(seed + 51)
    found[DISTILLED] = fitted(
        network("convolution", shape), (rows[0], soft), epochs=30, seed=seed, temperature=100.0
    )
    return found


def honest(data: image_sets.ImageSet, seed: int, radius: float) -> dict[str, nn.Module]:
    """Twenty networks that hide nothing."""
    rows = tuple(torch.from_numpy(part[:ROWS]) for part in data.train)
    shape = tuple(rows[0].shape[1:])
    found = {}
    for index in range(20):
        kind = ("linear", "deep", "smooth", "convolution")[index % 4]
        how = ("plain", "adversarial", "weak")[index % 3]
        torch.manual_seed(seed + index)
        found[f"{index} {kind} {how}"] = fitted(
            network(kind, shape),
            rows,
            epochs={"plain": 20, "adversarial": 12, "weak": 1}[how],
            seed=seed + index,
            radius=radius if how == "adversarial" else 0.0,
        )
    return found


def main() -> None:
    """Train, judge, print."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", default="digits")
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--radius", type=float, default=0.1)
    chosen = parser.parse_args()
    data = image_sets.read(chosen.set, chosen.data)
    costs, counts = [], []
    for title, models in (
        ("masked", masked(data, chosen.seed)),
        ("honest", honest(data, chosen.seed, chosen.radius)),
    ):
        flagged = 0
        for name, module in models.items():
            start = time.process_time()
            fired, passes = judged(module, data.test, chosen.radius)
            seconds = time.process_time() - start
            costs.append(passes)
            flagged += bool(fired)
            print(f"{title} {name:24} {passes:5.0f} passes {seconds:5.2f} CPU s  ", end="")
            print("; ".join(fired) or "-", flush=True)
        counts.append((title, flagged, len(models)))
    for title, flagged, total in counts:
        print(f"{title}: flagged {flagged} of {total}")
    share = max(costs) / AUTOATTACK
    print(
        f"passes per point: at most {max(costs):.0f}, {share:.1%} of AutoAttack's {AUTOATTACK}"
    )


if __name__ == "__main__":
    main()
