"""Reference AutoAttack on one network, in the peer's own environment.

    python evasion_peer.py ARCHITECTURE WEIGHTS POINTS NORM RADIUS RESULT

The four attacks of the standard version run one after the other, each on the points that
still stand, which is what the standard version does; between them passes and CPU time are
read. A pass is one image going forward, or one going backward, counted by hooks on the
network and not by the attacks.

Source: Croce and Hein, ICML 2020 (AutoAttack), packaged as ``pyautoattack``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
import pyautoattack
import torch

import evasion_nets

SEED: Final = 0
BATCH: Final = 250
NAMES: Final = {"linf": "Linf", "l2": "L2", "l1": "L1"}


class Counter:
    """Images that went forward and backward through a network."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.forward = self.backward = 0
        module.register_forward_hook(self._went)

    def _went(self, _module: object, _given: object, answer: torch.Tensor) -> None:
        self.forward += len(answer)
        if answer.requires_grad:
            answer.register_hook(self._returned)

    def _returned(self, slope: torch.Tensor) -> None:
        self.backward += len(slope)


def main(arguments: list[str]) -> int:
    """Attack, and write what came of it."""
    architecture, weights, points, norm, radius, result = arguments
    torch.set_num_threads(1)
    module = evasion_nets.load(architecture, Path(weights))
    counter = Counter(module)
    with np.load(points) as arrays:  # noqa: TID251 - written by the benchmark a moment ago
        x, y = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"])
    attack = pyautoattack.AutoAttack(
        module, norm=NAMES[norm], eps=float(radius), seed=SEED, version="standard"
    )
    standing = torch.ones(len(x), dtype=torch.bool)
    with torch.no_grad():
        standing = module(x).argmax(1) == y
    parts = [{"name": "clean", "standing": int(standing.sum()), "forward": len(x)}]
    for name in ("apgd-ce", "apgd-t", "fab-t", "square"):
        attack.attacks_to_run = [name]
        left = standing.nonzero().flatten()
        before, start = (counter.forward, counter.backward), time.process_time()
        changed = x[left]
        if len(left):
            changed, _ = attack.run_standard_evaluation(x[left], y[left], batch_size=BATCH)
        used = time.process_time() - start
        passes = (counter.forward - before[0], counter.backward - before[1])
        with torch.no_grad():
            standing[left] = module(changed).argmax(1) == y[left]
        parts.append(
            {
                "name": name,
                "standing": int(standing.sum()),
                "forward": passes[0],
                "backward": passes[1],
                "cpu": used,
            }
        )
        print(parts[-1], flush=True)
    text = json.dumps({"parts": parts, "standing": standing.nonzero().flatten().tolist()})
    Path(result).write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
